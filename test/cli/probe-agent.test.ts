import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { parseConfig } from "../../src/config.ts";
import { buildDeps } from "../../src/deps.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";

const program = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const adminToken = "admin-token-for-tests-0123456789abcdef";

let database: TestDatabase;
let api: Awaited<ReturnType<typeof serve>>;
let cdn: Awaited<ReturnType<typeof startCdn>>;
let children: ChildProcess[];
let secret: string;
let agentId: number;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const close = (server: Server): void => (server.closeAllConnections(), void server.close());

/** The API as Node would serve it, on a port that stays the same when it is away for a while. */
const serve = async () => {
  const env = {
    DATABASE_URL: database.appUrl,
    NEON_FETCH_ENDPOINT: database.fetchEndpoint,
    PROVIDER: "local",
    ADMIN_TOKEN: adminToken,
    DOMAIN_VERIFICATION: "off",
    ALLOW_PRIVATE_TARGETS: "true",
    PROBE_INTERVAL: "1s",
    PROBE_TIMEOUT: "1s",
  };
  const app = createApp(buildDeps(parseConfig(env), { log: { info: () => undefined, warn: () => undefined, error: () => undefined } }));
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const answer = await app.request(`http://${request.headers.host}${request.url}`, {
      method: request.method ?? "GET",
      headers: request.headers as Record<string, string>,
      ...(body.length > 0 && { body }),
    });
    response.writeHead(answer.status, [...answer.headers].flat());
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  let server: Server;
  const start = async (port: number): Promise<void> => {
    server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await start(0);
  const port = portOf(server!);
  const call = async <T>(method: string, path: string, body?: unknown, customer?: number): Promise<T> => {
    const headers = {
      authorization: `Bearer ${adminToken}`,
      "content-type": "application/json",
      ...(customer !== undefined && { "x-customer-id": String(customer) }),
    };
    const answer = await app.request(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    expect(answer.ok, text).toBe(true);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    call,
    away: () => close(server),
    back: async () => await start(port),
    close: () => close(server),
  };
};

/** Both CDNs, by the path of the probe's origin. */
const startCdn = async () => {
  const state = { primary: 200, backup: 200, probes: 0 };
  const of = async (side: "primary" | "backup") => {
    const server = createServer((_, response) => {
      state.probes += 1;
      response.writeHead(state[side]).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  };
  const servers = { primary: await of("primary"), backup: await of("backup") };
  return {
    state,
    url: (side: "primary" | "backup") => `http://127.0.0.1:${portOf(servers[side])}`,
    close: () => Object.values(servers).forEach(close),
  };
};

beforeEach(async () => {
  children = [];
  database = await freshDatabase();
  [api, cdn] = [await serve(), await startCdn()];
  const { id } = await api.call<{ id: number }>("POST", "/v1/customers", { name: "acme" });
  const service = await api.call<{ id: number }>(
    "POST",
    "/v1/services",
    { name: "web", primary_cdn: "cloudflare", backup_cdn: "fastly" },
    id,
  );
  const targets = { primary_target: cdn.url("primary"), backup_target: cdn.url("backup") };
  await api.call("POST", `/v1/services/${service.id}/domains`, { name: "app.example.test", ...targets }, id);
  const agent = await api.call<{ id: number; secret: string }>("POST", "/v1/probe-agents", { name: "fra-1" });
  [secret, agentId] = [agent.secret, agent.id];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  api.close();
  cdn.close();
  await database.close();
});

type Started = { readonly child: ChildProcess; readonly text: () => string; readonly ended: Promise<number | null> };

const start = (args: readonly string[] = [], env: Record<string, string> = {}, node: readonly string[] = []): Started => {
  const child = spawn(process.execPath, [...node, program, "agent", "--probe", "--allow-private-targets", ...args], {
    env: { PATH: process.env["PATH"], TRANCHE_URL: api.url, TRANCHE_PROBE_SECRET: secret, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (text += part.toString()));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return { child, text: () => text, ended };
};

const until = async (is: () => Promise<boolean> | boolean, what: () => string = () => ""): Promise<void> => {
  for (let tries = 0; !(await is()); tries += 1) {
    if (tries > 1_200) throw new Error(`it never came to that: ${what()}`);
    await sleep(50);
  }
};

type Row = { readonly path: string; readonly ok: boolean; readonly lag: number; readonly vantage: string; readonly attempts: number };
/** What is stored by path and slot, oldest first; `lag`: how old a slot was when the row was read, in seconds. */
const stored = async (): Promise<Row[]> =>
  await database.sql<Row>(
    `select path, bool_and(ok) as ok, vantage, count(*)::int as attempts, extract(epoch from now() - round_at)::float8 as lag
     from probe_samples group by path, round_at, vantage order by round_at, path`,
  );
const slots = async (): Promise<number> => (await stored()).length;

describe("tranche agent --probe", () => {
  it("probes every path in every slot, tells it as its own vantage, and ends when it is told to", async () => {
    const agent = start();
    await until(async () => (await slots()) >= 6, agent.text);
    cdn.state.primary = 503;
    await until(async () => (await stored()).some(({ ok, attempts }) => !ok && attempts === 3), agent.text);
    const rows = await stored();
    expect(new Set(rows.map(({ vantage }) => vantage))).toEqual(new Set(["agent:fra-1"]));
    expect(new Set(rows.map(({ path }) => path))).toEqual(new Set(["primary", "backup"]));
    expect(rows.filter(({ path, ok }) => path === "backup" && !ok)).toEqual([]);
    agent.child.kill("SIGTERM");
    expect(await agent.ended, agent.text()).toBe(0);
    const seen = await api.call<{ last_sample_at: string; clock_skew_seconds: number }>("GET", `/v1/probe-agents/${agentId}`);
    expect(Math.abs(seen.clock_skew_seconds)).toBeLessThan(5);
    expect(agent.text()).toContain("probes 2 paths every 1 s");
  });

  it("goes on probing while the API is away, and tells nothing that is of no use any more", async () => {
    const agent = start();
    await until(async () => (await slots()) >= 2, agent.text);
    api.away();
    await until(() => agent.text().includes("not received"), agent.text);
    const probed = cdn.state.probes;
    await until(() => cdn.state.probes > probed + 4, agent.text);
    await api.back();
    await until(() => agent.text().includes("received again"), agent.text);
    agent.child.kill("SIGINT");
    expect(await agent.ended).toBe(0);
    expect((agent.text().match(/not received/g) ?? []).length).toBe(1);
  });

  it("needs no right clock: it goes by the database's, and says by how much its own is off", async () => {
    const hourAhead = "data:text/javascript,const now=Date.now.bind(Date);Date.now=()=>now()+3600000";
    const agent = start([], {}, ["--import", hourAhead]);
    await until(async () => (await slots()) >= 4, agent.text);
    expect(agent.text()).toMatch(/this machine's clock is 3(?:599|600)(?:\.\d+)? s ahead of the database's/);
    for (const { lag } of await stored()) expect(Math.abs(lag)).toBeLessThan(120);
  });

  it("with a secret that two processes have: each slot counts once, and it is said", async () => {
    const both = [start(), start()];
    const text = () => both.map((one) => one.text()).join("\n");
    await until(() => text().includes("another process tells with this secret"), text);
    for (const { attempts } of await stored()) expect(attempts).toBe(1);
  });

  it("ends where its secret is refused, and says so: a wrong one, and one of an agent that was deleted", async () => {
    const wrong = start([], { TRANCHE_PROBE_SECRET: `tpa_${"A".repeat(43)}` });
    expect([await wrong.ended, wrong.text()]).toEqual([3, expect.stringContaining("the secret is refused: no probe agent has this key")]);
    const agent = start();
    await until(async () => (await slots()) >= 1, agent.text);
    await api.call("DELETE", `/v1/probe-agents/${agentId}`);
    expect([await agent.ended, agent.text()]).toEqual([3, expect.stringContaining("it was deleted")]);
    expect(await database.sql("select name from vantages")).toEqual([]);
  });

  it.each([
    ["no secret", [], { TRANCHE_PROBE_SECRET: "" }, 3, "there is no secret"],
    ["a secret of another kind", [], { TRANCHE_PROBE_SECRET: "trn_x" }, 2, "TRANCHE_PROBE_SECRET must be the secret of a probe agent"],
    ["a file that is not there", ["--secret-file", "/no/such/file"], {}, 2, "--secret-file /no/such/file can not be read"],
    ["no URL", [], { TRANCHE_URL: "" }, 2, "--url is required"],
    ["plain http to elsewhere", ["--url", "http://tranche.example.com"], {}, 2, "--url must begin with https://"],
    ["nobody there", ["--once", "--url", "http://127.0.0.1:9"], {}, 4, "http://127.0.0.1:9 can not be reached"],
  ] as const)("says what is wrong: %s", async (_, args, env, code, words) => {
    const agent = start(args, env);
    expect([await agent.ended, agent.text()]).toEqual([code, expect.stringContaining(words)]);
  });

  it("says nothing where nothing answers, as that may be its own network", async () => {
    cdn.close();
    const agent = start(["--once"]);
    expect([await agent.ended, agent.text()]).toEqual([0, expect.stringContaining("nothing answers: that is not told")]);
    expect(await slots()).toBe(0);
  });

  it("connects to no private address, unless it is allowed to", async () => {
    const child = spawn(process.execPath, [program, "agent", "--probe", "--once"], {
      env: { PATH: process.env["PATH"], TRANCHE_URL: api.url, TRANCHE_PROBE_SECRET: secret },
      stdio: "ignore",
    });
    children.push(child);
    const [code] = (await once(child, "close")) as [number];
    expect([code, cdn.state.probes, await slots()]).toEqual([0, 0, 0]);
  });
});
