import pg from "pg";
import { migrate } from "../local/migrate.ts";
import type { Postgres } from "../local/postgres.ts";
import { startRoute53 } from "../local/route53/server.ts";
import type { Route53Server } from "../local/route53/server.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { dnsSealingContext, sealedDnsAccounts } from "../src/adapters/db/steering/dns-accounts.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import { createDnsDirectory } from "../src/adapters/route53/dns-directory.ts";
import { createDnsRefusal } from "../src/adapters/route53/dns-log.ts";
import type { Clock } from "../src/adapters/ports/platform/clock.ts";
import type { Prober } from "../src/adapters/ports/detection/probe.ts";
import { systemRandom } from "../src/adapters/platform/random.ts";
import { createRoute53 } from "../src/adapters/route53/route53.ts";
import { createSecrets } from "../src/adapters/platform/secrets.ts";
import { createDnsTalk, runRound } from "../src/pipeline/round.ts";
import { createConnections } from "../src/pipeline/connection-slots.ts";
import { printTable } from "./table.ts";

const accounts = 50;
const intervalMs = 10_000;
/** Everything but the database is played so many times as fast: both sides of each conversation look at one fast clock. */
const speed = 10;
/** The trouble has lasted for so many rounds when the storm comes. */
const roundsBefore = 9;

type Trouble = "throttled" | "denied" | "silent";
export type Case = { readonly sick: number; readonly trouble: Trouble | null; readonly begins: "before" | "with the storm" };
export type Outcome = Case & {
  /** From the CDN's death until the last healthy account's switch was accepted; null: one never was. */
  readonly lastMs: number | null;
  readonly medianMs: number;
  readonly longestRoundMs: number;
  readonly abandoned: number;
};

const keyOf = (account: number): string => `AKIANEIGHBOUR${String(account).padStart(7, "0")}`;
const secret = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";
const nameOf = (account: number): string => `app.zone${account}.test`;

const seed = async (url: string, sealed: readonly string[]): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    with c as (insert into customers (name) select 'customer ' || i from generate_series(0, ${accounts - 1}) i returning id, name),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, name, 'cdn-a', 'cdn-b' from c returning id, customer_id, name),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id),
    a as (insert into dns_accounts (customer_id, region, access_key_id, sealed_secret)
      select c.id, 'us-east-1', 'AKIANEIGHBOUR' || lpad(split_part(c.name, ' ', 2), 7, '0'), 'later' from c)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select id, customer_id, 'app.zone' || split_part(name, ' ', 2) || '.test', 'https://a.test', 'https://b.test', 'none', now() from s`);
  await client.query(`
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies`);
  // Sealed for a customer of that number: ids begin at 1 in a fresh database.
  await client.query(
    "update dns_accounts a set sealed_secret = s.text from jsonb_array_elements_text($1::jsonb) with ordinality s(text, id) where a.customer_id = s.id",
    [JSON.stringify(sealed)],
  );
  await client.end();
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Rounds as production runs them, with each customer's own account from the directory, through one storm. */
const play = async (postgres: Postgres, endpointUrl: string, one: Case): Promise<Outcome> => {
  const database = `neighbours_${one.sick}_${one.trouble ?? "none"}_${one.begins.replaceAll(" ", "_")}`;
  const admin = new pg.Client(postgres.urlFor("postgres"));
  await admin.connect();
  await admin.query(`create database ${database}`);
  await admin.end();
  const url = postgres.urlFor(database);
  await migrate(url);
  const secrets = createSecrets([btoa("k".repeat(32))], systemRandom);
  const sealed = await Promise.all(
    Array.from({ length: accounts }, (_, account) => secrets.seal(secret, dnsSealingContext(account + 1, keyOf(account)))),
  );
  await seed(url, sealed);
  const db = connect(url, endpointUrl);

  // So far behind that it never overtakes the database's clock, which refuses samples of the future.
  const realMs = Date.now();
  const startMs = Math.floor((realMs - 3_600_000) / intervalMs) * intervalMs;
  const clock: Clock = {
    nowMs: () => startMs + (Date.now() - realMs) * speed,
    sleep: async (ms, until) => await systemClock.sleep(ms / speed, until),
  };
  const servers: Route53Server[] = [];
  for (let account = 0; account < accounts; account += 1) {
    const server = await startRoute53({
      accessKeyId: keyOf(account),
      secretAccessKey: secret,
      zones: [{ name: `zone${account}.test` }],
      now: clock.nowMs,
      insyncAfterMs: 30_000,
    });
    server.seed(
      server.zones[0]?.id ?? "",
      (["primary", "backup"] as const).map((side) => ({
        name: nameOf(account),
        type: "CNAME",
        ttlSeconds: 60,
        setIdentifier: side,
        weight: side === "primary" ? 100 : 0,
        values: [`${side}.cdn.test`],
      })),
    );
    servers.push(server);
  }
  const silent = new Set<number>();
  const dnsDirectory = createDnsDirectory({
    operator: createDnsRefusal("the operator has no account here", false),
    accounts: (ids) => sealedDnsAccounts(db, ids),
    secrets,
    clock,
    assume: null,
    endpoint: null,
    connect: (place, credentials) => {
      const account = "get" in credentials ? -1 : Number(credentials.accessKeyId.slice("AKIANEIGHBOUR".length));
      const server = servers[account];
      if (server === undefined) throw new Error("an account that nobody has");
      return createRoute53({
        ...place,
        endpoint: server.url,
        credentials,
        clock,
        random: Math.random,
        fetch: (input, init) =>
          silent.has(account)
            ? new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))))
            : fetch(input, init),
      });
    },
  });
  // Interleaved with the others, as accounts are.
  const isSick = (account: number): boolean =>
    Math.floor(((account + 1) * one.sick) / accounts) > Math.floor((account * one.sick) / accounts);
  const sicken = (): void => {
    for (const [account, server] of servers.entries()) {
      if (!isSick(account)) continue;
      if (one.trouble === "silent") silent.add(account);
      else if (one.trouble !== null) server.setFault({ kind: one.trouble === "throttled" ? "throttle" : "access-denied" });
    }
  };
  let dead = false;
  const prober: Prober = {
    probe: async ({ url: probed }) => ({ kind: "answer", status: dead && probed.startsWith("https://a.test") ? 503 : 200, latencyMs: 1 }),
  };
  const leases = createLeaseStore(db);
  const fence = await leases.acquire("shard:0", "local", "local:bench");
  if (fence === null) throw new Error("the lease of a fresh database is taken");
  const connections = createConnections(clock);
  const deps = {
    rounds: createRoundStore(db),
    prober,
    dns: dnsDirectory.operator,
    dnsDirectory,
    clock,
    vantage: "local",
    slowPaths: new Set<string>(),
    connections,
    dnsTalk: createDnsTalk(clock, connections),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 30_000,
  };
  let longestRoundMs = 0;
  const round = async (): Promise<void> => {
    const roundAtMs = Math.ceil(clock.nowMs() / intervalMs) * intervalMs;
    await clock.sleep(roundAtMs - clock.nowMs());
    await runRound(deps, fence, { index: 0, count: 1 }, roundAtMs);
    longestRoundMs = Math.max(longestRoundMs, clock.nowMs() - roundAtMs);
  };
  const isHealthySwitched = (): boolean => servers.every((server, account) => isSick(account) || server.changes.length > 0);
  try {
    for (let count = 0; count < 5; count += 1) await round();
    if (one.begins === "before") sicken();
    for (let count = 0; count < roundsBefore; count += 1) await round();
    if (one.begins === "with the storm") sicken();
    // As the CDN dies right after a round has looked.
    dead = true;
    const diedAtMs = clock.nowMs();
    for (let count = 0; count < 15 && !isHealthySwitched(); count += 1) await round();
    const took = servers.flatMap((server, account) =>
      isSick(account) ? [] : [server.changes[0] === undefined ? null : server.changes[0].acceptedAtMs - diedAtMs],
    );
    const known = took.filter((ms) => ms !== null);
    const abandoned = connections.takeAbandoned().reduce((sum, { count }) => sum + count, 0);
    return { ...one, lastMs: known.length < took.length ? null : Math.max(...known), medianMs: median(known), longestRoundMs, abandoned };
  } finally {
    deps.dnsTalk.reading.stop();
    await Promise.all(servers.map(async (server) => await server.close()));
  }
};

const seconds = (ms: number | null): string => (ms === null ? "never" : `${(ms / 1_000).toFixed(1)} s`);

/**
 * Fifty customers with an AWS account each, some of which are in trouble: how long the others wait for their switch.
 * @returns what was missed
 */
export const benchNeighbours = async (postgres: Postgres, endpointUrl: string): Promise<readonly string[]> => {
  const cases: readonly Case[] = [
    { sick: 0, trouble: null, begins: "before" },
    ...(["throttled", "denied", "silent"] as const).flatMap((trouble) =>
      [10, 49].map((sick): Case => ({ sick, trouble, begins: "before" })),
    ),
    ...[10, 49].map((sick): Case => ({ sick, trouble: "silent", begins: "with the storm" })),
  ];
  process.stdout.write(
    `\nneighbours: ${accounts} customers with an AWS account each leave a dead CDN; some of the accounts are in trouble\n\n`,
  );
  const outcomes: Outcome[] = [];
  for (const one of cases) outcomes.push(await play(postgres, endpointUrl, one));
  const alone = outcomes[0]?.lastMs ?? Number.POSITIVE_INFINITY;
  printTable(
    [
      "accounts in trouble",
      "since",
      "median of the healthy",
      "last of the healthy",
      "to none in trouble",
      "longest round",
      "calls abandoned",
    ],
    outcomes.map((one) => [
      one.trouble === null ? "none" : `${one.sick} of ${accounts} ${one.trouble}`,
      one.trouble === null ? "" : one.begins === "before" ? `${roundsBefore} rounds` : "the storm",
      seconds(one.medianMs),
      seconds(one.lastMs),
      one.lastMs === null ? "" : (one.lastMs / alone).toFixed(2),
      seconds(one.longestRoundMs),
      String(one.abandoned),
    ]),
  );
  process.stdout.write(`
From the CDN's death until Route 53 accepted; a round is ${intervalMs / 1_000} s. All six connections of an invocation are shared by everybody.
Where 49 accounts fall silent in the very moment of the storm nobody can know which are well: the healthy one has its turn among
them, five at a time. Everything but the database is played ${speed} times as fast.
`);
  return outcomes.flatMap((one) => {
    const isBound = one.begins === "before" || one.sick <= 10;
    const late = one.lastMs === null || one.lastMs > alone + intervalMs;
    return isBound && late
      ? [
          `${one.sick} ${one.trouble} accounts: the healthy ones' last switch after ${seconds(one.lastMs)}, at most ${seconds(alone + intervalMs)} wanted`,
        ]
      : [];
  });
};
