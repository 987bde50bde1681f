import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bench, Started } from "../../support/processes.ts";
import { alive, freePort, openBench } from "../../support/processes.ts";

let bench: Bench;
let home: string;
let port: number;
beforeAll(async () => {
  bench = await openBench();
  home = join(bench.temporary, "kept");
  port = await freePort();
});
afterAll(() => bench.clear());

/** PROBE_INTERVAL: rounds come every ten seconds else, and a test would wait for them. */
const start = (env: Readonly<Record<string, string>> = {}, args: readonly string[] = []): Started =>
  bench.run("start", args, { TRANCHE_HOME: home, PORT: String(port), PROBE_INTERVAL: "1s", ...env });

const up = async (started: Started): Promise<string> => (await started.prints(/API +(http:\S+)/))[1] ?? "";

/** What is there beside the directory that is kept. */
const nothingLeft = async (): Promise<void> => {
  await expect.poll(() => bench.strays(), { timeout: 60_000, interval: 200 }).toEqual([]);
  await expect.poll(() => bench.leftovers(), { timeout: 60_000, interval: 200 }).toEqual(["kept"]);
};

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    (response) => response.ok,
    () => false,
  );

// One directory after the other: each start finds what the end before it has left.
describe("npm start", () => {
  it.each<[string, (started: Started) => unknown, number | string]>([
    ["SIGTERM to npm", ({ npm }) => npm.kill("SIGTERM"), 0],
    ["SIGINT to npm", ({ npm }) => npm.kill("SIGINT"), 0],
    ["Ctrl-C in the terminal", ({ signalGroup }) => signalGroup("SIGINT"), 0],
    ["the end of the terminal", ({ signalGroup }) => signalGroup("SIGHUP"), "SIGHUP"],
    ["kill -9 of npm", ({ npm }) => npm.kill("SIGKILL"), "SIGKILL"],
    ["kill -9 of node", ({ node }) => process.kill(node().pid, "SIGKILL"), "SIGKILL"],
  ])("leaves no process, file or port behind on %s", async (_, end, code) => {
    const started = start();
    const url = await up(started);
    const all = started.all();
    expect(all.filter(({ command }) => /workerd serve|postgres -D/.test(command)).length).toBeGreaterThanOrEqual(2);
    end(started);
    expect(await started.ended).toBe(code);
    await expect.poll(() => alive(all), { timeout: 60_000, interval: 200 }).toEqual([]);
    await nothingLeft();
    expect(await answers(url)).toBe(false);
    if (code === 0) await expect(stat(join(home, "running.json"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("leaves nothing behind when node is killed while it starts, and starts again", async () => {
    const fresh = join(bench.temporary, "kept", "fresh");
    const started = start({ TRANCHE_HOME: fresh });
    // initdb is at work.
    await expect
      .poll(
        () =>
          stat(join(fresh, "postgres", "password")).then(
            () => true,
            () => false,
          ),
        { timeout: 60_000, interval: 20 },
      )
      .toBe(true);
    process.kill(started.node().pid, "SIGKILL");
    await started.ended;
    await nothingLeft();
    const again = start({ TRANCHE_HOME: fresh });
    await up(again);
    again.npm.kill("SIGTERM");
    expect(await again.ended).toBe(0);
    await nothingLeft();
  });
});

describe("one that runs", () => {
  let first: Started;
  let url: string;
  let headers: Readonly<Record<string, string>>;
  beforeAll(async () => {
    first = start();
    url = await up(first);
    const token = (await readFile(join(home, "admin-token"), "utf8")).trim();
    headers = { authorization: `Bearer ${token}`, "x-customer-id": "1", "content-type": "application/json" };
  });

  const get = async <T>(path: string): Promise<T> => (await (await fetch(url + path, { headers })).json()) as T;
  const send = async (path: string, body: object): Promise<number> => {
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    expect(response.status, await response.clone().text()).toBe(201);
    return ((await response.json()) as { id: number }).id;
  };

  it("is named by a second start", async () => {
    const second = start({ PORT: "0" });
    expect(await second.ended).toBe(1);
    expect(second.output()).toBe(`tranche already runs at ${url} (process ${first.node().pid}, ${home})\n`);
  });

  it("leads from / to the console", async () => {
    const root = await fetch(url, { redirect: "manual" });
    expect([root.status, root.headers.get("location")]).toEqual([302, "/console"]);
  });

  it("has a storm played on it, by a process of its own", async () => {
    const services = async () => (await get<{ name: string }[]>("/v1/services")).map(({ name }) => name);
    const demo = start({}, ["--storm"]);
    await demo.prints(/tranche already runs at \S+ \(process \d+\): the storm is played there/);
    await demo.prints(/calm: both answer/);
    expect(await services()).toEqual(["storm-demo"]);
    demo.npm.kill("SIGINT");
    expect(await demo.ended).toBe(0);
    expect(await services()).toEqual([]);
  });

  it("does not flood its log where a name does not resolve, and keeps its own lines", async () => {
    const id = await send("/v1/services", { name: "astray", primary_cdn: "cloudflare", backup_cdn: "fastly" });
    await send(`/v1/services/${id}/domains`, {
      name: "astray.example.com",
      primary_target: "primary.nowhere.invalid",
      backup_target: "backup.nowhere.invalid",
    });
    await send(`/v1/services/${id}/storm-policies`, { kind: "http_availability" });
    // Three lookups for each.
    await expect
      .poll(
        async () => {
          const { points } = await get<{ points: { samples: number }[] }>(`/v1/services/${id}/availability?step=60`);
          return points.reduce((sum, { samples }) => sum + samples, 0);
        },
        { timeout: 120_000, interval: 500 },
      )
      .toBeGreaterThan(12);
    first.npm.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    const lines = first.output().split("\n");
    expect(lines.filter((line) => /stack:|wdErrId/.test(line))).toEqual([]);
    const complaints = lines.filter((line) => line.startsWith("workerd: failed to lookup"));
    expect(complaints).toHaveLength(2);
    expect(complaints[1]).toMatch(/ \(\d+ more\)$/);
    expect(lines.some((line) => line.startsWith("{") && line.includes('"event":"request"'))).toBe(true);
    await nothingLeft();
  });
});

describe("two first starts at once", () => {
  it("make one database: one is up, the other says so", async () => {
    const fresh = join(bench.temporary, "kept", "twice");
    const both = [start({ TRANCHE_HOME: fresh, PORT: "0" }), start({ TRANCHE_HOME: fresh, PORT: "0" })];
    const outcomes = await Promise.all(both.map((one) => Promise.race([up(one).catch(() => "ended"), one.ended])));
    expect(outcomes.filter((outcome) => typeof outcome === "string" && outcome.startsWith("http"))).toHaveLength(1);
    const [first, second] = outcomes
      .map((outcome, index) => ({ outcome, started: both[index] }))
      .toSorted((a, b) => Number(a.outcome === 1) - Number(b.outcome === 1));
    expect(second?.started?.output()).toMatch(
      /^tranche (did not start: it is just being started in \S+, by process \d+|already runs at http)/,
    );
    expect(await answers(String(first?.outcome))).toBe(true);
    first?.started?.npm.kill("SIGTERM");
    expect(await first?.started?.ended).toBe(0);
    await nothingLeft();
  });
});

describe("npm start refuses in one sentence", () => {
  const refused = async (env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<string> => {
    const started = start(env, args);
    expect(await started.ended).toBe(1);
    expect(started.output().trim().split("\n")).toHaveLength(1);
    return started.output().trim();
  };

  it("a port that is taken, and names PORT", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    try {
      await expect.poll(() => server.listening).toBe(true);
      const taken = (server.address() as AddressInfo).port;
      expect(await refused({ PORT: String(taken) })).toBe(
        `tranche did not start: port ${taken} is taken: stop what listens there, or choose another with PORT=${taken + 1} npm start`,
      );
    } finally {
      server.close();
    }
  });

  it("a port by an option, or that is none", async () => {
    expect(await refused({}, ["--port", "9000"])).toContain("PORT=8788 npm start");
    expect(await refused({ PORT: "many" })).toContain("PORT must be a number, 0 to 65535");
  });

  it("a directory that is a file, not whole, or closed", async () => {
    const file = join(bench.temporary, "kept", "file");
    await writeFile(file, "");
    expect(await refused({ TRANCHE_HOME: file })).toBe(
      `tranche did not start: ${file} is a file, and has to be a directory: move it away, or give another directory with TRANCHE_HOME`,
    );
    const half = join(bench.temporary, "kept", "half");
    await mkdir(join(half, "postgres", "cluster"), { recursive: true });
    await chmod(half, 0o755);
    const answer = await refused({ TRANCHE_HOME: half });
    expect(answer).toMatch(
      /is not whole, .*PG_VERSION is missing: remove .*half\/postgres to begin with an empty one|belongs to root, not to/,
    );
  });

  it("a variable that is wrong, and tells of those that do nothing", async () => {
    const started = start({ USAGE_TICK: "7m", PROBE_INTERVALL: "5s", DATABASE_URL: "postgresql://me:secret@db/x" });
    expect(await started.ended).toBe(1);
    expect(started.output()).toContain("USAGE_TICK must be a multiple of 5m: the cron that reads usage fires every 5 minutes");
    expect(started.output()).toContain("note: PROBE_INTERVALL is not read: is PROBE_INTERVAL meant?");
    expect(started.output()).toContain("note: DATABASE_URL does nothing here: npm start has a PostgreSQL of its own");
    expect(started.output()).not.toContain("secret");
  });
});
