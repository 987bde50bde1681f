import { once } from "node:events";
import { Worker } from "node:worker_threads";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import type { Dns, PairReading } from "../src/adapters/ports/steering/dns.ts";
import { createProber } from "../src/adapters/probing/prober.ts";
import type { RoundDeps } from "../src/pipeline/round.ts";
import { runRound } from "../src/pipeline/round.ts";
import { runWitness } from "../src/pipeline/witness.ts";
import type { OutsideAsk, OutsideCounts } from "./cost-outside.ts";

export const intervalMs = 10_000;
export const driftCheckMs = 300_000;
const shard = { index: 0, count: 1 };

const primaryOf = (name: string) => `d${name.length}k3x9p2vq7w1.cloudfront.example`;
const backupOf = (name: string) => `${name.replaceAll(".", "-")}.map.fastly.example`;

/** Weighted pairs as Route 53 gives them, kept in memory: what the database is asked is measured, not what Route 53 is. */
const memoryDns = (): Dns => {
  const weights = new Map<string, { primary: number; backup: number }>();
  const reading = (name: string): PairReading => {
    const { primary, backup } = weights.get(name) ?? { primary: 100, backup: 0 };
    const record = { name, type: "CNAME", ttl: 60 };
    return {
      status: "found",
      zoneId: "Z0123456789ABCDEFGHIJ",
      records: [
        { ...record, setIdentifier: "primary", weight: primary, values: [`${primaryOf(name)}.`] },
        { ...record, setIdentifier: "backup", weight: backup, values: [`${backupOf(name)}.`] },
      ],
    };
  };
  return {
    provider: "route53",
    read: async (names) => new Map(names.map((name) => [name, reading(name)])),
    apply: async (changes) =>
      changes.map(({ domain, to }) => {
        weights.set(domain, to);
        return { domain, status: "accepted", changeId: `C0123456789${domain.length}ABCDEFGHI-${domain}`, acceptedAtMs: Date.now() };
      }),
    status: async (ids) => new Map(ids.map((id) => [id, "insync" as const])),
  };
};

/** Customers with twenty services of one proven domain each, as an operator has them. */
const seed = async (client: pg.Client, domains: number): Promise<void> => {
  await client.query(`
    with c as (insert into customers (name) select 'customer ' || i from generate_series(1, greatest(1, ${domains} / 20)) i returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
      select (select min(id) from c) + mod(i, (select count(*) from c)), 'downloads ' || i, 'cloudfront', 'fastly' from generate_series(1, ${domains}) i returning id, customer_id),
    p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select s.id, s.customer_id, n.name, 'd' || length(n.name) || 'k3x9p2vq7w1.cloudfront.example', replace(n.name, '.', '-') || '.map.fastly.example', 'none', now()
    from s cross join lateral (select 'downloads-' || s.id || '.customer.example' as name) n`);
  await client.query(`
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
    select id, 1, 0.9, 60, 300, 1.5, 3, 3 from storm_policies`);
};

/** What a number of rounds came to. */
export type Measured = OutsideCounts & { readonly cpuMs: number; readonly samples: number };

/** A shard of that many domains on real PostgreSQL, in time that a round moves on by its interval, with both providers at work. */
export const createCostWorld = async (domains: number, startMs: number) => {
  const postgres = await startPostgres();
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  await seed(client, domains);
  const outside = new Worker(new URL("cost-outside.ts", import.meta.url));
  const [{ origin, endpoint }] = (await once(outside, "message")) as [{ origin: string; endpoint: string }];
  const ask = async <Answer>(message: OutsideAsk): Promise<Answer> => {
    outside.postMessage(message, []);
    return ((await once(outside, "message")) as [Answer])[0];
  };

  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, sleep: systemClock.sleep };
  const send: typeof fetch = (input, init) =>
    fetch(`${origin}/${typeof input === "string" && input.includes(".cloudfront.example") ? "primary" : "other"}`, init);
  const db = connect(url, endpoint);
  const depsOf = (vantage: string): RoundDeps => ({
    rounds: createRoundStore(db),
    prober: createProber(send, () => performance.now()),
    dns: memoryDns(),
    clock,
    vantage,
    slowPaths: new Set(),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs,
  });
  const [holder, witness] = [depsOf("cloudflare"), depsOf("vercel")];
  const fence = await createLeaseStore(db).acquire("shard:0", "cloudflare", "cloudflare:bench", shard.count);
  if (fence === null) throw new Error("the lease of a fresh database is taken");

  const measured = async (round: () => Promise<{ samples: number }>): Promise<Measured> => {
    await ask<OutsideCounts>("counts");
    const before = process.threadCpuUsage();
    const { samples } = await round();
    const { user, system } = process.threadCpuUsage(before);
    return { ...(await ask<OutsideCounts>("counts")), cpuMs: (user + system) / 1_000, samples };
  };
  return {
    client,
    db,
    url,
    fence,
    nowMs: () => nowMs,
    primaryFails: async (primaryFails: boolean) => await ask<null>({ primaryFails }),
    /** A round of the witness, and then one of the holder, in the next slot. */
    rounds: async () => {
      nowMs += intervalMs;
      const watched = await measured(() => runWitness(witness, shard, nowMs));
      const acted = await measured(() => runRound(holder, fence, shard, nowMs));
      return { watched, acted };
    },
    close: async () => {
      await client.end();
      await outside.terminate();
      await postgres.close();
    },
  };
};

export type CostWorld = Awaited<ReturnType<typeof createCostWorld>>;
