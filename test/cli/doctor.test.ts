import { randomBytes } from "node:crypto";
import { createServer as createPlainServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFallback } from "../../local/fallback.ts";
import { jobRhythms } from "../../src/cron/schedule.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { selfSigned } from "../support/certificates.ts";
import { commandProcess } from "../support/command-line.ts";
import { freshEnv } from "../support/worker-env.ts";
import { change, CREDENTIALS, sdkClient, startTestServer, weighted, zoneId } from "../local/route53-client.ts";

type Finding = { check: string; result: string; detail: string; mend: string | null };
type Diagnosis = { readonly code: number; readonly ok: boolean; readonly findings: readonly Finding[] };

const key = randomBytes(32).toString("base64");
const variables = { EVIDENCE_SIGNING_KEY: key, ALLOW_PRIVATE_TARGETS: "true", PROBE_INTERVAL: "60s", TICK_OVERTIME: "0s" };

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const listening = async (server: Server): Promise<string> => {
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  closers.push(() => new Promise((done) => void server.close(done)));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** An address at which nobody listens any more. */
const closedPort = async (): Promise<string> => {
  const server = createPlainServer();
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => void server.close(done));
  return `http://127.0.0.1:${port}`;
};

const asOwner = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Both providers as they are when all is well. */
const wellProviders = `
  insert into providers (name, heartbeat_at, heartbeat_since, last_round_at, public_checked_at, public_ok_since, public_error, clock_skew_ms)
  values ('cloudflare', now(), now() - interval '9 hours', now(), now(), now() - interval '1 hour', null, 20),
    ('vercel', now(), now() - interval '9 hours', null, now(), now() - interval '1 hour', null, -30)
  on conflict (name) do update set heartbeat_at = now(), public_checked_at = now(), public_ok_since = now() - interval '1 hour', public_error = null, clock_skew_ms = 0`;

/** Every job has just run, and will have for as long as the tests take. */
const wellJobs = `
  insert into job_runs (job, provider, last_started_at, last_succeeded_at, successes)
  select case job when 'tick' then 'tick:0' else job end, 'vercel', now(), now() + interval '1 hour', 1
  from unnest('{${jobRhythms(0)
    .map(({ job }) => job)
    .join(",")}}'::text[]) job
  on conflict (job, provider) do update set last_succeeded_at = excluded.last_succeeded_at, last_failed_at = null`;

let aws: Route53Server;
let ownerUrl: string;
let url: string;
let admin: string;
let editor: string;
let viewer: string;
let sealedUrl: string;
let keylessUrl: string;
let environment: Awaited<ReturnType<typeof freshEnv>>;

const start = async (more: Readonly<Record<string, string>>): Promise<string> => {
  const env = { ...environment, ...variables, ...more };
  const deployment = await startFallback({
    runtime: "node",
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== "")),
  });
  closers.push(() => deployment.close());
  return deployment.url;
};

const api = async <T>(method: string, path: string, token: string, body?: unknown): Promise<T> => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as T;
};

const statement = (text: string, ...values: unknown[]) => asOwner(ownerUrl, (client) => client.query(text, values));

beforeAll(async () => {
  aws = await startTestServer();
  closers.push(() => aws.close());
  for (const [side, weight] of [
    ["primary", 100],
    ["backup", 0],
  ] as const)
    await change(sdkClient(aws.url), zoneId(aws), [{ Action: "CREATE", ResourceRecordSet: weighted(side, weight) }]);
  environment = await freshEnv();
  ownerUrl = environment.OWNER_DATABASE_URL;
  const dns = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey, ROUTE53_ENDPOINT: aws.url };
  url = await start({ ...dns, AWS_REGION: "us-east-1", DOH_ENDPOINTS: "http://127.0.0.1:9/dns-query" });
  keylessUrl = await start({ SECRETS_KEY: "", EVIDENCE_SIGNING_KEY: "" });
  sealedUrl = await start({ SECRETS_KEY: randomBytes(32).toString("base64") });
  admin = environment.ADMIN_TOKEN;
  const { id } = await api<{ id: number }>("POST", "/v1/customers", admin, { name: "acme" });
  const token = async (role: string) =>
    (await api<{ token: string }>("POST", `/v1/customers/${id}/tokens`, admin, { name: role, role })).token;
  [editor, viewer] = [await token("editor"), await token("viewer")];
  await api("POST", "/v1/channels", editor, { name: "ops", kind: "webhook", url: "https://hooks.example.net/tranche" });
  const service = await api<{ id: number }>("POST", "/v1/services", editor, {
    name: "web",
    primary_cdn: "cloudflare",
    backup_cdn: "fastly",
  });
  await api("POST", `/v1/services/${service.id}/domains`, editor, {
    name: "app.example.com",
    primary_target: "primary.cdn.example.net",
    backup_target: "backup.cdn.example.net",
  });
  await statement(wellProviders);
  await statement(wellJobs);
});

const diagnose = async (
  more: { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] } = {},
): Promise<Diagnosis> => {
  const env = { HOME: "/nonexistent", TRANCHE_URL: url, TRANCHE_TOKEN: admin, ...more.env };
  const { code, out, err } = await commandProcess(["doctor", "--json", "--stored", ...(more.args ?? [])], { env });
  expect(err).toBe("");
  return { code, ...(JSON.parse(out) as { ok: boolean; findings: Finding[] }) };
};

const failing = ({ findings }: Diagnosis): readonly string[] =>
  findings
    .filter(({ result }) => result === "fail")
    .map(({ check, detail, mend }) => `${check} | ${detail} | ${mend ?? "nothing mends it"}`);

it("finds nothing to mend where all is well, and says what it looked at", async () => {
  const found = await diagnose();
  expect(failing(found)).toEqual([]);
  expect([found.code, found.ok]).toEqual([0, true]);
  const passed = found.findings.filter(({ result }) => result === "pass").map(({ check }) => check);
  expect(passed).toEqual(
    expect.arrayContaining([
      "url",
      "database",
      "cron of cloudflare",
      "cron of vercel",
      "secrets key",
      "signing key",
      "token",
      "public face of vercel",
      "clock of cloudflare",
      "sealed secrets",
      "jobs",
    ]),
  );
});

it("prints the same for people, each fault with how it is mended", async () => {
  await statement("update providers set heartbeat_at = now() - interval '10 minutes' where name = 'vercel'");
  const env = { HOME: "/nonexistent", TRANCHE_URL: url, TRANCHE_TOKEN: editor };
  const { code, out } = await commandProcess(["doctor", "--stored"], { env });
  await statement(wellProviders);
  expect(code).toBe(1);
  expect(out).toMatch(/FAILS +cron of vercel +its latest round was 10 min \d+ s ago\n +to mend: are vercel's crons deployed/);
  expect(out).not.toContain("\u001B");
  expect(out).toMatch(/\d+ ok, \d+ to look at, 1 to mend\n$/);
});

describe("names the fault of a broken set-up:", () => {
  /** A database of the same server; `ready` is run in it by the owner. */
  const database = async (name: string, ready: string): Promise<string> => {
    const own = `${new URL(ownerUrl).pathname.slice(1)}_${name}`;
    const at = (user: string) => Object.assign(new URL(user), { pathname: `/${own}` }).href;
    await statement(`create database ${own}`);
    if (ready !== "") await asOwner(at(ownerUrl), (client) => client.query(ready));
    closers.push(() => statement(`drop database if exists ${own} with (force)`));
    return at(ownerUrl);
  };

  /** While something is as the statements make it. */
  const during = async <T>(before: string, after: string, work: () => Promise<T>): Promise<T> => {
    await statement(before);
    try {
      return await work();
    } finally {
      await statement(after);
    }
  };

  const broken: readonly (readonly [name: string, diagnosis: () => Promise<Diagnosis>, says: RegExp])[] = [
    [
      "no schema",
      async () => await diagnose({ env: { TRANCHE_URL: await start({ DATABASE_URL: await database("empty", "") }) } }),
      /^schema \| the database has no schema.* \| .*npm run db:migrate/,
    ],
    [
      "an old schema",
      async () => {
        const old =
          "create schema drizzle; create table drizzle.__drizzle_migrations (created_at bigint); create table settings (usage_window_seconds int)";
        return await diagnose({ env: { TRANCHE_URL: await start({ DATABASE_URL: await database("old", old) }) } });
      },
      /^schema \| the database schema is not at the expected migration \| .*npm run db:migrate/,
    ],
    [
      "no grants",
      async () => {
        const login = `guest_${new URL(ownerUrl).pathname.slice(1)}`;
        await statement(`create role ${login} login password 'guest-of-the-tests'`);
        closers.push(() => statement(`drop role ${login}`));
        const guest = Object.assign(new URL(ownerUrl), { username: login, password: "guest-of-the-tests" }).href;
        return await diagnose({ env: { TRANCHE_URL: await start({ DATABASE_URL: guest }) } });
      },
      /^grants \| .*not in the role tranche_app \| grant tranche_app/,
    ],
    [
      "a password that is wrong",
      async () => {
        const { DATABASE_URL } = environment;
        return await diagnose({
          env: { TRANCHE_URL: await start({ DATABASE_URL: Object.assign(new URL(DATABASE_URL), { password: "wrong" }).href }) },
        });
      },
      /^database \| .*(?:refuses this deployment's credentials|does not answer).* \| /,
    ],
    [
      "a variable that is wrong",
      async () => await diagnose({ env: { TRANCHE_URL: await start({ PROBE_INTERVAL: "soon" }) } }),
      /^configuration \| this deployment is not configured \| .*log/,
    ],
    [
      "the URL of something else",
      async () => {
        const other = createPlainServer((_, response) =>
          response.writeHead(200, { "content-type": "text/html" }).end("<h1>It works!</h1>"),
        );
        return await diagnose({ env: { TRANCHE_URL: `http://${await listening(other)}` } });
      },
      /^url \| .*is not tranche \| set the URL/,
    ],
    [
      "a URL that redirects",
      async () => {
        const other = createPlainServer((_, response) => response.writeHead(301, { location: "https://elsewhere.example/" }).end());
        return await diagnose({ env: { TRANCHE_URL: `http://${await listening(other)}` } });
      },
      /^url \| .*redirect to https:\/\/elsewhere\.example\/.* \| set the URL/,
    ],
    [
      "nobody listening",
      async () => await diagnose({ env: { TRANCHE_URL: await closedPort() } }),
      /^url \| .*the connection is refused \| is it running/,
    ],
    [
      "a certificate of another name",
      async () => await diagnose({ env: { TRANCHE_URL: `https://${await listening(createTlsServer(await selfSigned()))}` } }),
      /^url \| .*TLS fails.* \| is the URL's name/,
    ],
    [
      "a dead cron",
      async () =>
        await during("update providers set heartbeat_at = now() - interval '5 minutes' where name = 'cloudflare'", wellProviders, () =>
          diagnose(),
        ),
      /^cron of cloudflare \| its latest round was 5 min .* \| .*wrangler\.toml/,
    ],
    [
      "rounds that fail",
      async () =>
        await during(
          `insert into leases (name, holder, provider, acquired_at, expires_at) values ('shard:0', 'cloudflare:run', 'cloudflare', now(), now() + interval '1 minute');
           insert into job_runs (job, provider, last_started_at, failed_rounds) values ('tick:0', 'cloudflare', now(), 12)`,
          "update job_runs set failed_rounds = 0",
          () => diagnose(),
        ),
      /^shard 0 \| its last 12 rounds failed on cloudflare/,
    ],
    [
      "a peer that is away",
      async () =>
        await during(
          "update providers set public_ok_since = null, public_error = '/healthz answered 530' where name = 'vercel'",
          wellProviders,
          () => diagnose(),
        ),
      /^public face of vercel \| .*\/healthz answered 530 \| .*PEER_URL/,
    ],
    [
      "a peer that this machine does not reach",
      async () => await diagnose({ args: ["--peer", await closedPort()] }),
      /^url of the peer \| .*refused/,
    ],
    [
      "a Route 53 action that is denied",
      async () => {
        aws.setPolicies(CREDENTIALS.accessKeyId, [
          { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["route53:Get*", "route53:List*"], Resource: "*" }] },
        ]);
        const env = { HOME: "/nonexistent", TRANCHE_URL: url, TRANCHE_TOKEN: editor };
        const { code, out } = await commandProcess(["doctor", "--json"], { env });
        aws.setPolicies(CREDENTIALS.accessKeyId, null);
        await statement("delete from readiness_checks");
        const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
        // The CDNs of this test are not there.
        return { code, ok, findings: findings.filter(({ check }) => !check.endsWith("_target")) };
      },
      /^web: permission \| app\.example\.com: .*ChangeResourceRecordSets/,
    ],
    [
      "no SECRETS_KEY",
      async () => await diagnose({ env: { TRANCHE_URL: keylessUrl } }),
      /^secrets key \| .*SECRETS_KEY is not set \| set SECRETS_KEY/,
    ],
    [
      "a SECRETS_KEY that sealed nothing",
      async () => await diagnose({ env: { TRANCHE_URL: sealedUrl } }),
      /^sealed secrets \| 1 do not open .* \| set SECRETS_KEY/,
    ],
    [
      "a channel that fails",
      async () =>
        await during(
          "update channels set failures = 4, last_error = 'HTTP 503'",
          "update channels set failures = 0, last_error = null",
          () => diagnose({ env: { TRANCHE_TOKEN: editor } }),
        ),
      /^channel ops \| its last 4 attempts failed: HTTP 503 \| .*\/test/,
    ],
    [
      "a channel that is switched off",
      async () =>
        await during(
          "update channels set disabled_at = now(), disabled_reason = 'gone'",
          "update channels set disabled_at = null, disabled_reason = null",
          () => diagnose({ env: { TRANCHE_TOKEN: editor } }),
        ),
      /^channel ops \| it is disabled: gone/,
    ],
    ["a wrong token", async () => await diagnose({ env: { TRANCHE_TOKEN: "trn_wrong" } }), /^token \| .* \| tranche login/],
    [
      "a provider's clock",
      async () => await during("update providers set clock_skew_ms = 61000 where name = 'vercel'", wellProviders, () => diagnose()),
      /^clock of vercel \| it is 61\.0 s ahead of the database's \| synchronise/,
    ],
    [
      "a cron of one job that comes no more",
      async () =>
        await during("update job_runs set last_succeeded_at = now() - interval '5 hours' where job = 'prune'", wellJobs, () => diagnose()),
      /^job prune \| it ran well 5 h 0 min ago, and is due every 1 h 0 min \| the cron "37 \* \* \* \*" comes on neither provider: .*vercel\.json.*\/internal\/cron\/prune/,
    ],
    [
      "a job that has never run",
      async () => await during("delete from job_runs where job = 'prune'", wellJobs, () => diagnose()),
      /^job prune \| it has never run well, and is due every 1 h 0 min \| the cron "37 \* \* \* \*" comes on neither provider/,
    ],
    [
      "a job that does not end well while others of its cron do",
      async () =>
        await during("update job_runs set last_succeeded_at = now() - interval '1 hour' where job = 'rollup'", wellJobs, () => diagnose()),
      /^job rollup \| it ran well 1 h 0 min ago, and is due every 5 min 0 s \| its cron comes, .*\/internal\/cron\/rollup/,
    ],
    [
      "a job that fails",
      async () =>
        await during(
          "insert into job_runs (job, provider, failures, last_started_at, last_failed_at) values ('bill', 'cloudflare', 3, now(), now())",
          "update job_runs set last_succeeded_at = now() + interval '1 second', successes = 1",
          () => diagnose(),
        ),
      /^job .* on cloudflare \| it has failed since/,
    ],
  ];

  it.each(broken)("%s", async (_, diagnosis, says) => {
    const found = await diagnosis();
    expect(failing(found)).toEqual([expect.stringMatching(says)]);
    expect([found.code, found.ok]).toEqual([1, false]);
  });

  it("a viewer's token, no evidence key, a clock here: what is no fault is a warning, and no failure", async () => {
    const found = await commandProcess(["doctor", "--json"], { env: { HOME: "/nonexistent", TRANCHE_URL: url, TRANCHE_TOKEN: viewer } });
    const { findings } = JSON.parse(found.out) as { findings: Finding[] };
    expect(findings).toContainEqual(
      expect.objectContaining({ check: "token", result: "warn", detail: expect.stringContaining("only reads") as string }),
    );
    const keyless = await diagnose({ env: { TRANCHE_URL: keylessUrl } });
    expect(keyless.findings).toContainEqual(expect.objectContaining({ check: "signing key", result: "warn" }));
    const late = createPlainServer((request, response) => {
      void fetch(`${url}${request.url ?? ""}`, {
        headers: Object.fromEntries(
          ["accept", "authorization", "x-customer-id"].flatMap((name) =>
            typeof request.headers[name] === "string" ? [[name, request.headers[name]]] : [],
          ),
        ),
      }).then(async (answer) =>
        response
          .writeHead(answer.status, {
            "content-type": answer.headers.get("content-type") ?? "",
            date: new Date(Date.now() + 3_600_000).toUTCString(),
          })
          .end(await answer.text()),
      );
    });
    const skewed = await diagnose({ env: { TRANCHE_URL: `http://${await listening(late)}` } });
    expect(skewed.findings).toContainEqual(
      expect.objectContaining({
        check: "clock here",
        result: "warn",
        detail: expect.stringMatching(/is (?:3599|3600|3601) s behind/) as string,
      }),
    );
  });
});
