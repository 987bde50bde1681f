import { writeFileSync, rmSync, existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { booksOf, fill, migrationsOf } from "../support/self-hosted/books.ts";
import { postgresPrograms, warnWithoutPostgres } from "../support/self-hosted/cluster.ts";
import { mustEndWell, newerMigrations, runningOf } from "../support/self-hosted/installation.ts";
import type { Installation, Mishap } from "../support/self-hosted/installation.ts";
import { ran } from "../support/self-hosted/tools.ts";
import { openWorld } from "../support/self-hosted/world.ts";
import type { World } from "../support/self-hosted/world.ts";

warnWithoutPostgres("upgrades");

/** How often an upgrade is killed: a hundred times by UPGRADE_KILLS=100 in the shell, which takes minutes. */
const kills = Number(process.env["UPGRADE_KILLS"] ?? 12);

/** Small and seeded (mulberry32): the same kills in every run. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

type Kill = { readonly at: number; readonly how: Exclude<Mishap, "fail">; readonly delay: number } | { readonly afterMs: number };

/** Around each call of Docker, in the middle of each, and at any time of the whole upgrade. */
const killsOf = (calls: number, tookMs: number, count: number): readonly Kill[] => {
  const random = seeded(20_261_128);
  const all: Kill[] = [];
  for (let at = 1; at <= calls; at += 1) {
    for (const how of ["before", "after", "orphan"] as const) all.push({ at, how, delay: 0 });
  }
  while (all.length < count) {
    const delay = Math.round(random() * 400) / 1_000;
    all.push(
      all.length % 2 === 0 ? { at: 1 + Math.floor(random() * calls), how: "during", delay } : { afterMs: Math.round(random() * tookMs) },
    );
  }
  return all.slice(0, count);
};

describe.skipIf(postgresPrograms === null)("install.sh upgrade", () => {
  let world: World;
  let machine: Installation;
  let restoreFiles: () => Promise<void>;
  let books: string;
  let before: number;

  /** The old version with customers in it; the new one is checked out. */
  beforeAll(async () => {
    world = await openWorld();
    machine = await world.machine();
    machine.checkOut("old");
    mustEndWell(await machine.run(["--host", "tranche.example.com"]));
    await fill(world.cluster, machine.env().get("SECRETS_KEY") ?? "");
    books = await booksOf(world.cluster);
    before = await migrationsOf(world.cluster);
    machine.checkOut("new");
    machine.calm();
    restoreFiles = await machine.keep();
    await world.cluster.sql("postgres", "create database kept_old template tranche");
  });
  afterAll(() => world.close());

  const reset = async () => {
    await world.clear();
    await restoreFiles();
    machine.checkOut("new");
    await world.cluster.sql("postgres", "create database tranche template kept_old owner tranche");
  };
  beforeEach(reset);

  const expectUpgraded = async (hint: string) => {
    expect(await booksOf(world.cluster), hint).toBe(books);
    expect(await migrationsOf(world.cluster), hint).toBe(before + newerMigrations);
    expect(new Set((await runningOf(machine)).values()), hint).toEqual(new Set(["", "new"]));
    expect(existsSync(join(machine.folder, ".state", "upgrade")), hint).toBe(false);
  };

  /** That a dump of before the upgrade is there, and whole: with the migrations of then. */
  const expectDump = (hint: string) => {
    const dumps = machine.dumps().filter((name) => name.startsWith("before-upgrade-") && name.endsWith(".dump"));
    expect(dumps.length, hint).toBeGreaterThan(0);
    const found = dumps.map((dump) => {
      const args = ["-a", "-t", "__drizzle_migrations", "-f", "-", join(machine.folder, "backups", dump)];
      const { code, output } = ran(join(world.cluster.programs, "pg_restore"), args);
      expect(code, hint).toBe(0);
      return output.split("\n").filter((line) => /^\d+\t[0-9a-f]{64}\t/.test(line)).length;
    });
    // A second upgrade, of one that was done, adds one of after it.
    expect(found, hint).toContain(before);
  };

  it("makes a backup, then builds, migrates, starts and looks whether it is well", async () => {
    const { code, output } = await machine.run(["upgrade"]);
    expect(code, output).toBe(0);
    await expectUpgraded(output);
    expectDump(output);
    const steps = machine.calls().map((call) => call.replace(/^\d+ (compose )?/, ""));
    const order = [
      "run --rm --no-deps -T backup once",
      "build --pull",
      "run --rm --no-deps -T migrate",
      "up -d --remove-orphans",
      "exec -T api wget",
    ];
    const places = order.map((step) => steps.findIndex((call) => call.startsWith(step)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    // Where there is no new version, it is the same again: a backup more, and nothing lost.
    const again = await machine.run(["upgrade"]);
    expect(again.code, again.output).toBe(0);
    await expectUpgraded(again.output);
  });

  it("stops what nothing is installed of, and what another command has begun", async () => {
    rmSync(join(machine.folder, ".env"));
    expect(await machine.run(["upgrade"])).toMatchObject({ code: 1, output: expect.stringContaining("nothing is installed here") });
    await reset();
    writeFileSync(join(machine.folder, ".state", "restore"), "file=backups/x.dump\n");
    expect(await machine.run(["upgrade"])).toMatchObject({
      code: 1,
      output: expect.stringContaining("./install.sh restore backups/x.dump goes on with it"),
    });
  });

  it("replaces nothing by what would not start with the settings that there are", async () => {
    const env = machine.read(".env");
    writeFileSync(join(machine.folder, ".env"), env.replace(/^CRON_SECRET=.*$/m, "CRON_SECRET=short"));
    const { code, output } = await machine.run(["upgrade"]);
    expect(code, output).toBe(1);
    expect(output).toContain("CRON_SECRET must have at least 16 characters");
    expect(output).toContain("this version does not start with the settings of .env");
    expect((await runningOf(machine)).get("api")).toBe("old");
    writeFileSync(join(machine.folder, ".env"), env);
    const again = await machine.run(["upgrade"]);
    expect(again.code, again.output).toBe(0);
    await expectUpgraded(again.output);
  });

  it("adds variables that the new version needs, and says which", async () => {
    const env = machine.read(".env").replace(/^WAU_READ_TOKEN=.*\n/m, "");
    writeFileSync(join(machine.folder, ".env"), env);
    const { code, output } = await machine.run(["upgrade"]);
    expect(code, output).toBe(0);
    expect(output).toContain(".env lacked, and has now: WAU_READ_TOKEN\n");
    expect(machine.read(".env").startsWith(env)).toBe(true);
  });

  it("does not begin an empty database beside one of another major version", async () => {
    const { code, output } = await machine.run(["upgrade"], { STUB_SERVER_VERSION: "170010" });
    expect(code).toBe(1);
    expect(output).toContain("PostgreSQL 17 has the data, and this version of tranche comes with PostgreSQL 18");
    expect((await runningOf(machine)).get("api")).toContain("old");
    expect(await migrationsOf(world.cluster)).toBe(before);
  });

  it("does nothing without a backup: where the disk is full everything runs as before", async () => {
    machine.program("pg_dump", 'echo "pg_dump: error: could not write to output file: No space left on device" >&2; exit 1');
    const { code, output } = await machine.run(["upgrade"]);
    rmSync(join(machine.folder, "..", "..", "bin", "pg_dump"));
    expect(code).toBe(1);
    expect(output).toContain("no backup was made, and nothing was changed");
    expect(machine.dumps()).toEqual([]);
    expect(await migrationsOf(world.cluster)).toBe(before);
    expect([...(await runningOf(machine)).values()]).not.toContain("new");
    expect((await machine.run(["upgrade"])).code).toBe(0);
  });

  it("keeps no dump that can not be read back", async () => {
    machine.program("pg_dump", 'for last; do :; done; while [ "$1" != -f ]; do shift; done; echo "half a dump" >"$2"');
    const { code, output } = await machine.run(["upgrade"]);
    rmSync(join(machine.folder, "..", "..", "bin", "pg_dump"));
    expect(code).toBe(1);
    expect(output).toContain("could not be read back, and is not kept");
    expect(machine.dumps()).toEqual([]);
  });

  it("says how to go on and how to go back where the new version does not get well", async () => {
    writeFileSync(join(machine.stub, "sick-rounds"), "");
    const { code, output } = await machine.run(["upgrade"]);
    expect(code).toBe(1);
    expect(output).toMatch(
      /\(not healthy: rounds\); \.\/install\.sh compose logs rounds says why.*To go back: check the sources of the version before out again.* --yes/,
    );
    expect(output).toMatch(/restore backups\/before-upgrade-\w+\.dump/);
    const [dump] = machine.dumps();
    expect(await machine.run()).toMatchObject({ code: 1, output: expect.stringContaining("./install.sh upgrade goes on with it") });
    expect(await machine.run(["status"])).toMatchObject({ code: 1, output: expect.stringContaining("upgrade: begun and not finished") });
    rmSync(join(machine.stub, "sick-rounds"));
    const again = await machine.run(["upgrade"]);
    expect(again.code, again.output).toBe(0);
    expect(again.output).toContain("interrupted after: migrate");
    expect(machine.dumps()).toEqual([dump]);
    await expectUpgraded(again.output);
  });

  it("goes back to the old sources with the database of before", async () => {
    writeFileSync(join(machine.stub, "sick-rounds"), "");
    expect((await machine.run(["upgrade"])).code).toBe(1);
    rmSync(join(machine.stub, "sick-rounds"));
    machine.checkOut("old");
    // The older program does not take the newer schema for its own.
    expect(await machine.run(["upgrade"])).toMatchObject({
      code: 1,
      output: expect.stringContaining("the database schema is not at the expected migration"),
    });
    const [dump = ""] = machine.dumps();
    const { code, output } = await machine.run(["restore", `backups/${dump}`, "--yes"]);
    expect(code, output).toBe(0);
    expect((await runningOf(machine)).get("api")).toBe("old");
    expect([await booksOf(world.cluster), await migrationsOf(world.cluster)]).toEqual([books, before]);
    expect(await machine.run()).toMatchObject({ code: 0 });
  });

  it("fails at each step with a way on, and is whole after it was run again", async () => {
    expect((await machine.run(["upgrade"])).code).toBe(0);
    const steps = machine.calls().length;
    for (let at = 1; at <= steps; at += 1) {
      await reset();
      machine.plan(at, "fail");
      const first = await machine.run(["upgrade"]);
      const hint = `${machine.calls().at(at - 1)}\n${first.output}`;
      machine.calm();
      if (first.code !== 0) expect(first.output, hint).toMatch(/\nstopped: /);
      expect(await booksOf(world.cluster), hint).toBe(books);
      const second = await machine.run(["upgrade"]);
      expect(second.code, `${hint}\n${second.output}`).toBe(0);
      await expectUpgraded(hint);
      expectDump(hint);
    }
  });

  it(`is killed ${kills} times, and runs afterwards`, async () => {
    const env = machine.read(".env");
    const began = performance.now();
    expect((await machine.run(["upgrade"])).code).toBe(0);
    const took = performance.now() - began;
    const calls = machine.calls().length;
    let interrupted = 0;
    for (const [number, kill] of killsOf(calls, took, kills).entries()) {
      await reset();
      if ("at" in kill) machine.plan(kill.at, kill.how, kill.delay);
      const first = await machine.run(["upgrade"], {}, "at" in kill ? undefined : kill.afterMs);
      const hint = `kill ${number}: ${JSON.stringify(kill)}, ${machine.calls().at(-1)}\n${first.output}`;
      machine.calm();
      if (first.code === "SIGKILL") interrupted += 1;
      // What was there is there, wherever it was cut off.
      expect(await booksOf(world.cluster), hint).toBe(books);
      expect(machine.read(".env"), hint).toBe(env);
      let last = await machine.run(["upgrade"]);
      // Behind the back of the new one the old one's call may still be at work: then the new one stops with a way on.
      for (let tries = 0; last.code !== 0 && tries < 5; tries += 1) {
        expect(last.output, hint).toMatch(/\nstopped: .*([Rr]un|upgrade)/);
        await sleep(300);
        last = await machine.run(["upgrade"]);
      }
      expect(last.code, `${hint}\n---\n${last.output}`).toBe(0);
      await expectUpgraded(`${hint}\n---\n${last.output}`);
      expectDump(`${hint}\n---\n${last.output}`);
      expect(machine.read(".env"), hint).toBe(env);
    }
    // Those that were to be killed were: the rest came after the end of a quicker run.
    expect(interrupted).toBeGreaterThan(kills * 0.8);
  });
});
