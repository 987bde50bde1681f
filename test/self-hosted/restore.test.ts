import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { booksOf, fill, migrationsOf, opened } from "../support/self-hosted/books.ts";
import { postgresPrograms, warnWithoutPostgres } from "../support/self-hosted/cluster.ts";
import { mustEndWell, newerMigrations, runningOf } from "../support/self-hosted/installation.ts";
import type { Installation } from "../support/self-hosted/installation.ts";
import { openWorld } from "../support/self-hosted/world.ts";
import type { World } from "../support/self-hosted/world.ts";

warnWithoutPostgres("backup and restore");

describe.skipIf(postgresPrograms === null)("backup and restore", () => {
  let world: World;
  /** What a machine that is gone now has left: a dump of the old version, its .env, and what was in it. */
  let dump: string;
  let env: string;
  let key: string;
  let books: string;
  let before: number;
  let said: string;

  beforeAll(async () => {
    world = await openWorld();
    const machine = await world.machine();
    machine.checkOut("old");
    mustEndWell(await machine.run(["--host", "tranche.example.com"]));
    key = machine.env().get("SECRETS_KEY") ?? "";
    await fill(world.cluster, key);
    [books, before] = [await booksOf(world.cluster), await migrationsOf(world.cluster)];
    said = mustEndWell(await machine.run(["backup"])).output;
    env = machine.read(".env");
    dump = join(machine.folder, "backups", machine.dumps()[0] ?? "");
  });
  afterAll(() => world.close());

  /** Another machine, with the .env of the one that is gone. */
  const another = async (text = env): Promise<Installation> => {
    const machine = await world.machine();
    if (text !== "") writeFileSync(join(machine.folder, ".env"), text, { mode: 0o600 });
    return machine;
  };

  const lines = (calls: readonly string[]) => calls.map((call) => call.replace(/^\d+ /, ""));

  it("says what a backup has, and what has to be kept apart from it", () => {
    expect(said).toMatch(/manual-\w+\.dump: \d+ bytes, read back/);
    expect(said).toContain(".env, with the keys: keep a copy of it elsewhere");
    expect(said).toContain("volume tranche_archive");
    const whole = readFileSync(dump, "latin1");
    for (const [, secret = ""] of env.matchAll(/^(?:SECRETS_KEY|EVIDENCE_SIGNING_KEY|POSTGRES_PASSWORD|ADMIN_TOKEN)=(.*)$/gm))
      expect(whole).not.toContain(secret);
    expect((statSync(dump).mode & 0o777).toString(8)).toBe("600");
  });

  it("puts everything onto another machine, of a newer version at that, where the key opens it", async () => {
    const machine = await another();
    const { code, output } = await machine.run(["restore", dump]);
    expect(code, output).toBe(0);
    expect(output).toContain("the keys of .env open what is sealed in it");
    expect(output).not.toContain("sign in as");
    expect(await booksOf(world.cluster)).toBe(books);
    expect(await migrationsOf(world.cluster)).toBe(before + newerMigrations);
    expect(await opened(world.cluster, key)).toMatch(/^token of \d+$/);
    expect((await runningOf(machine)).get("api")).toBe("new");
    expect(existsSync(join(machine.folder, ".state", "restore"))).toBe(false);
    // The application's role is there with its grants, although the dump came before it.
    const [may] = await world.cluster.sql<{ may: boolean }>(
      "tranche",
      "select has_table_privilege('tranche_server', 'customers', 'select') as may",
    );
    expect(may).toEqual({ may: true });
    // And an install goes on with it, without another first login.
    const again = await machine.run();
    expect(again.code, again.output).toBe(0);
    expect(again.output).not.toContain("sign in as");
  });

  describe("with another key", () => {
    const otherKey = randomBytes(32).toString("base64");
    const wrong = () => env.replace(`SECRETS_KEY=${key}`, `SECRETS_KEY=${otherKey}`);

    it("says so plainly before anything is started or replaced", async () => {
      const machine = await another(wrong());
      const { code, output } = await machine.run(["restore", dump]);
      expect(code).toBe(1);
      expect(output).toMatch(
        /stopped: wrong key: credentials in this dump are sealed with key [0-9a-f]{8}, and .env has key\(s\) [0-9a-f]{8} /,
      );
      expect(output).toContain("Nothing was replaced, and no service was started");
      expect([...(await runningOf(machine)).keys()]).toEqual(["postgres"]);
      expect(lines(machine.calls()).filter((call) => /migrate|up -d --remove-orphans| stop /.test(call))).toEqual([]);
      const found = await world.cluster.sql<{ datname: string }>(
        "postgres",
        "select datname from pg_database where datname like 'tranche%'",
      );
      expect(found).toEqual([{ datname: "tranche" }]);
      // With the right one it goes on.
      writeFileSync(join(machine.folder, ".env"), env);
      expect((await machine.run(["restore", dump])).code).toBe(0);
      expect(await booksOf(world.cluster)).toBe(books);
    });

    it("does it where the one before is among the previous keys", async () => {
      const machine = await another(`${wrong()}\nSECRETS_KEY_PREVIOUS=${randomBytes(32).toString("base64")},${key}\n`);
      const { code, output } = await machine.run(["restore", dump]);
      expect(code, output).toBe(0);
    });

    it("does the rest where the key is lost, and says what has to be entered again", async () => {
      const machine = await another(wrong());
      const { code, output } = await machine.run(["restore", dump, "--accept-unreadable"]);
      expect(code, output).toBe(0);
      expect(output).toContain("are removed: customers enter theirs again");
      expect(await booksOf(world.cluster)).toBe(books);
      expect(await world.cluster.sql("tranche", "select from cdn_accounts where deleted_at is null")).toEqual([]);
      // What is entered from then on is sealed with the key that there is.
      expect((await machine.run()).code).toBe(0);
    });

    it("does not mind what was sealed with a key that is gone, and is deleted", async () => {
      const machine = await another();
      expect((await machine.run(["restore", dump])).code).toBe(0);
      await world.cluster.sql("tranche", "update cdn_accounts set deleted_at = now()");
      expect((await machine.run(["backup"])).code).toBe(0);
      const made = join(machine.folder, "backups", machine.dumps().findLast((name) => name !== dump.split("/").at(-1)) ?? "");
      cpSync(made, join(machine.stub, "all-deleted.dump"));
      const { code, output } = await (await another(wrong())).run(["restore", join(machine.stub, "all-deleted.dump")]);
      expect(code, output).toBe(0);
    });
  });

  it("needs the .env that belongs to the dump", async () => {
    expect(await (await another("")).run(["restore", dump])).toMatchObject({
      code: 1,
      output: expect.stringContaining("a restore needs that of the machine which the dump is from"),
    });
    const without = env.replace(/^SECRETS_KEY=.*\n/m, "");
    expect(await (await another(without)).run(["restore", dump])).toMatchObject({
      code: 1,
      output: expect.stringContaining(".env lacks SECRETS_KEY"),
    });
  });

  it.each([
    ["cut", (path: string) => truncateSync(path, Math.round(statSync(path).size * 0.6))],
    [
      "damaged in the middle",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 4_096);
        writeFileSync(path, bytes);
      },
    ],
    ["no dump at all", (path: string) => writeFileSync(path, "not a dump")],
    ["empty", (path: string) => writeFileSync(path, "")],
  ])("takes no dump that is %s", async (_, spoil) => {
    const machine = await another();
    const spoilt = join(machine.stub, "spoilt.dump");
    cpSync(dump, spoilt);
    spoil(spoilt);
    const { code, output } = await machine.run(["restore", spoilt]);
    expect(code, output).toBe(1);
    expect(output).toContain("can not be restored: it is cut or damaged");
    expect(output).toContain("Nothing was changed");
    expect([...(await runningOf(machine)).keys()]).toEqual(["postgres"]);
  });

  it("takes no name that leads elsewhere", async () => {
    const machine = await another();
    const odd = join(machine.stub, "a b;$(id).dump");
    cpSync(dump, odd);
    expect(await machine.run(["restore", odd])).toMatchObject({
      code: 1,
      output: expect.stringContaining("the name of a dump is letters, digits"),
    });
  });

  it("replaces a database in use only where it was said, and keeps it", async () => {
    const machine = await another(env.replace("example.com", "example.org"));
    const installed = await machine.run();
    expect(installed.code, installed.output).toBe(0);
    await world.cluster.sql("tranche", "insert into customers (name) values ('only here')");
    const here = await world.cluster.sql("tranche", "select name from customers");
    expect(await machine.run(["restore", dump])).toMatchObject({ code: 1, output: expect.stringContaining("say so with --yes") });
    expect(await world.cluster.sql("tranche", "select name from customers")).toEqual(here);
    const { code, output } = await machine.run(["restore", dump, "--yes"]);
    expect(code, output).toBe(0);
    expect(await booksOf(world.cluster)).toBe(books);
    const [, kept = ""] = /the database of before is kept as (tranche_before_\d{14})/.exec(output) ?? [];
    expect(await world.cluster.sql(kept, "select name from customers")).toEqual(here);
  });

  it("is killed around every call, and brings everything when it is run again", async () => {
    let machine = await another();
    expect((await machine.run(["restore", dump])).code).toBe(0);
    const calls = machine.calls().length;
    for (let at = 1; at <= calls; at += 1) {
      for (const how of ["before", "after"] as const) {
        machine = await another();
        machine.plan(at, how);
        const first = await machine.run(["restore", dump]);
        const hint = `${how} ${machine.calls().at(-1)}\n${first.output}`;
        machine.calm();
        // Where it was killed after its last call, it is done.
        const second = existsSync(join(machine.folder, ".state", "first-login")) ? first : await machine.run(["restore", dump]);
        expect(second === first || second.code === 0, `${hint}\n---\n${second.output}`).toBe(true);
        expect(await booksOf(world.cluster), hint).toBe(books);
        expect((await runningOf(machine)).get("billing"), hint).toBe("new");
        expect(existsSync(join(machine.folder, ".state", "restore")), hint).toBe(false);
        await machine.close();
      }
    }
  });

  it("is interrupted after the swap, and goes on: what was written since stays, and what was there before is kept once", async () => {
    const used = async (): Promise<Installation> => {
      const machine = await another(env.replace("example.com", "example.org"));
      mustEndWell(await machine.run());
      await world.cluster.sql("tranche", "insert into customers (name) values ('only before')");
      machine.calm();
      return machine;
    };
    const undisturbed = await used();
    mustEndWell(await undisturbed.run(["restore", dump, "--yes"]));
    const swap = lines(undisturbed.calls()).findIndex((call) => call.includes("swap tranche_restored")) + 1;
    expect(swap).toBeGreaterThan(0);
    const machine = await used();
    machine.plan(swap, "after");
    expect((await machine.run(["restore", dump, "--yes"])).code).not.toBe(0);
    machine.calm();
    await world.cluster.sql("tranche", "insert into customers (name) values ('written since')");
    const { code, output } = await machine.run(["restore", dump]);
    expect(code, output).toBe(0);
    const names = async (database: string) =>
      (await world.cluster.sql<{ name: string }>(database, "select name from customers")).map(({ name }) => name);
    expect(await names("tranche")).toContain("written since");
    const [, kept = ""] = /the database of before is kept as (tranche_before_\d{14})/.exec(output) ?? [];
    expect(await names(kept)).toEqual(["only before"]);
    expect(await world.cluster.sql("postgres", "select from pg_database where datname like 'tranche_before_%'")).toHaveLength(1);
  });

  describe("what an interruption leaves", () => {
    const names = async (database: string): Promise<readonly string[]> =>
      (await world.cluster.sql<{ name: string }>(database, "select name from customers order by id")).map(({ name }) => name);
    const kept = (output: string): readonly string[] =>
      [...output.matchAll(/is kept as (tranche_before_\d{14})/g)].map(([, name = ""]) => name);
    let swap: number;
    beforeAll(async () => {
      const { machine } = await used();
      mustEndWell(await machine.run(["restore", dump, "--yes"]));
      swap = lines(machine.calls()).findIndex((call) => call.includes("swap tranche_restored")) + 1;
      if (swap === 0) throw new Error("nothing was swapped");
    });
    /** A machine with a database of its own, and a dump of another one. */
    const used = async (): Promise<{ machine: Installation; other: string }> => {
      const machine = await another(env.replace("example.com", "example.org"));
      mustEndWell(await machine.run(["restore", dump]));
      await world.cluster.sql("tranche", "insert into customers (name) values ('only here')");
      mustEndWell(await machine.run(["backup"]));
      const other = join(machine.stub, "other.dump");
      cpSync(
        join(machine.folder, "backups", machine.dumps().find((name) => name.startsWith("manual-") && name !== basename(dump)) ?? ""),
        other,
      );
      machine.calm();
      return { machine, other };
    };

    it("another dump of the same name, of this installation, is not overwritten", async () => {
      const { machine } = await used();
      const own = join(machine.folder, "backups", basename(dump));
      const whole = readFileSync(own);
      const strange = join(machine.stub, basename(dump));
      writeFileSync(strange, "not a dump");
      const { code, output } = await machine.run(["restore", strange, "--yes"]);
      expect([code, output]).toEqual([1, expect.stringContaining("has another dump of that name")]);
      expect(readFileSync(own).equals(whole)).toBe(true);
    });

    it("another file under the same path is another dump, and every database of before is named", async () => {
      const { machine, other } = await used();
      const path = join(machine.stub, "x.dump");
      cpSync(dump, path);
      machine.plan(swap, "after");
      expect((await machine.run(["restore", path, "--yes"])).code).not.toBe(0);
      machine.calm();
      rmSync(join(machine.folder, "backups", "x.dump"));
      cpSync(other, path);
      // The names are of seconds.
      await sleep(1_100);
      const { code, output } = await machine.run(["restore", path, "--yes"]);
      expect(code, output).toBe(0);
      expect(await names("tranche")).toContain("only here");
      expect(kept(output)).toHaveLength(2);
      expect(await names(kept(output)[0] ?? "")).toContain("only here");
    });

    it("a database that was loaded and is gone was not put in the place of the other", async () => {
      const { machine } = await used();
      machine.plan(swap, "before");
      expect((await machine.run(["restore", dump, "--yes"])).code).not.toBe(0);
      machine.calm();
      await world.cluster.sql("postgres", "drop database tranche_restored");
      const { code, output } = await machine.run(["restore", dump, "--yes"]);
      expect(code, output).toBe(0);
      expect(await booksOf(world.cluster)).toBe(books);
    });

    it("the copy is enough where the file is gone, by whichever name", async () => {
      const { machine, other } = await used();
      const stick = join(machine.stub, "stick.dump");
      cpSync(dump, stick);
      machine.plan(swap, "after");
      expect((await machine.run(["restore", stick, "--yes"])).code).not.toBe(0);
      machine.calm();
      rmSync(stick);
      expect((await machine.run(["upgrade"])).output).toContain("./install.sh restore backups/stick.dump goes on with it");
      const { code, output } = await machine.run(["restore", stick]);
      expect(code, output).toBe(0);
      expect(await booksOf(world.cluster)).toBe(books);
      expect(kept(output)).toHaveLength(1);
      expect(await names(kept(output)[0] ?? "")).toContain("only here");
      expect(existsSync(other)).toBe(true);
    });

    it("a swap that goes on behind its back keeps the database of before under the name that is told", async () => {
      const { machine } = await used();
      machine.program(
        "psql",
        `case "$*" in *"rename to"*) if mkdir ${machine.stub}/slow 2>/dev/null; then sleep 1.2; fi ;; esac\nexec ${world.cluster.programs}/psql "$@"`,
      );
      machine.plan(swap, "orphan");
      expect((await machine.run(["restore", dump, "--yes"])).code).toBe("SIGKILL");
      machine.calm();
      const second = await machine.run(["restore", dump, "--yes"]);
      expect([second.code, second.output]).toEqual([1, expect.stringContaining("run the same command again when that has ended")]);
      await sleep(2_000);
      const { code, output } = await machine.run(["restore", dump, "--yes"]);
      expect(code, output).toBe(0);
      expect(kept(output)).toHaveLength(1);
      expect(await names(kept(output)[0] ?? "")).toContain("only here");
      expect(await booksOf(world.cluster)).toBe(books);
    });

    it("beside a lock of one that was killed one at a time goes in", async () => {
      const { machine } = await used();
      for (let time = 0; time < 10; time += 1) {
        mkdirSync(join(machine.folder, ".state", "lock"), { recursive: true });
        writeFileSync(join(machine.folder, ".state", "lock", "pid"), "4194304");
        const ran = await Promise.all([1, 2, 3].map(() => machine.run(["backup"])));
        expect(ran.filter(({ code }) => code === 0).length, ran.map(({ output }) => output).join("---")).toBe(1);
      }
    });
  });

  it("finds every sealed column of the schema, and each seal in it", async () => {
    const machine = await another();
    expect((await machine.run(["restore", dump])).code).toBe(0);
    // database.sh finds them by "sealed", and by the column that says what was deleted.
    const columns = await world.cluster.sql<{ name: string }>(
      "tranche",
      "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public' and column_name like '%seal%' order by 1",
    );
    // A later one counts without a change of database.sh, as long as its name begins so.
    expect(columns.filter(({ name }) => !/\.sealed_/.test(name))).toEqual([]);
    const deletable = await world.cluster.sql<{ name: string }>(
      "tranche",
      "select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'deleted_at'",
    );
    expect(columns.filter(({ name }) => !deletable.some((table) => name.startsWith(`${table.name}.`)))).toEqual([]);
    expect(columns.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "cdn_accounts.sealed_token",
        "dns_accounts.sealed_secret",
        "channels.sealed_secret",
        "cost_accounts.sealed_secret",
      ]),
    );
  });
});

describe.skipIf(postgresPrograms === null)("the container of backups", () => {
  let world: World;
  let machine: Installation;
  beforeAll(async () => {
    world = await openWorld();
    machine = await world.machine();
    mustEndWell(await machine.run(["--host", "tranche.example.com"]));
  });
  afterAll(() => world.close());

  /** database.sh as the container runs it. */
  const inside = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { spawn } = await import("node:child_process");
    return await new Promise<{ code: number | null; output: string }>((done) => {
      const child = spawn("/bin/sh", [join(machine.folder, "database.sh"), ...args], {
        env: {
          PATH: `${join(machine.folder, "..", "..", "bin")}:${world.cluster.programs}:/usr/bin:/bin`,
          PGHOST: "127.0.0.1",
          PGPORT: String(world.cluster.port),
          PGUSER: "tranche",
          PGDATABASE: "tranche",
          PGPASSWORD: machine.env().get("POSTGRES_PASSWORD") ?? "",
          BACKUP_FOLDER: join(machine.folder, "backups"),
          ...env,
        },
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.once("close", (code) => done({ code, output }));
    });
  };

  it("keeps the newest of the nights, and every dump by hand", async () => {
    expect((await machine.run(["backup"])).code).toBe(0);
    const byHand = machine.dumps();
    // A night takes no time here; after the fifth the container is stopped.
    machine.program(
      "sleep",
      'n=$(cat "$0.n" 2>/dev/null || echo 0); n=$((n + 1)); echo "$n" >"$0.n"; [ "$n" -le 5 ] || kill -TERM "$PPID"; exec /bin/sleep 1.1',
    );
    const { output } = await inside(["nightly"], { BACKUPS_KEPT: "3" });
    expect(output.match(/nightly-\w+\.dump: \d+ bytes, read back/g)).toHaveLength(5);
    expect(output.match(/removed, 3 newer ones are kept/g)).toHaveLength(2);
    expect(machine.dumps().filter((name) => name.startsWith("nightly-"))).toHaveLength(3);
    expect(machine.dumps()).toEqual(expect.arrayContaining([...byHand]));
    expect((await inside(["recent"])).code).toBe(0);
    rmSync(join(machine.folder, "..", "..", "bin", "sleep"));
  });

  it("removes nothing in a night without a dump", async () => {
    const before = machine.dumps();
    machine.program("sleep", '[ -e "$0.n" ] && kill -TERM "$PPID"; : >"$0.n"; exec /bin/sleep 0.2');
    rmSync(join(machine.folder, "..", "..", "bin", "sleep.n"), { force: true });
    const { output } = await inside(["nightly"], { BACKUPS_KEPT: "1", PGPASSWORD: "wrong" });
    expect(output).toContain("this night has no dump");
    expect(machine.dumps()).toEqual(before);
    rmSync(join(machine.folder, "..", "..", "bin", "sleep"));
  });

  it("is not well without a dump of the last day and a half", async () => {
    const { execFileSync } = await import("node:child_process");
    for (const name of machine.dumps()) execFileSync("touch", ["-d", "2 days ago", join(machine.folder, "backups", name)]);
    expect(await inside(["recent"])).toEqual({ code: 1, output: "database: no dump of the last 36 hours\n" });
  });

  it.each([
    [["nightly"], { BACKUPS_KEPT: "0" }, "BACKUPS_KEPT is a number"],
    [["nightly"], { BACKUP_HOUR: "24" }, "BACKUP_HOUR is an hour"],
    [["nightly"], { BACKUP_HOUR: "08" }, "BACKUP_HOUR is an hour"],
    [["once", "../x"], {}, "the name of a dump"],
    [["once"], {}, "once takes one argument"],
    [["load", "x.dump", "a;drop"], {}, "the name of a database"],
    [["load", "none.dump", "x"], {}, "there is no none.dump"],
    [["drop", "tranche"], {}, "tranche is in use"],
    [["swap", "nowhere", "x"], {}, "there is no database nowhere"],
    [["dance"], {}, "what?"],
  ] as const)("refuses %j", async (args, env, why) => {
    const { code, output } = await inside(args, env);
    expect(code).toBe(1);
    expect(output).toContain(why);
  });

  it("waits until the hour that was asked for", async () => {
    machine.program("sleep", 'echo "$1" >"$0.asked"; kill -TERM "$PPID"');
    for (const hour of ["0", "2", "9", "23"]) {
      await inside(["nightly"], { BACKUP_HOUR: hour });
      const asked = Number(readFileSync(join(machine.folder, "..", "..", "bin", "sleep.asked"), "utf8"));
      const at = new Date(Date.now() + asked * 1_000);
      expect(asked).toBeGreaterThan(0);
      expect(asked).toBeLessThanOrEqual(86_400);
      // To the second, but for what the shell took.
      expect(Math.abs((at.getTime() % 86_400_000) / 1_000 - Number(hour) * 3_600) % 86_395).toBeLessThan(5);
    }
    rmSync(join(machine.folder, "..", "..", "bin", "sleep"));
  });
});
