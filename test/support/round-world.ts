import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import { createRoundStore } from "../../src/adapters/db/round/rounds.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import type { RoundStore } from "../../src/adapters/ports/detection/round.ts";
import { runRound } from "../../src/pipeline/round.ts";
import type { RoundDeps } from "../../src/pipeline/round.ts";
import { countTrips } from "./counting-database.ts";
import type { TestDatabase } from "./database.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createScriptedProber } from "./scripted-prober.ts";
import { createStrictDns } from "./strict-dns.ts";

export const startMs = Date.parse("2026-11-18T11:20:00Z");
export const intervalMs = 10_000;

type DomainSeed = {
  name: string;
  primary?: string | null;
  backup?: string | null;
  verified?: boolean;
  expectStatus?: string;
  probePath?: string;
};
type PolicySeed = {
  kind?: string;
  threshold?: number;
  window?: number;
  cooldown?: number;
  minSamples?: number;
  minFailures?: number;
  latencyMs?: number;
};
export type ServiceSeed = {
  customer?: string;
  name?: string;
  cdns?: [string, string];
  steering?: string;
  failbackSteps?: unknown;
  domains?: DomainSeed[];
  policies?: PolicySeed[];
};

/** The real stores on a real database, with everything else in the hands of the test: time, CDNs, DNS. */
export const createWorld = async (database: TestDatabase) => {
  const { db, count, busy } = countTrips(database.db);
  const sql: TestDatabase["sql"] = async (text, params) => {
    count.under += 1;
    try {
      return await database.sql(text, params);
    } finally {
      count.under -= 1;
    }
  };
  const clock = createFakeClock(startMs, busy);
  const prober = createScriptedProber(clock);
  const dns = createStrictDns(clock);
  const leases = createLeaseStore(db);
  const rounds: RoundStore = { ...createRoundStore(db) };
  const deps: RoundDeps = {
    rounds,
    prober: prober.prober,
    dns: dns.dns,
    clock,
    vantage: "local",
    slowPaths: new Set(),
    probe: { path: "/healthz", timeoutMs: 5_000, intervalMs },
    driftCheckMs: 300_000,
  };
  const acquire = async (provider = "local"): Promise<Fence> => {
    await sql("update leases set expires_at = now() - interval '1 hour', released_at = null");
    const fence = await leases.acquire("shard:0", provider, `${provider}:${crypto.randomUUID()}`);
    if (fence === null) throw new Error("the lease is taken");
    return fence;
  };
  const held = { fence: await acquire() };
  let roundAtMs = startMs - intervalMs;

  const run = (atMs: number, over: Partial<RoundDeps> = {}) => runRound({ ...deps, ...over }, held.fence, { index: 0, count: 1 }, atMs);

  /** The next round, in its slot. */
  const round = async (over: Partial<RoundDeps> = {}) => {
    roundAtMs += intervalMs;
    while (roundAtMs < clock.nowMs()) roundAtMs += intervalMs;
    await clock.advance(roundAtMs - clock.nowMs());
    return await clock.run(run(roundAtMs, over));
  };
  const roundsOf = async (number: number) => {
    const reports = [];
    for (let index = 0; index < number; index += 1) reports.push(await round());
    return reports;
  };

  const seed = async (service: ServiceSeed = {}): Promise<{ serviceId: number; domainIds: number[]; policyIds: number[] }> => {
    const { customer = "acme", name = "web", cdns = ["cdn-a", "cdn-b"], steering = "auto", failbackSteps = [100] } = service;
    const { domains = [{ name: "app.example.test" }], policies = [{}] } = service;
    const [row] = await sql<{ service: string; customer: string }>(
      `with c as (insert into customers (name) values ($1) on conflict (name) do update set name = excluded.name returning id)
       insert into services (customer_id, name, primary_cdn, backup_cdn, steering, failback_steps, created_at)
       select id, $2, $3, $4, $5, $6, $7 from c returning id as service, customer_id as customer`,
      [customer, name, ...cdns, steering, JSON.stringify(failbackSteps), new Date(startMs - 86_400_000)],
    );
    const domainIds: number[] = [];
    for (const {
      name: host,
      primary = "a.cdn.net",
      backup = "b.cdn.net",
      verified = true,
      expectStatus = "200-399",
      probePath = null,
    } of domains) {
      const [own] = await sql<{ id: string }>(
        `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, expect_status, probe_path, challenge_token, verified_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'token', case when $8 then $9::timestamptz end, $9, $9) returning id`,
        [row?.service, row?.customer, host, primary, backup, expectStatus, probePath, verified, new Date(startMs - 86_400_000)],
      );
      domainIds.push(Number(own?.id));
    }
    const policyIds: number[] = [];
    for (const policy of policies) {
      const {
        kind = "http_availability",
        threshold = 0.9,
        window = 30,
        cooldown = 60,
        minSamples = 3,
        minFailures = 3,
        latencyMs = null,
      } = policy;
      const [own] = await sql<{ id: string }>(
        `with p as (insert into storm_policies (service_id, kind) values ($1, $2) returning id)
         insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures, latency_ms)
         select id, 1, $3, $4, $5, 1.5, $6, $7, $8 from p returning policy_id as id`,
        [row?.service, kind, threshold, window, cooldown, minSamples, minFailures, latencyMs],
      );
      policyIds.push(Number(own?.id));
    }
    return { serviceId: Number(row?.service), domainIds, policyIds };
  };

  return {
    sql,
    db,
    count,
    clock,
    prober,
    dns,
    leases,
    rounds,
    deps,
    held,
    acquire,
    run,
    round,
    roundsOf,
    seed,
    slot: () => roundAtMs,
    storms: () =>
      sql<{
        state: string;
        relapses: number;
        monitor_only: boolean;
        ended_reason: string | null;
        started: string;
        ended: string | null;
        service_id: string;
        kind: string;
      }>(
        `select state, relapses, monitor_only, ended_reason, service_id, kind,
           extract(epoch from started_at) * 1000 - $1::float8 as started, extract(epoch from ended_at) * 1000 - $1::float8 as ended
         from storm_events order by id`,
        [startMs],
      ),
    /** `100/0>0/100 storm accepted`, oldest first. */
    history: async () =>
      (
        await sql<{ line: string }>(
          `select format('%s/%s>%s/%s %s %s', from_primary, from_backup, to_primary, to_backup, reason, result) as line from routing_changes order by id`,
        )
      ).map(({ line }) => line),
    routing: async (serviceId: number) =>
      (
        await sql<{ state: string; reason: string; latched_relapses: number | null; shadow_target: string | null }>(
          "select state, reason, latched_relapses, shadow_target from service_routing where service_id = $1",
          [serviceId],
        )
      )[0],
    domain: async (domainId: number) =>
      (
        await sql<{
          status: string;
          primary_weight: number | null;
          backup_weight: number | null;
          moved_at: Date | null;
          read_at: Date | null;
          last_error: string | null;
          discovered_primary_ok: boolean;
        }>("select * from domain_routing where domain_id = $1", [domainId])
      )[0],
    override: async (serviceId: number, mode: string | null, untilMs: number | null = null) =>
      void (await sql(
        `insert into service_routing (service_id, override_mode, override_until, override_actor) values ($1, $2, $3, 'sre@acme')
         on conflict (service_id) do update set override_mode = excluded.override_mode, override_until = excluded.override_until, override_actor = excluded.override_actor`,
        [serviceId, mode, untilMs === null ? null : new Date(untilMs)],
      )),
  };
};

export type World = Awaited<ReturnType<typeof createWorld>>;
