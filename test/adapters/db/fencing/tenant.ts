import type { TestDatabase } from "../../../support/database.ts";

export const nowMs = Date.parse("2026-11-18T11:20:00Z");
export const hourMs = 3_600_000;

let tenants = 0;

/** A customer of its own with all that the pipeline writes about, and ways to add more to it. */
export const createTenant = async (database: TestDatabase) => {
  tenants += 1;
  const name = `tenant-${tenants}`;
  const id = async (text: string, ...params: readonly unknown[]): Promise<number> =>
    Number((await database.sql<{ id: string }>(`${text} returning id`, params))[0]?.id);
  const day = new Date(nowMs - 24 * hourMs);
  const customer = await id("insert into customers (name) values ($1)", name);
  const service = await id(
    "insert into services (customer_id, name, primary_cdn, backup_cdn, created_at) values ($1, 'web', 'cdn-a', 'cdn-b', $2)",
    customer,
    day,
  );
  const domain = await id(
    `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at, created_at)
     values ($1, $2, $3, 'a.cdn.net', 'b.cdn.net', 'token', $4, $4)`,
    service,
    customer,
    `${name}.example.test`,
    day,
  );
  const policy = await id("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", service);
  await database.sql(
    `insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures)
     values ($1, 1, 0.9, 60, 300, 1.5, 3, 3)`,
    [policy],
  );
  return {
    name,
    customer,
    service,
    domain,
    policy,
    storm: () =>
      id(
        `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
       values ($1, $2, 1, 'http_availability', 'storm', $3, $3, 1.5)`,
        service,
        policy,
        new Date(nowMs - hourMs),
      ),
    routing: async (contested = false) =>
      void (await database.sql(
        "insert into domain_routing (domain_id, service_id, status, zone_id, records, read_at, contested_at) values ($1, $2, 'found', 'Z1', '[]', $3::timestamptz, case when $4 then $3::timestamptz end)",
        [domain, service, new Date(nowMs), contested],
      )),
    change: (result: string, stormId: number | null = null, changeId: string | null = null) =>
      id(
        `insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, change_id, intended_at, accepted_at, insync_at)
       values ($1, $2, $3, 100, 0, 0, 100, 'storm', 'tranche', 1, $4::text, $5, $6::timestamptz, $6, case $4 when 'insync' then $6::timestamptz end)`,
        service,
        domain,
        stormId,
        result,
        changeId,
        new Date(nowMs - 600_000),
      ),
    age: async (byMs: number) =>
      void (await database.sql(
        "update routing_changes set accepted_at = accepted_at - $2 * interval '1 millisecond' where domain_id = $1",
        [domain, byMs],
      )),
    refused: async (change: number, error: string) => {
      await database.sql("update routing_changes set next_attempt_at = $2, error = $3 where id = $1", [change, new Date(nowMs), error]);
      await database.sql("update domain_routing set last_error = $2 where domain_id = $1", [domain, error]);
    },
    troubled: async () =>
      void (await database.sql("insert into dns_standings (customer_id, strikes, updated_at) values ($1, 2, $2)", [
        customer,
        new Date(nowMs),
      ])),
    standing: async (state: "standing" | "removing") =>
      void (await database.sql("insert into standing_failovers (domain_id, state, nonce) values ($1, $2, 'nonce')", [domain, state])),
    window: (hoursAgo: number) =>
      id(
        "insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source) values ($1, $2, $3, 1000000000, 0, 'cdn-a')",
        service,
        new Date(nowMs - hoursAgo * hourMs),
        new Date(nowMs - (hoursAgo - 1) * hourMs),
      ),
    samples: async (agoMs: number, count = 3) =>
      void (await database.sql(
        `insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
       select $1, $2, 'primary', 'vercel', t, 0, t, true, 200, 40 from (select $3::timestamptz + i * interval '10 seconds' as t from generate_series(1, $4) i) x`,
        [service, domain, new Date(nowMs - agoMs), count],
      )),
    rollup: async (level: "minute" | "hour", agoMs: number) =>
      void (await database.sql(
        `insert into probe_rollups_${level} (domain_id, start_at, path, vantage, samples, ok, places, counts) values ($1, $2, 'primary', 'vercel', 6, 6, '{40}', '{6}')`,
        [domain, new Date(nowMs - agoMs)],
      )),
  };
};

export type Tenant = Awaited<ReturnType<typeof createTenant>>;
