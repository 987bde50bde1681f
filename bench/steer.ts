import { sql } from "drizzle-orm";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import type { Postgres } from "../local/postgres.ts";
import { startPostgres } from "../local/postgres.ts";
import { startRoute53 } from "../local/route53/server.ts";
import type { RecordedRequest, Route53Server } from "../local/route53/server.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { sealedDnsAccounts } from "../src/adapters/db/steering/dns-accounts.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import { createDnsDirectory } from "../src/adapters/route53/dns-directory.ts";
import type { Clock } from "../src/adapters/ports/platform/clock.ts";
import type { DnsBudget } from "../src/adapters/ports/steering/dns.ts";
import type { Prober } from "../src/adapters/ports/detection/probe.ts";
import { createRoute53 } from "../src/adapters/route53/route53.ts";
import { createDnsTalk, runRound } from "../src/pipeline/round.ts";
import { createConnections } from "../src/pipeline/connection-slots.ts";
import { benchNeighbours } from "./neighbours.ts";
import { printTable } from "./table.ts";

const domains = 2_000;
const perService = 20;
const zones = ["one.test", "two.test", "three.test"] as const;
const budgetPerSecond = 5;
/** DELETE and CREATE of both records. */
const recordsPerDomain = 4;
const batchLimit = 1_000;
const mostChangeCalls = 2 * Math.ceil((domains * recordsPerDomain) / batchLimit);
/** The operator's 400 seconds are played in twenty: both sides of that conversation look at one fast clock. */
const speed = 20;

const credentials = { accessKeyId: "AKIATRANCHEBENCH0000", secretAccessKey: "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY" };
const nameOf = (index: number): string => `host-${index}.${zones[index % zones.length]}`;
const names = Array.from({ length: domains }, (_, index) => nameOf(index));

/** An account whose requests are limited as Route 53's were until July 2026, with a burst of one second. */
const startAccount = async (clock: Clock): Promise<Route53Server> => {
  const server = await startRoute53({
    ...credentials,
    zones: zones.map((name) => ({ name })),
    requestsPerSecond: budgetPerSecond,
    burst: budgetPerSecond,
    now: clock.nowMs,
    insyncAfterMs: 1_000,
  });
  zones.forEach((zone, index) => {
    const own = names.filter((name) => name.endsWith(`.${zone}`));
    server.seed(
      server.zones[index]?.id ?? "",
      own.flatMap((name) =>
        ["primary", "backup"].map((side) => ({
          name,
          type: "CNAME",
          ttlSeconds: 60,
          setIdentifier: side,
          weight: side === "primary" ? 100 : 0,
          values: [`${side}.cdn.test`],
        })),
      ),
    );
  });
  return server;
};

/** The operator has all the time that it wants. */
const freely: DnsBudget = {
  untilMs: Number.POSITIVE_INFINITY,
  connection: async (_, request) => ({ status: "sent", value: await request(new AbortController().signal) }),
  gate: { enter: async () => ({ leave: () => undefined }) },
};

type Sent = number[];

/** @param sent takes up when each request left: client and account share a process here, and its pauses blur arrivals */
const adapterAt = (server: Route53Server, clock: Clock, sent: Sent) =>
  createRoute53({
    endpoint: server.url,
    region: "us-east-1",
    credentials,
    clock,
    random: Math.random,
    fetch: (input, init) => {
      sent.push(clock.nowMs());
      return fetch(input, init);
    },
  });

/** The most requests that any second saw, and what they were. */
const account = (requests: readonly RecordedRequest[], sent: Sent) => {
  const times = sent.toSorted((a, b) => a - b);
  return {
    calls: requests.length,
    changeCalls: requests.filter(({ method }) => method === "POST").length,
    throttled: requests.filter(({ status }) => status === 400).length,
    peak: Math.max(0, ...times.map((atMs, from) => times.filter((other, index) => index >= from && other < atMs + 1_000).length)),
    ms: (times.at(-1) ?? 0) - (times[0] ?? 0),
  };
};

const seed = async (url: string): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    `
    with c as (insert into customers (name) select 'customer ' || i from generate_series(0, ${domains / perService - 1}) i returning id, name),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
      select c.id, 'service ' || split_part(c.name, ' ', 2), 'cdn-a', 'cdn-b' from c returning id, customer_id, name),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select s.id, s.customer_id, n.name, 'https://a.test', 'https://b.test', 'none', now()
    from jsonb_array_elements_text($1::jsonb) with ordinality n(name, i) join s on s.name = 'service ' || ((n.i - 1) / ${perService})`,
    [JSON.stringify(names)],
  );
  await client.query(`
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies`);
  await client.end();
};

/** What production runs on a real database, the directory of customers' accounts included, through one storm. */
const shift = async (postgres: Postgres, endpointUrl: string) => {
  const server = await startAccount(systemClock);
  const sent: Sent = [];
  try {
    const url = postgres.urlFor("postgres");
    await migrate(url);
    await seed(url);
    const db = connect(url, endpointUrl);
    const leases = createLeaseStore(db);
    const fence = await leases.acquire("shard:0", "local", "local:bench");
    if (fence === null) throw new Error("the lease of a fresh database is taken");
    let dead = false;
    const prober: Prober = {
      probe: async (request) => ({ kind: "answer", status: dead && request.url.startsWith("https://a.test") ? 503 : 200, latencyMs: 1 }),
    };
    const operator = adapterAt(server, systemClock, sent);
    const directory = { reads: 0, startedAtMs: Date.now() };
    const dnsDirectory = createDnsDirectory({
      operator,
      secrets: null,
      clock: systemClock,
      endpoint: null,
      assume: null,
      connect: () => operator,
      accounts: async (ids) => {
        directory.reads += 1;
        return await sealedDnsAccounts(db, ids);
      },
    });
    const connections = createConnections(systemClock);
    const dnsTalk = createDnsTalk(systemClock, connections);
    const deps = {
      rounds: createRoundStore(db),
      prober,
      dns: operator,
      dnsDirectory,
      connections,
      dnsTalk,
      clock: systemClock,
      vantage: "local",
      slowPaths: new Set<string>(),
      probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 2_000 },
      driftCheckMs: 3_600_000,
    };
    // A reading goes on from round to round, so that a round's requests are those since the one before.
    const round = async () => {
      const report = await runRound(deps, fence, { index: 0, count: 1 }, Date.now());
      const seen = { report, ...account(server.requests, sent) };
      server.requests.length = 0;
      sent.length = 0;
      return seen;
    };
    const counted = sql`select count(*) as count from domain_routing where read_at is not null`;
    const read = async (): Promise<number> => (await db.rows<{ count: number }>(counted))[0]?.count ?? 0;
    const reading = { calls: 0, peak: 0, throttled: 0 };
    for (let index = 0; index < 40 && (index < 4 || (await read()) < domains); index += 1) {
      const { calls, peak, throttled } = await round();
      reading.calls += calls;
      reading.throttled += throttled;
      reading.peak = Math.max(reading.peak, peak);
    }
    await round();
    dead = true;
    let storm = await round();
    for (let index = 0; storm.report.switches === 0 && index < 10; index += 1) storm = await round();
    // Its changes get in sync, which is polled; then nothing is left to poll.
    for (let index = 0; index < 4; index += 1) {
      await systemClock.sleep(1_100);
      await round();
    }
    const steady = { calls: 0 };
    for (let index = 0; index < 5; index += 1) steady.calls += (await round()).calls;
    const shifted = names.filter((name, index) =>
      server
        .records(server.zones[index % zones.length]?.id ?? "")
        .some((set) => set.name === `${name}.` && set.setIdentifier === "backup" && set.weight === 100),
    ).length;
    dnsTalk.reading.stop();
    return { reading, storm, steady, shifted, reads: directory.reads, readingMs: Date.now() - directory.startedAtMs };
  } finally {
    await server.close();
  }
};

/** An operator that does right by every domain, one call each, and keeps to the same budget. */
const oneByOne = async () => {
  const startMs = Date.now();
  const clock: Clock = {
    nowMs: () => startMs + (Date.now() - startMs) * speed,
    sleep: async (ms) => await systemClock.sleep(ms / speed),
  };
  const server = await startAccount(clock);
  try {
    const sent: Sent = [];
    const dns = adapterAt(server, clock, sent);
    const readings = await dns.read(names, freely);
    server.requests.length = 0;
    sent.length = 0;
    const results = await Promise.all(
      zones.map(async (zone) => {
        const own = names.filter((name) => name.endsWith(`.${zone}`));
        let accepted = 0;
        for (const domain of own) {
          const reading = readings.get(domain);
          if (reading?.status !== "found") continue;
          const [result] = await dns.apply(
            [{ domain, zoneId: reading.zoneId, records: reading.records, to: { primary: 0, backup: 100 } }],
            freely,
          );
          if (result?.status === "accepted") accepted += 1;
        }
        return accepted;
      }),
    );
    return { shifted: results.reduce((sum, one) => sum + one, 0), ...account(server.requests, sent) };
  } finally {
    await server.close();
  }
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Calls and time of a mass switch, beside an operator that makes one call per domain, on accounts of the same budget. */
export const benchSteer = async (): Promise<void> => {
  process.stdout.write(
    `\nsteer: ${domains} domains in ${zones.length} zones leave a dead CDN; Route 53 allows ${budgetPerSecond} requests a second\n\n`,
  );
  const postgres = await startPostgres();
  const endpoint = await startSqlEndpoint({});
  try {
    const misses = [...(await benchMassSwitch(postgres, endpoint.url)), ...(await benchNeighbours(postgres, endpoint.url))];
    for (const miss of misses) process.stdout.write(`MISSED: ${miss}\n`);
    if (misses.length > 0) process.exitCode = 1;
  } finally {
    await endpoint.close();
    await postgres.close();
  }
};

const benchMassSwitch = async (postgres: Postgres, endpointUrl: string): Promise<readonly string[]> => {
  const { reading, storm, steady, shifted, reads, readingMs } = await shift(postgres, endpointUrl);
  const operator = await oneByOne();
  printTable(
    ["", "domains shifted", "change calls", "all calls", "most in a second", "throttled", "first call to last"],
    [
      [
        "tranche, one round",
        String(storm.report.switches),
        String(storm.changeCalls),
        String(storm.calls),
        String(storm.peak),
        String(storm.throttled),
        seconds(storm.ms),
      ],
      [
        "one call per domain",
        String(operator.shifted),
        String(operator.changeCalls),
        String(operator.calls),
        String(operator.peak),
        String(operator.throttled),
        seconds(operator.ms),
      ],
    ],
  );
  const ratio = operator.changeCalls / Math.max(1, storm.changeCalls);
  process.stdout.write(`
change calls allowed: 2 x ceil(${domains * recordsPerDomain} records / ${batchLimit}) = ${mostChangeCalls}; ${ratio.toFixed(0)} times fewer than one per domain
reading all ${domains} pairs for the first time: ${reading.calls} calls; five rounds after the storm's switch was in sync: ${steady.calls} calls
the accounts of ${domains / perService} customers are read ${reads} times in ${seconds(readingMs)}; a reading is good for half a minute
The operator's conversation is played ${speed} times as fast, its account's clock and its own alike; tranche's in real time.
`);
  return [
    storm.report.switches !== domains || shifted !== domains ? `${storm.report.switches} of ${domains} domains shifted in one round` : "",
    storm.changeCalls > mostChangeCalls ? `${storm.changeCalls} change calls, at most ${mostChangeCalls} wanted` : "",
    Math.max(storm.peak, reading.peak) > budgetPerSecond
      ? `${Math.max(storm.peak, reading.peak)} requests in a second, at most ${budgetPerSecond} wanted`
      : "",
    steady.calls > 0 ? `${steady.calls} calls in the steady state, none wanted` : "",
    storm.throttled + reading.throttled > 0 ? `throttled ${storm.throttled + reading.throttled} times` : "",
    reads > 1 + Math.ceil(readingMs / 30_000) ? `accounts are read ${reads} times in ${seconds(readingMs)}` : "",
  ].filter((miss) => miss !== "");
};
