import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "drizzle-orm";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createLinkTokens } from "../../src/adapters/platform/link-tokens.ts";
import { createSessionTokens } from "../../src/adapters/platform/session-tokens.ts";
import type { SessionClaim } from "../../src/adapters/ports/tenants/sessions.ts";
import { islandsAsset, styleAsset } from "../../src/console/assets.ts";
import { sha256Hex } from "../../src/http/digest.ts";
import { assetPaths } from "../../src/http/reference/assets.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import { startFallback } from "../../local/fallback.ts";
import { agentSigner } from "../support/agent-key.ts";
import type { AgentSigner } from "../support/agent-key.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import type { Contract } from "../support/openapi.ts";
import { readContract } from "../support/openapi.ts";
import { seedBatch } from "../support/cost-seed.ts";
import { seedTenant } from "../support/tenant.ts";
import type { Answered, Entry, Sent } from "./entries.ts";
import { comparable, copiesOf, entryNames, roundsIn, send, sendUntilRound, startEntry } from "./entries.ts";
import type { Case, Credentials } from "./requests.ts";
import { allCases, byAgent, dnsKeys, jobWithRound, readyAsJson } from "./requests.ts";

const startedAtMs = Date.now();

const variables = {
  CRON_SECRET: "cron-secret-of-the-suite",
  METRICS_TOKEN: "metrics-token-of-the-suite",
  WAU_READ_TOKEN: "wau-token-of-the-suite",
  CORS_ORIGINS: "https://console.example.test",
  SECRETS_KEY: "c2VjcmV0cy1rZXktb2YtdGhlLWNvbmZvcm1hbmNlLXM=",
  DOH_ENDPOINTS: "http://127.0.0.1:9/dns-query",
  PROBE_INTERVAL: "60s",
  TICK_OVERTIME: "0s",
  RATE_LIMIT_SESSIONS: "300",
  PREFERRED_PROVIDER: "cloudflare",
};

/** One of each, on copies of one database, and each with a Route 53 of its own. */
let entries: readonly Entry[];
let accounts: readonly Route53Server[];
/** The fallback on the very database of the Worker. */
let guests: readonly Entry[];
let contract: Contract;
let credentials: Credentials;
let cases: readonly Case[];
let sign: AgentSigner;
const answers = new Map<Case, readonly Answered[]>();

/** Both providers, a lease of each kind, and a takeover and a hand-back between them; all of it over, so that anybody may go on. */
const seedStatus = async ({ db }: Api): Promise<void> => {
  await db.rows(sql`
    insert into providers (name, heartbeat_at, heartbeat_since, last_round_at, public_checked_at, public_ok_since, public_error)
    values ('cloudflare', '2026-11-20T01:00:00Z', '2026-11-20T00:00:00Z', '2026-11-20T01:00:00Z', '2026-11-20T01:00:05Z', null, '/healthz answered 503'),
      ('vercel', '2026-11-20T01:00:01Z', '2026-11-20T00:00:01Z', null, '2026-11-20T01:00:06Z', '2026-11-20T00:00:06Z', null)`);
  await db.rows(sql`
    insert into leases (name, holder, provider, acquired_at, expires_at)
    select name, 'cloudflare:run', 'cloudflare', '2026-11-20T00:59:00Z', '2026-11-20T00:59:45Z' from unnest(array['shard:0', 'job:bill']) name`);
  await db.rows(
    sql`update leases set provider = 'vercel', holder = 'vercel:run', epoch = 2, acquired_at = '2026-11-20T01:00:00Z' where name = 'shard:0'`,
  );
  // Held for ever by somebody else: messages would go out in the background, and what is listed of them would be a matter of moments.
  await db.rows(sql`
    insert into leases (name, holder, provider, acquired_at, expires_at) values ('job:deliver', 'vercel:run', 'vercel', '2026-11-20T00:59:00Z', '2099-01-01T00:00:00Z')
    on conflict (name) do update set holder = excluded.holder, provider = excluded.provider, epoch = 99, acquired_at = excluded.acquired_at, expires_at = excluded.expires_at,
      released_at = null, taken_from = null`);
  // To the provider as which every entry of the suite runs: its tick takes nothing over, whose record would tell the moment.
  await db.rows(sql`update leases set provider = 'local', released_at = '2026-11-20T01:10:00Z' where name = 'shard:0'`);
};

beforeAll(async () => {
  const api: Api = await startApi(variables);
  contract = await readContract({ request: (path, init) => api.app.request(path, init) });
  credentials = {
    admin: api.env.ADMIN_TOKEN,
    cron: variables.CRON_SECRET,
    metrics: variables.METRICS_TOKEN,
    wau: variables.WAU_READ_TOKEN,
    tenant: await seedTenant(api, "acme"),
    link: "",
    session: "",
    adminSession: "",
    stylePath: (await styleAsset()).path,
    scriptPath: (await islandsAsset()).path,
    docsPaths: Object.values(await assetPaths()),
    otherCorrection: 0,
    otherDeadLetter: 0,
  };
  const { editor, ids, agent } = credentials.tenant;
  sign = await agentSigner(agent);
  const claim = { linkId: ids["links"] ?? 0, invoiceId: ids["invoices"] ?? 0, expiresAtMs: startedAtMs + 3_600_000 };
  const [correction] = await api.db.rows<{ id: number }>(sql`
    insert into usage_correction_requests (customer_id, service_id, snapshot_id, window_start, window_end, primary_bytes, was_primary_bytes, was_backup_bytes, actor)
    select customer_id, service_id, u.id, window_start, window_end, 0, 7, 0, 'acme-editor'
    from usage_snapshots u join services s on s.id = u.service_id where u.invoice_id is null returning id`);
  credentials = {
    ...credentials,
    otherCorrection: correction?.id ?? 0,
    otherDeadLetter: await seedBatch(api.db, credentials.tenant.id, "dead"),
    link: await createLinkTokens([variables.SECRETS_KEY]).sign(claim),
  };
  const sessions = createSessionTokens([variables.SECRETS_KEY]);
  const session = async (kind: SessionClaim["kind"], secret: string) =>
    await sessions.sign({ kind, digest: await sha256Hex(secret), customerId: 0, epoch: 0, expiresAtMs: startedAtMs + 3_600_000 });
  credentials = {
    ...credentials,
    session: await session("customer", editor),
    adminSession: await session("bootstrap", credentials.admin),
  };
  // Nothing is provisioned under a freeze, and a made-up account of the tenant's own has no zones.
  await api.call("DELETE", `/v1/services/${ids["services"]}/routing/override`, { token: editor });
  await api.call("DELETE", `/v1/dns-accounts/${ids["dns-accounts"]}`, { token: editor });
  await seedStatus(api);
  // As odd as it was seeded, but today: what was odd a week ago is over with the next look at the clock.
  await api.db.rows(
    sql`update cost_anomalies set first_hour = date_trunc('hour', now()) - interval '2 hours', last_hour = date_trunc('hour', now()) - interval '1 hour'`,
  );
  cases = allCases(contract.operations, credentials);
  const copies = await copiesOf(api.env.OWNER_DATABASE_URL, entryNames);
  const urls = copies.map((copy) => Object.assign(new URL(api.env.DATABASE_URL), { pathname: new URL(copy).pathname }).href);
  accounts = await Promise.all(entryNames.map(() => startRoute53({ ...dnsKeys, zones: [{ name: "example.test" }] })));
  const on = (url: string | undefined, account = accounts[0]) => ({
    ...api.env,
    ...variables,
    DATABASE_URL: url ?? "",
    ROUTE53_ENDPOINT: account?.url ?? "",
    // It refuses what is meant for STS, in the same words to everybody.
    STS_ENDPOINT: account?.url ?? "",
    AWS_ACCESS_KEY_ID: dnsKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: dnsKeys.secretAccessKey,
    // As Vercel's functions find it, whoever's key it is.
    AWS_SESSION_TOKEN: "of-the-platform",
  });
  const started = await Promise.all([
    ...entryNames.map((name, at) => startEntry(name, on(urls[at], accounts[at]))),
    startEntry("edge", on(urls[0])),
    startEntry("node", on(urls[0])),
    startEntry("self-hosted", on(urls[0])),
  ]);
  entries = started.slice(0, entryNames.length);
  guests = started.slice(entryNames.length);
});

afterAll(async () => {
  await Promise.all([...(entries ?? []), ...(guests ?? []), ...(accounts ?? [])].map((one) => one.close()));
});

const signed = async (sent: Sent): Promise<Sent> => {
  if (sent.headers["authorization"] !== byAgent) return sent;
  return { ...sent, headers: { ...sent.headers, authorization: await sign(sent.method, sent.path, sent.body) } };
};

const ask = async (sent: Sent, of: readonly Entry[] = entries) => {
  const ready = await signed(sent);
  return await Promise.all(of.map((entry) => send(entry, ready)));
};

/** Not every runtime can have people's accounts, so none has any here: all of them refuse alike. test/console/accounts.test.ts has them on. */
const isOfAccounts = (path: string): boolean => /^\/v1\/(?:accounts|invitations)\b/.test(path);

/** How the answers of the entries differ; null: not at all. */
const difference = (name: string, answered: readonly Answered[]): string | null => {
  const [first, ...others] = answered.map((answer) => JSON.stringify(comparable(answer, startedAtMs), null, 1));
  const at = others.findIndex((other) => other !== first);
  if (first === undefined || at === -1) return null;
  const other = others[at] ?? "";
  const from = Math.max(0, Array.from(first).findIndex((letter, index) => letter !== other[index]) - 200);
  return `${name}\n${entryNames[0]}: ${first.slice(from, from + 600)}\n${entryNames[at + 1]}: ${other.slice(from, from + 600)}`;
};

/** But for the id, which each answer has of its own. */
const toTheByte = (answer: Answered | undefined): string =>
  JSON.stringify(answer ?? null).replaceAll(answer?.headers["x-request-id"] ?? "", "ID");

const onEach = async (text: string): Promise<void> => {
  for (const { databaseUrl } of entries) {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    await client.query(text);
    await client.end();
  }
};

describe("the Worker in workerd, the fallback on Vercel's edge runtime and in plain Node, and a process of one's own", () => {
  it("answer every request of the suite with the same status, headers and bytes", async () => {
    const differences: string[] = [];
    let dnsAccountPath = "";
    for (const one of cases) {
      // A customer has one DNS account: to be read and deleted is the one that the suite has created.
      const isOwn = ["GET /v1/dns-accounts/{id}, afterwards", "DELETE /v1/dns-accounts/{id}"].includes(one.name);
      const answered = await (one.name === jobWithRound
        ? Promise.all(entries.map((entry) => sendUntilRound(entry, one)))
        : ask(isOwn ? { ...one, path: dnsAccountPath } : one));
      if (one.name === "POST /v1/dns-accounts")
        dnsAccountPath = `${one.path}/${(JSON.parse(answered[0]?.body ?? "{}") as { id?: number }).id}`;
      answers.set(one, answered);
      const found = difference(one.name, answered);
      if (found !== null) differences.push(found);
    }
    expect(differences.join("\n\n")).toBe("");
    expect(cases.length).toBeGreaterThan(500);
  });

  it("have answered each operation of the document as it is meant, not only refused it", () => {
    const served = [...answers].filter(([, [answer]]) => (answer?.status ?? 500) < 300).map(([{ operation, name }]) => [operation, name]);
    const own = new Set(
      served.filter(([operation, name]) => operation === name || `${operation}, afterwards` === name).map(([operation]) => operation),
    );
    const unserved = contract.operations.filter(({ title, path }) => !own.has(title) && !isOfAccounts(path));
    expect(unserved.map(({ title }) => title)).toEqual([]);
  });

  it("have answered every path that there is, the operator's too", async () => {
    const { createApp } = await import("../../src/app.ts");
    const { parseConfig } = await import("../../src/config.ts");
    const { buildDeps } = await import("../../src/deps.ts");
    const app = createApp(buildDeps(parseConfig({ DATABASE_URL: "postgresql://nobody:none@127.0.0.1:9/none", PROVIDER: "local" })));
    const routes = app.routes.filter(({ method }) => method !== "ALL");
    const unasked = routes.filter(({ method, path }) => {
      const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/:[^/]+/g, "[^/]+")}$`);
      return ![...answers].some(
        ([one, [answer]]) => one.method === method && pattern.test(one.path.split("?")[0] ?? "") && (answer?.status ?? 500) < 400,
      );
    });
    expect([...new Set(unasked.filter(({ path }) => !isOfAccounts(path)).map(({ method, path }) => `${method} ${path}`))]).toEqual([]);
  });

  it("have signed what they asked of DNS so that it was done", () => {
    // Accounts of costs ask other services of AWS, at the root, and with keys that none of these accounts knows.
    const isOfSteering = (path: string): boolean => path !== "/";
    const written = accounts.map(({ changes, requests }) => [
      changes.length,
      requests.filter(({ status, path }) => status === 403 && isOfSteering(path)).length,
    ]);
    expect(written).toEqual(entries.map(() => [1, 0]));
  });

  it("have told of both providers, their leases and what passed between them, not of empty lists", () => {
    const told = (name: string) =>
      JSON.parse([...answers].find(([one]) => one.name === name)?.[1][0]?.body ?? "{}") as Record<string, unknown[]>;
    const { leases, providers, takeovers } = told("GET /v1/status");
    expect([leases?.length, providers?.length, takeovers?.length]).toEqual([3, 2, 2]);
    expect(JSON.stringify(leases)).toMatch(/"age_seconds":[\d.]+,/);
    expect([told(readyAsJson)["leases"]?.length, told(readyAsJson)["providers"]?.length]).toEqual([1, 2]);
  });

  it("have run a round each, as the holder of its lease, and nothing has failed in it", () => {
    const [, answered = []] = [...answers].find(([one]) => one.name === jobWithRound) ?? [];
    expect(answered.map((answer) => roundsIn(answer)[0])).toEqual(
      entryNames.map(() => expect.objectContaining({ job: "tick", role: "holder", shard: 0, ok: true })),
    );
  });

  it("have answered with every kind of refusal that needs no fault", () => {
    const statuses = new Set([...answers.values()].map(([answer]) => answer?.status));
    for (const status of [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 415]) expect([...statuses]).toContain(status);
  });

  it("store telemetry behind the answer, and count it alike", async () => {
    const session = {
      protocol_version: "1.0.0",
      daemon_version: "1.0.0",
      platform: "linux",
      node_version: "24.0.0",
      primary_framework: "vue",
    };
    const tell = (id: string) =>
      ask({
        method: "POST",
        path: "/v1/session",
        headers: { "content-type": "application/json", "x-request-id": "tell" },
        body: JSON.stringify({ ...session, session_id: id }),
      });
    const told = [await tell("conformance-a"), await tell("conformance-b"), await tell("conformance-a")];
    expect(told.flat().map(({ status, body }) => [status, body])).toEqual(Array.from({ length: 3 * entries.length }, () => [204, ""]));
    expect(told.map((answered) => difference("session", answered))).toEqual([null, null, null]);
    await vi.waitFor(
      async () => {
        for (const { databaseUrl } of entries) {
          const client = new pg.Client(databaseUrl);
          await client.connect();
          const { rows } = await client.query("select session_id from install_sessions where session_id like 'conformance-%' order by 1");
          await client.end();
          expect(rows).toEqual([{ session_id: "conformance-a" }, { session_id: "conformance-b" }]);
        }
      },
      { timeout: 60_000 },
    );
  });

  it("read one and the same database alike, to the byte", async () => {
    const differences: string[] = [];
    for (const one of cases.filter(({ method, operation, name }) => method === "GET" && (operation === name || name === readyAsJson))) {
      const [worker] = entries;
      const [first, ...others] = await ask(one, worker === undefined ? [] : [worker, ...guests]);
      // The preview says until when it bills: until now; a token, when it was used last; a storm that is on, how long it is.
      const isLive =
        ["/metrics", "/v1/status", "/v1/fleet", "/v1/invoices/preview", "/v1/storms", "/v1/cost/summary"].includes(one.path) ||
        one.name === readyAsJson ||
        one.operation?.endsWith("tokens") === true ||
        // A probe agent is told the time.
        one.path.startsWith("/v1/probe-agents/targets") ||
        // A page says as of when it is.
        one.path.startsWith("/status/") ||
        // An objective is measured until now.
        /\/objectives\/\d+(\/events)?$|^\/v1\/objectives$/.test(one.path);
      for (const other of others) {
        const same = isLive
          ? difference(
              one.name,
              [first, other].flatMap((answer) => answer ?? []),
            ) === null
          : toTheByte(other) === toTheByte(first);
        if (!same) differences.push(`${one.name}\n${JSON.stringify(first)}\n${JSON.stringify(other)}`);
      }
    }
    expect(differences.join("\n\n")).toBe("");
  });

  it("limit alike", async () => {
    const sent = { method: "POST", path: "/v1/session", headers: { "x-request-id": "limited" } };
    const refused = await Promise.all(
      entries.map(async (entry) => {
        for (let at = 0; at < 700; at += 1) {
          const answer = await send(entry, sent);
          if (answer.status === 429) return answer;
        }
        throw new Error(`${entry.name} limits nothing`);
      }),
    );
    expect(difference("429", refused)).toBeNull();
    expect(refused.map(({ headers }) => Number(headers["retry-after"]) > 0)).toEqual(entries.map(() => true));
  });

  it("fail alike: 500 where the database says something unknown, 503 where it has another schema", async () => {
    const headers = { authorization: `Bearer ${credentials.admin}`, "x-request-id": "failing" };
    await onEach("alter table customers rename to gone; delete from drizzle.__drizzle_migrations");
    const broken = await ask({ method: "GET", path: "/v1/customers", headers });
    expect([broken.map(({ status }) => status), difference("500", broken)]).toEqual([entries.map(() => 500), null]);
    const unready = await ask({ method: "GET", path: "/readyz", headers });
    expect([unready.map(({ status }) => status), difference("503", unready)]).toEqual([entries.map(() => 503), null]);
    expect(broken[0]?.body).not.toMatch(/customers|relation/);
  });
});

it("refuses to serve a configuration that does not hold, and says why in its own log only", async () => {
  const refused = await Promise.all(
    (["edge", "node"] as const).map(async (runtime) => {
      const lines: string[] = [];
      const env = { DATABASE_URL: "postgresql://u:hunter2@h/d", PROBE_INTERVAL: "soon" };
      const fallback = await startFallback({ runtime, env, onLine: (line) => lines.push(line) });
      const answer = await send(fallback, { method: "GET", path: "/healthz", headers: {} });
      await fallback.close();
      return { answer, log: lines.join("\n") };
    }),
  );
  for (const { answer, log } of refused) {
    expect([answer.status, answer.headers["content-type"], answer.headers["retry-after"]]).toEqual([503, "application/problem+json", "5"]);
    expect(answer.body).toContain("this deployment is not configured");
    expect(log).toContain("PROBE_INTERVAL");
    expect(answer.body + log).not.toContain("hunter2");
  }
});

describe("a job with a round", () => {
  const [without, withRound] = [
    '{"event":"started","job":"tick"}\n{"event":"ended","job":"tick","ok":true}\n',
    '{"event":"started","job":"tick"}\n{"event":"round","job":"tick","role":"holder","shard":0,"ok":true}\n{"event":"ended","job":"tick","ok":true}\n',
  ];

  it.each([
    ["at once where its run had one", [withRound], 1, 1],
    ["again where its run had no time for one", [without, withRound], 2, 1],
    ["three times at most, and then without", [without], 3, 0],
  ])("is asked for %s", async (_, bodies, asked, rounds) => {
    let count = 0;
    const server = createServer((request, response) => {
      request.resume();
      response.end(bodies[Math.min(count, bodies.length - 1)]);
      count += 1;
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answered = await sendUntilRound({ url }, { method: "GET", path: "/internal/cron/tick", headers: {} });
    server.closeAllConnections();
    server.close();
    expect([count, roundsIn(answered).length]).toEqual([asked, rounds]);
  });
});

describe("a difference", () => {
  const answer = { status: 200, headers: { "x-request-id": "a" }, body: '{"at":"2026-01-01T00:00:00.000Z"}' };

  it.each([
    { ...answer, status: 201 },
    { ...answer, headers: { ...answer.headers, vary: "Origin" } },
    { ...answer, headers: { "x-request-id": "b" } },
    { ...answer, body: '{"at":"2026-01-01T00:00:00.001Z"}' },
    { ...answer, body: `${answer.body} ` },
  ])("is seen: %j", (other) => {
    expect(difference("", [answer, answer, other])).toContain("node:");
    expect(difference("", [answer, answer, { ...answer }])).toBeNull();
  });
});
