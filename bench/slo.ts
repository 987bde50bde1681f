import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import pg from "pg";
import { startToyCdn } from "../local/cdn/toy-cdn.ts";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import type { Database } from "../src/adapters/db/platform/client.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import { createObjectiveMeasures } from "../src/adapters/db/slo/measures.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { createProber } from "../src/adapters/probing/prober.ts";
import { statusOf } from "../src/domain/slo/status.ts";
import { runRound } from "../src/pipeline/round.ts";
import { memoryDns } from "./rounds.ts";
import { printTable } from "./table.ts";

const objectives = 10_000;
const days = 35;
const spansEach = 20;
const runs = 20;
/** What issue and documents promise. */
const limitMs = 1_000;
const leastRatio = 20;

const at = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;

const seed = async (client: pg.Client): Promise<void> => {
  await client.query(`
    with c as (insert into customers (name) values ('bench') returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select c.id, 'service ' || i, 'cdn-a', 'cdn-b' from c, generate_series(1, ${objectives}) i returning id),
    o as (insert into slo_objectives (service_id, name) select id, 'availability' from s returning id),
    v as (insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
      select id, 1, 99.9, 30, case when id % 2 = 0 then 'strict' else 'self-only' end, 50, 80, 5 from o)
    insert into service_states (service_id, started_at, ended_at, state, serving, attribution, upstream_cdn, outage_at)
    select s.id, x.started_at, x.ended_at, x.state, 'primary', x.attribution, case when x.attribution = 'upstream' then 'cdn-a' end, case when x.state = 'down' then x.started_at end
    from s, lateral (
      select f.at + w.part * interval '1 second' * (s.id % 977) as started_at,
        case when i < ${spansEach - 1} then lead(f.at + w.part * interval '1 second' * (s.id % 977)) over (order by i) end as ended_at,
        case i % 4 when 1 then 'down' when 3 then 'unknown' else 'up' end as state, case when i % 4 = 1 then case when i % 8 = 1 then 'self' else 'upstream' end end as attribution
      from generate_series(0, ${spansEach - 1}) i, lateral (select now() - interval '${days} days' * (1 - i / ${spansEach}.0) as at) f, (values (1)) w(part)) x
    order by x.started_at, s.id`);
  await client.query("vacuum analyze");
};

/** What a back end asks that has one objective in hand: its terms, its downtime, what is taken out of it, whether there is an outage. */
const perObjective: readonly ((id: number) => SQL)[] = [
  (id) =>
    sql`select o.*, v.* from slo_objectives o join slo_objective_versions v on (v.objective_id, v.version) = (o.id, o.version) where o.id = ${id}`,
  (id) => sql`
    select x.started_at, x.ended_at, x.state, x.upstream_cdn from service_states x join slo_objectives o on o.service_id = x.service_id
    where o.id = ${id} and coalesce(x.ended_at, 'infinity') > now() - interval '30 days'`,
  (id) =>
    sql`select c.from_at, c.to_at from slo_corrections c join slo_objectives o on o.service_id = c.service_id where o.id = ${id} and c.deleted_at is null`,
];

const benchStatus = async (): Promise<boolean> => {
  const postgres = await startPostgres();
  const endpoint = await startSqlEndpoint({});
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  await seed(client);
  await client.end();
  const db = connect(url, endpoint.url);
  const measures = createObjectiveMeasures(db);
  const ask = async () => await measures.measure({ customerId: 1, page: { limit: objectives, afterId: null } }, null);
  const ids = (await ask()).measured.map(({ objective }) => objective.id);
  const took: number[] = [];
  const judged: number[] = [];
  endpoint.stats.reset();
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    const { atUs, measured } = await ask();
    took.push(performance.now() - startedAt);
    for (const { objective, tallies } of measured) statusOf(objective, tallies, atUs);
    judged.push(performance.now() - startedAt - (took.at(-1) ?? 0));
  }
  const trips = endpoint.stats.requests / runs;
  const loopAt = performance.now();
  for (const id of ids) for (const one of perObjective) await db.rows(one(id));
  const loopMs = performance.now() - loopAt;
  await endpoint.close();
  await postgres.close();
  const sorted = took.toSorted((a, b) => a - b);
  const [p50, p95] = [at(sorted, 0.5), at(sorted, 0.95)];
  const ratio = loopMs / p50;
  printTable(
    [
      "objectives",
      "days",
      "spans",
      "statements",
      "p50",
      "p95",
      "limit",
      "judging them, p50",
      "a loop, one by one",
      "statements",
      "loop : tranche",
    ],
    [
      [
        String(ids.length),
        String(days),
        String(ids.length * spansEach),
        String(trips),
        `${p50.toFixed(0)} ms`,
        `${p95.toFixed(0)} ms`,
        `${limitMs} ms`,
        `${at(
          judged.toSorted((a, b) => a - b),
          0.5,
        ).toFixed(0)} ms`,
        `${(loopMs / 1_000).toFixed(1)} s`,
        String(ids.length * perObjective.length),
        `${ratio.toFixed(0)} : 1`,
      ],
    ],
  );
  return ids.length === objectives && trips === 1 && p95 <= limitMs && ratio >= leastRatio;
};

/** A database that remembers what it was sent. */
const remembering = (db: Database) => {
  const dialect = new PgDialect();
  const sent: string[] = [];
  const note = (query: SQL) => sent.push(dialect.sqlToQuery(query).sql);
  const noting: Database = {
    rows: async (query) => {
      note(query);
      return await db.rows(query);
    },
    batch: async (queries) => {
      queries.forEach(note);
      return await db.batch(queries);
    },
  };
  return { db: noting, sent };
};

const benchRounds = async (services: number): Promise<{ readonly row: string[]; readonly isMet: boolean }> => {
  const postgres = await startPostgres();
  const endpoint = await startSqlEndpoint({});
  const [primary, backup] = [await startToyCdn({ name: "a" }), await startToyCdn({ name: "b" })];
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    with c as (insert into customers (name) values ('bench') returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select c.id, 'service ' || i, 'cdn-a', 'cdn-b' from c, generate_series(1, ${services}) i returning id, customer_id),
    o as (insert into slo_objectives (service_id, name) select id, 'availability' from s returning id),
    v as (insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
      select id, 1, 99.9, 30, 'strict', 50, 80, 5 from o),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id),
    w as (insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
      select id, 1, 0.9, 60, 300, 1.5, 3, 3 from p)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select id, customer_id, 'host-' || id || '.example.test', '${primary.url}', '${backup.url}', 'none', now() from s`);
  await client.end();
  const plain = connect(url, endpoint.url);
  const { db, sent } = remembering(plain);
  const fence = await createLeaseStore(plain).acquire("shard:0", "local", "local:bench");
  if (fence === null) throw new Error("the lease of a fresh database is taken");
  const deps = {
    rounds: createRoundStore(db),
    prober: createProber(fetch, Date.now),
    dns: memoryDns(),
    clock: systemClock,
    vantage: "local",
    slowPaths: new Set<string>(),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs: 500 },
    driftCheckMs: 300_000,
  };
  const round = async (roundAtMs: number) => {
    sent.length = 0;
    await runRound(deps, fence, { index: 0, count: 1 }, roundAtMs);
    return { all: sent.length, ofStates: sent.filter((text) => text.includes("insert into service_states")).length };
  };
  const slot = Math.floor(Date.now() / 500) * 500;
  for (let index = 8; index > 0; index -= 1) await round(slot - index * 500);
  const calm = await round(slot);
  await primary.setFault("5xx");
  let changing = await round(slot + 500);
  for (let index = 2; changing.ofStates === 0 && index < 40; index += 1) changing = await round(slot + index * 500);
  const changed = await plain.rows<{ down: number }>(
    sql`select count(*)::int as down from service_states where ended_at is null and state = 'down'`,
  );
  await Promise.all([primary.close(), backup.close(), endpoint.close()]);
  await postgres.close();
  return {
    row: [
      String(services),
      String(changed[0]?.down ?? 0),
      String(calm.all),
      String(calm.ofStates),
      String(changing.all),
      String(changing.ofStates),
    ],
    isMet: calm.ofStates === 0 && changing.ofStates === 1 && changed[0]?.down === services,
  };
};

/** How objectives stand, of all at once; and what recording their downtime costs a round. */
export const benchSlo = async (): Promise<void> => {
  process.stdout.write("\nslo: how ten thousand objectives stand, in one statement and one by one\n\n");
  const isFast = await benchStatus();
  process.stdout.write("\nslo: what recording states adds to a round; the rest of a changing one is of its storms\n\n");
  const rounds = [await benchRounds(1), await benchRounds(500)];
  printTable(
    ["services", "all down at once", "statements, calm", "of them for states", "statements, changing", "of them for states"],
    rounds.map(({ row }) => row),
  );
  if (!isFast || rounds.some(({ isMet }) => !isMet)) {
    process.stdout.write(
      `MISSED: p95 at most ${limitMs} ms in one statement, ${leastRatio} times as fast as a loop, no statement for states in calm and one in a round of changes wanted\n`,
    );
    process.exitCode = 1;
  }
};
