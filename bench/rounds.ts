import pg from "pg";
import { startToyCdn } from "../local/cdn/toy-cdn.ts";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import type { Dns } from "../src/adapters/ports/steering/dns.ts";
import { createProber } from "../src/adapters/probing/prober.ts";
import { runRound } from "../src/pipeline/round.ts";
import { printTable } from "./table.ts";

const sizes = [1, 100, 2_000] as const;
const limit = 6;

/** A DNS in memory: the benchmark counts what the database is asked, not what Route 53 is. */
export const memoryDns = (): Dns => {
  const weights = new Map<string, { primary: number; backup: number }>();
  return {
    provider: "log",
    read: async (domains) =>
      new Map(
        domains.map((name) => {
          const { primary, backup } = weights.get(name) ?? { primary: 100, backup: 0 };
          const record = { name, type: "CNAME", ttl: 60 };
          return [
            name,
            {
              status: "found",
              zoneId: "Z",
              records: [
                { ...record, setIdentifier: "primary", weight: primary, values: ["a.test"] },
                { ...record, setIdentifier: "backup", weight: backup, values: ["b.test"] },
              ],
            },
          ] as const;
        }),
      ),
    apply: async (changes) =>
      changes.map(({ domain, to }) => {
        weights.set(domain, to);
        return { domain, status: "accepted", changeId: `C-${domain}`, acceptedAtMs: Date.now() };
      }),
    status: async (ids) => new Map(ids.map((id) => [id, "insync" as const])),
  };
};

const seed = async (url: string, domains: number, primary: string, backup: string): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`
    with c as (insert into customers (name) select 'customer ' || i from generate_series(1, greatest(1, ${domains} / 20)) i returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
      select (select min(id) from c) + mod(i, (select count(*) from c)), 'service ' || i, 'cdn-a', 'cdn-b' from generate_series(1, ${domains}) i returning id, customer_id),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select id, customer_id, 'host-' || id || '.example.test', '${primary}', '${backup}', 'none', now() from s`);
  await client.query(`
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies`);
  await client.end();
};

/** Round trips to the database per round: counted at the SQL endpoint, in calm and in the round of a mass switch. */
export const benchRounds = async (): Promise<void> => {
  process.stdout.write("\nrounds: what one probe round of a shard asks of the database\n\n");
  const rows: string[][] = [];
  let worst = 0;
  for (const domains of sizes) {
    const postgres = await startPostgres();
    const endpoint = await startSqlEndpoint({});
    const [primary, backup] = [await startToyCdn({ name: "a" }), await startToyCdn({ name: "b" })];
    const url = postgres.urlFor("postgres");
    await migrate(url);
    await seed(url, domains, primary.url, backup.url);
    const db = connect(url, endpoint.url);
    const fence = await createLeaseStore(db).acquire("shard:0", "local", "local:bench");
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
      endpoint.stats.reset();
      const startedAtMs = performance.now();
      const report = await runRound(deps, fence, { index: 0, count: 1 }, roundAtMs);
      return { trips: endpoint.stats.requests, ms: performance.now() - startedAtMs, ...report };
    };
    const slot = Math.floor(Date.now() / 500) * 500;
    for (let index = 8; index > 0; index -= 1) await round(slot - index * 500);
    const calm = await round(slot);
    await primary.setFault("5xx");
    let storm = await round(slot + 500);
    for (let index = 2; storm.switches === 0 && index < 40; index += 1) storm = await round(slot + index * 500);
    worst = Math.max(worst, calm.trips, storm.trips);
    rows.push([
      String(domains),
      String(calm.trips),
      String(storm.trips),
      String(storm.switches),
      String(limit),
      `${domains * 4} : ${storm.trips}`,
      `${calm.ms.toFixed(0)} ms`,
      `${storm.ms.toFixed(0)} ms`,
    ]);
    await Promise.all([primary.close(), backup.close(), endpoint.close()]);
    await postgres.close();
  }
  printTable(
    ["domains", "round trips, calm", "round trips, storm", "switches", "limit", "loop over domains : tranche", "calm round", "storm round"],
    rows,
  );
  process.stdout.write(
    `\n"loop over domains" is a worker that stores, reads, decides and records domain by domain: four round trips each.\n`,
  );
  if (worst > limit) {
    process.stdout.write(`MISSED: ${worst} round trips, at most ${limit} wanted\n`);
    process.exitCode = 1;
  }
};
