import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../../src/config.ts";
import { postgresPrograms, warnWithoutPostgres } from "../support/self-hosted/cluster.ts";
import { runningOf } from "../support/self-hosted/installation.ts";
import type { Installation, Ran } from "../support/self-hosted/installation.ts";
import { openWorld } from "../support/self-hosted/world.ts";
import type { World } from "../support/self-hosted/world.ts";

warnWithoutPostgres("the installer");

const name = ["--host", "tranche.example.com"] as const;
const everything = ["api", "backup", "billing", "caddy", "dashboard", "ingestion", "postgres", "rounds", "scorer", "zombie-hunter"];
const bound = ["POSTGRES_PASSWORD", "SECRETS_KEY", "EVIDENCE_SIGNING_KEY"];

/** That it ended well, or what it said. */
const expectDone = ({ code, output }: Ran) => expect(code, output).toBe(0);

const expectStopped = ({ code, output }: Ran, why: string | RegExp) => {
  expect(code, output).toBe(1);
  expect(output).toContain("\nstopped: ");
  expect(output).toMatch(why);
};

describe.skipIf(postgresPrograms === null)("install.sh", () => {
  let world: World;
  let machine: Installation;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    machine = await world.machine();
  });

  const isUp = async () => expect([...(await runningOf(machine)).keys()].toSorted()).toEqual(everything);

  describe("on a new machine", () => {
    it("makes every secret, starts everything, and shows the address and the first login", async () => {
      const ran = await machine.run(name);
      expectDone(ran);
      await isUp();
      expect(ran.output).toContain("console: https://tranche.example.com/console");
      expect(ran.output.split("sign in as admin@example.com")).toHaveLength(2);
      expect(ran.output).toContain("one machine is one point of view");
      const env = machine.env();
      expect(env.get("TRANCHE_HOST")).toBe("tranche.example.com");
      for (const secret of [
        "ADMIN_TOKEN",
        "AUTH_JWT_SECRET",
        "CRON_SECRET",
        "METRICS_TOKEN",
        "WAU_READ_TOKEN",
        "APP_DATABASE_PASSWORD",
        "POSTGRES_PASSWORD",
      ]) {
        expect(env.get(secret), secret).toMatch(/^[0-9a-f]{64}$/);
      }
      for (const secret of ["SECRETS_KEY", "EVIDENCE_SIGNING_KEY"]) expect(env.get(secret), secret).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(new Set(env.values()).size).toBe(env.size);
      // The application takes them: strong, long enough, all different.
      const { secretsKeys } = parseConfig({
        ...Object.fromEntries(env),
        PROVIDER: "vercel",
        DATABASE_URL: `postgresql://u:${env.get("APP_DATABASE_PASSWORD")}@h/d`,
      });
      expect(secretsKeys).toHaveLength(1);
      // No secret is said aloud.
      for (const [variable, value] of env) if (/PASSWORD|TOKEN|SECRET|KEY/.test(variable)) expect(ran.output).not.toContain(value);
    });

    it("gives the first login the address that was given, as mail reaches that", async () => {
      const ran = await machine.run([...name, "--email", "ops@example.com"]);
      expectDone(ran);
      expect(machine.env().get("ACME_EMAIL")).toBe("ops@example.com");
      expect(ran.output).toContain("sign in as ops@example.com with");
    });

    it("lets nobody else read what it makes", async () => {
      expectDone(await machine.run(name));
      const mode = (path: string) => (statSync(join(machine.folder, path)).mode & 0o777).toString(8);
      expect([mode(".env"), mode("backups"), mode(".state")]).toEqual(["600", "700", "700"]);
      // What containers read as somebody else.
      expect([mode("database.sh"), mode("Caddyfile"), mode("certs/ca")].map((text) => text.at(-1))).not.toContain("0");
    });

    it("asks for a name where there is nobody to answer", async () => {
      expectStopped(await machine.run(), "./install.sh --host tranche.example.com");
      expect(machine.read(".env")).toBe("");
    });

    it("takes the name of the environment, and nothing else of it", async () => {
      expectDone(await machine.run([], { TRANCHE_HOST: "env.example.com", AWS_SECRET_ACCESS_KEY: "somebody's own", SECRETS_KEY: "x" }));
      expect(machine.env().get("TRANCHE_HOST")).toBe("env.example.com");
      // The stub would see them, as Compose would prefer them to .env.
      machine.program("openssl", 'echo "${AWS_SECRET_ACCESS_KEY:-unset} ${SECRETS_KEY:-unset}" >>"$STUB/seen"; exec /usr/bin/openssl "$@"');
      rmSync(join(machine.folder, ".env"));
      rmSync(join(machine.stub, "volumes", "tranche_postgres"));
      await machine.run(name, { AWS_SECRET_ACCESS_KEY: "somebody's own", SECRETS_KEY: "x" });
      expect(new Set(readFileSync(join(machine.stub, "seen"), "utf8").trim().split("\n"))).toEqual(new Set(["unset unset"]));
    });

    it("makes secrets without openssl too", async () => {
      machine.program("openssl", "exit 127");
      expectDone(await machine.run(name));
      expect(machine.env().get("SECRETS_KEY")).toMatch(/^[A-Za-z0-9+/]{43}=$/);
      expect(machine.env().get("ADMIN_TOKEN")).toMatch(/^[0-9a-f]{64}$/);
    });

    it("makes no .env at all where there is no source of random numbers", async () => {
      for (const program of ["openssl", "od", "base64"]) machine.program(program, "exit 1");
      expectStopped(await machine.run(name), "no .env was written");
      expect(machine.read(".env")).toBe("");
      expect(machine.read(".env.new")).toBe("");
    });

    it("has a store of objects with a certificate of its own where asked to", async () => {
      expectDone(await machine.run([...name, "--minio"]));
      const env = machine.env();
      expect(env.get("COMPOSE_PROFILES")).toBe("backup,minio");
      expect(env.get("ARCHIVE_SECRET_ACCESS_KEY")).toMatch(/^[0-9a-f]{64}$/);
      expect(machine.read("certs/ca/minio.crt")).toBe(machine.read("certs/minio/public.crt"));
      expect(
        execFileSync("openssl", ["x509", "-in", join(machine.folder, "certs/ca/minio.crt"), "-noout", "-ext", "subjectAltName"], {
          encoding: "utf8",
        }),
      ).toContain("DNS:minio");
      const before = machine.read("certs/ca/minio.crt");
      expectDone(await machine.run());
      expect(machine.read("certs/ca/minio.crt")).toBe(before);
    });
  });

  describe("run again", () => {
    it("changes nothing, and shows no login", async () => {
      expectDone(await machine.run(name));
      const env = machine.read(".env");
      machine.calm();
      const again = await machine.run();
      expectDone(again);
      expect(machine.read(".env")).toBe(env);
      expect(again.output).not.toContain("sign in as");
      expect(machine.calls().join("\n")).not.toContain("compose build");
      await isUp();
    });

    it("adds what .env lacks, says what, and leaves every other byte", async () => {
      expectDone(await machine.run(name));
      const lines = machine
        .read(".env")
        .split("\n")
        .filter((line) => !/^(METRICS_TOKEN|CRON_SECRET)=/.test(line));
      // Without an end of the last line, as some editors leave it.
      const before = `${lines.join("\n").trim()}\n# ours\nAWS_REGION='eu-central-1'\n  PROBE_PATH = x\nMETRICS_TOKEN=`;
      writeFileSync(join(machine.folder, ".env"), before);
      const ran = await machine.run();
      expectDone(ran);
      expect(machine.read(".env").startsWith(`${before}\n`)).toBe(true);
      expect(ran.output).toContain(".env lacked, and has now: CRON_SECRET METRICS_TOKEN");
      expect(machine.env().get("METRICS_TOKEN")).toMatch(/^[0-9a-f]{64}$/);
    });

    it.each(bound)("makes no other %s beside data that needs the one before", async (secret) => {
      expectDone(await machine.run(name));
      const before = machine.read(".env").replace(new RegExp(`^${secret}=.*\\n`, "m"), "");
      writeFileSync(join(machine.folder, ".env"), before);
      const ran = await machine.run();
      expectStopped(ran, `.env lacks ${secret}`);
      expect(ran.output).toContain("The keys are lost");
      expect(machine.read(".env")).toBe(before);
    });

    it("does not begin a new .env beside the data of an installation", async () => {
      expectDone(await machine.run(name));
      rmSync(join(machine.folder, ".env"));
      expectStopped(await machine.run(name), "the data of an installation is there");
      expect(machine.read(".env")).toBe("");
    });

    it("leaves a link to a .env that is kept elsewhere", async () => {
      const elsewhere = join(machine.stub, "secrets.env");
      writeFileSync(elsewhere, "TRANCHE_HOST=linked.example.com\n", { mode: 0o600 });
      symlinkSync(elsewhere, join(machine.folder, ".env"));
      expectDone(await machine.run());
      expect(readFileSync(elsewhere, "utf8")).toContain("TRANCHE_HOST=linked.example.com\nPOSTGRES_PASSWORD=");
    });

    it("warns of a .env that others may read", async () => {
      expectDone(await machine.run(name));
      chmodSync(join(machine.folder, ".env"), 0o644);
      expect((await machine.run()).output).toContain("others on this machine may read it");
    });

    it("sends whoever has checked out another version to upgrade, which makes a backup first", async () => {
      machine.checkOut("old");
      expectDone(await machine.run(name));
      machine.checkOut("new");
      expectStopped(await machine.run(), "./install.sh upgrade makes a backup first");
      expect((await runningOf(machine)).get("api")).toBe("old");
    });

    it("does one thing at a time, and is not kept by one that was killed", async () => {
      mkdirSync(join(machine.folder, ".state", "lock"), { recursive: true });
      const sleeping = spawn("sleep", ["60"]);
      writeFileSync(join(machine.folder, ".state", "lock", "pid"), String(sleeping.pid));
      expectStopped(await machine.run(name), `another install.sh is at work (process ${sleeping.pid})`);
      const gone = new Promise((done) => sleeping.once("exit", done));
      sleeping.kill("SIGKILL");
      await gone;
      expectDone(await machine.run(name));
    });
  });

  describe("a machine that is not fit for it", () => {
    it.each([
      ["without its daemon", {}, "no-daemon", /the Docker daemon does not answer/],
      ["with an old Docker", { STUB_DOCKER_VERSION: "20.10.24" }, null, /Docker is 20\.10\.24, and has to be 23\.0 or later/],
      ["with an old Compose", { STUB_COMPOSE_VERSION: "v2.6.1" }, null, /the Compose plugin is v2\.6\.1, and has to be 2\.20 or later/],
      ["with a clock an hour slow", { STUB_CLOCK: "3600" }, null, /the clock of this machine is 3(599|600|601) s off/],
      ["with a clock an hour fast", { STUB_CLOCK: "-3600" }, null, /the clock of this machine is 3(599|600|601) s off/],
    ])("%s is refused before anything is made", async (_, env, file, why) => {
      if (file !== null) writeFileSync(join(machine.stub, file), "");
      const ran = await machine.run(name, env);
      expectStopped(ran, why);
      expect(machine.read(".env")).toBe("");
      expect(machine.calls().join("\n")).not.toMatch(/compose (up|build|run)/);
    });

    it("of its clock it knows also across a new year and a leap day", () => {
      const script = machine.read("install.sh");
      const epochOf = script.slice(script.indexOf("epoch_of() {"), script.indexOf("# Asked of Route 53"));
      const dates = [
        "2026-11-28T09:39:32Z",
        "2027-01-01T00:00:00Z",
        "2026-12-31T23:59:59Z",
        "2028-02-29T12:00:00Z",
        "2028-03-01T00:00:00Z",
        "2100-02-28T01:02:03Z",
      ];
      for (const date of dates) {
        const shown = execFileSync("/bin/sh", ["-c", `${epochOf}\nepoch_of "$1"`, "sh", new Date(date).toUTCString()], {
          encoding: "utf8",
        });
        expect(Number(shown) * 1_000, date).toBe(Date.parse(date));
      }
    });

    it("goes on without knowing the time of the world, and says so", async () => {
      const ran = await machine.run(name, { STUB_OFFLINE: "1" });
      expectDone(ran);
      expect(ran.output).toContain("the clock is not checked, and no weight could be changed");
    });

    it("with too little memory is refused, unless it is forced", async () => {
      const proc = join(machine.stub, "proc");
      mkdirSync(proc);
      writeFileSync(join(proc, "meminfo"), "MemTotal:        1000000 kB\nMemFree: 5 kB\n");
      expectStopped(await machine.run(name, { PROC_FOLDER: proc }), "976 MiB of memory");
      const forced = await machine.run([...name, "--force"], { PROC_FOLDER: proc });
      expectDone(forced);
      expect(forced.output).toContain("2 GiB are the least (--force)");
    });

    it("with a full disk is refused before anything is made", async () => {
      machine.program(
        "df",
        'echo "Filesystem 1024-blocks Used Available Capacity Mounted"; echo "/dev/vda 100000000 99900000 102400 100% /"',
      );
      expectStopped(await machine.run(name), "100 MiB left on its disk");
      expect(machine.read(".env")).toBe("");
    });

    it("with its port taken is refused, and says how to see by whom", async () => {
      const server = createServer();
      await new Promise<void>((done) => server.listen(0, done));
      const { port } = server.address() as AddressInfo;
      writeFileSync(join(machine.folder, ".env"), `HTTPS_PORT=${port}\n`, { mode: 0o600 });
      expectStopped(await machine.run(name), `port ${port} is taken by another program of this machine (ss -ltnp says by which)`);
      await new Promise((done) => server.close(done));
      expectDone(await machine.run(name));
      expect((await machine.run()).output).toContain(`https://tranche.example.com:${port}/console`);
    });

    it("with a name that leads nowhere, and no certificate yet, is warned and installed", async () => {
      const ran = await machine.run(name, { STUB_NO_NAME: "1", STUB_NO_CERTIFICATE: "1" });
      expectDone(ran);
      expect(ran.output).toContain("tranche.example.com has no address yet");
      expect(ran.output).toContain("has no certificate yet, or does not answer");
    });
  });

  describe("what goes wrong on the way", () => {
    it("is the end of each step, after which it is run again", async () => {
      expectDone(await machine.run(name));
      const steps = machine.calls().length;
      for (let at = 1; at <= steps; at += 1) {
        machine = await world.machine();
        machine.plan(at, "fail");
        const first = await machine.run(name);
        const call = machine.calls().at(at - 1) ?? "";
        machine.calm();
        if (first.code !== 0) expect(first.output, call).toMatch(/\nstopped: /);
        const env = machine.read(".env");
        const second = await machine.run(name);
        expect(second.code, `${call}\n${first.output}\n${second.output}`).toBe(0);
        // What was made stays.
        expect(machine.read(".env").startsWith(env)).toBe(true);
        await isUp();
        expect(`${first.output}${second.output}`.split("sign in as"), call).toHaveLength(2);
      }
    });

    it("is named where a container does not get well", async () => {
      writeFileSync(join(machine.stub, "sick-scorer"), "");
      const ran = await machine.run(name);
      expectStopped(ran, "(not healthy: scorer). ./install.sh compose logs scorer says why");
      expect(ran.output).not.toContain("sign in as");
      rmSync(join(machine.stub, "sick-scorer"));
      const again = await machine.run();
      expectDone(again);
      expect(again.output).toContain("sign in as");
    });

    it("is said where somebody interrupts it", async () => {
      machine.program("openssl", 'kill -INT "$(ps -o pgid= -p $$ | tr -d " ")"; sleep 0.2; exit 1');
      const ran = await machine.run(name);
      expect(ran.code).toBe(130);
      expect(ran.output).toContain("Run the same command again");
      machine.program("openssl", 'exec /usr/bin/openssl "$@"');
      expectDone(await machine.run(name));
    });
  });

  describe("status", () => {
    it("is well where all is well, and 1 with the reason otherwise", async () => {
      expectStopped(await machine.run(["status"]), "nothing is installed here");
      expectDone(await machine.run(name));
      expect(await machine.run(["status"])).toMatchObject({
        code: 1,
        output: expect.stringContaining("backup: none of the last 36 hours"),
      });
      expectDone(await machine.run(["backup"]));
      const well = await machine.run(["status"]);
      expectDone(well);
      expect(well.output).toContain("ready: ok");
      writeFileSync(join(machine.stub, "sick-rounds"), "");
      expect(await machine.run(["status"])).toMatchObject({ code: 1, output: expect.stringContaining("containers: not healthy: rounds") });
      rmSync(join(machine.stub, "sick-rounds"));
      writeFileSync(join(machine.folder, ".env"), machine.read(".env").replace(/^CRON_SECRET=.*\n/m, ""));
      expect(await machine.run(["status"])).toMatchObject({ code: 1, output: expect.stringContaining(".env: lacks CRON_SECRET") });
    });
  });

  describe("uninstall", () => {
    it("stops everything, keeps all data, says where it is, and can be undone", async () => {
      expectDone(await machine.run(name));
      expectDone(await machine.run(["backup"]));
      const env = machine.read(".env");
      const ran = await machine.run(["uninstall"]);
      expectDone(ran);
      expect((await runningOf(machine)).size).toBe(0);
      for (const place of ["volume tranche_postgres", `${machine.folder}/backups`, `${machine.folder}/.env`])
        expect(ran.output).toContain(place);
      expect(machine.calls().join("\n")).not.toMatch(/volume rm|down.* (-v|--volumes)/);
      expect([machine.read(".env"), machine.dumps().length]).toEqual([env, 1]);
      expectDone(await machine.run());
      await isUp();
    });

    it("works without .env as well", async () => {
      expectDone(await machine.run(name));
      rmSync(join(machine.folder, ".env"));
      expectDone(await machine.run(["uninstall"]));
      expect((await runningOf(machine)).size).toBe(0);
    });
  });
});
