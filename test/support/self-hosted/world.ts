import { openCluster } from "./cluster.ts";
import type { Cluster } from "./cluster.ts";
import { openInstallation, openVersions } from "./installation.ts";
import type { Installation } from "./installation.ts";

/** A server of PostgreSQL, and machines one after the other that have it to themselves. */
export type World = {
  readonly cluster: Cluster;
  /** A machine with nothing on it, and no database. */
  readonly machine: () => Promise<Installation>;
  /** Removes every database of tranche, so that the server is as that of a new volume. */
  readonly clear: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export const openWorld = async (): Promise<World> => {
  const cluster = await openCluster();
  const versions = await openVersions();
  const machines: Installation[] = [];
  const clear = async () => {
    const found = await cluster.sql<{ datname: string }>("postgres", "select datname from pg_database where datname like 'tranche%'");
    for (const { datname } of found) await cluster.sql("postgres", `drop database ${datname} with (force)`);
  };
  return {
    cluster,
    clear,
    machine: async () => {
      await clear();
      const machine = await openInstallation(cluster, versions);
      machines.push(machine);
      return machine;
    },
    close: async () => {
      for (const machine of machines) await machine.close();
      await versions.close();
      await cluster.close();
    },
  };
};
