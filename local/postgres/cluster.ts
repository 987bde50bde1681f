import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { binaries } from "./binaries.ts";
import { give } from "./identity.ts";
import type { Identity } from "./identity.ts";
import { launch } from "./process.ts";

export interface Cluster {
  /** Postgres' data directory. */
  data: string;
  password: string;
}

/** The one superuser of every cluster. */
export const user = "tranche";

/**
 * The cluster in `home`, made by initdb unless an earlier run has made it. Only a finished cluster gets its final name,
 * so an initdb that was cut short is done anew.
 */
export const openCluster = async (home: string, identity: Identity): Promise<Cluster> => {
  const data = join(home, "cluster");
  const passwordFile = join(home, "password");
  const finished = await stat(data).then(
    () => true,
    () => false,
  );
  if (finished) return { data, password: await readFile(passwordFile, "utf8") };

  const draft = join(home, "cluster.new");
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  await writeFile(passwordFile, password, { mode: 0o600 });
  await give([draft, passwordFile], identity);
  await initialise(draft, passwordFile, identity);
  await rename(draft, data);
  return { data, password };
};

const initialise = async (data: string, passwordFile: string, identity: Identity): Promise<void> => {
  const { initdb } = await binaries();
  const run = launch(
    [
      initdb,
      `--pgdata=${data}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-sync",
      "--no-instructions",
    ],
    identity,
  );
  const code = await run.ended;
  if (code !== 0) throw new Error(`initdb failed (${code}): ${run.output()}`);
};
