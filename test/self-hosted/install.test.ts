import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openCluster, postgresPrograms, warnWithoutPostgres } from "../support/self-hosted/cluster.ts";
import type { Cluster } from "../support/self-hosted/cluster.ts";
import { openInstallation, runningOf } from "../support/self-hosted/installation.ts";
import type { Installation } from "../support/self-hosted/installation.ts";

warnWithoutPostgres("the installer");

describe.skipIf(postgresPrograms === null)("install.sh", () => {
  let cluster: Cluster;
  let machine: Installation;
  beforeAll(async () => {
    cluster = await openCluster();
  });
  afterAll(() => cluster.close());
  beforeEach(async () => {
    machine = await openInstallation(cluster);
    await cluster.sql("postgres", "drop database if exists tranche with (force)");
    return () => machine.close();
  });

  it("installs", async () => {
    const ran = await machine.run(["--host", "tranche.example.com"]);
    console.log(ran.output, machine.calls(), machine.read(".env"));
    expect(ran.code).toBe(0);
    expect([...(await runningOf(machine)).keys()]).toHaveLength(10);
  });
});
