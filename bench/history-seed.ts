import type pg from "pg";
import { dayMs, every, fullDays, tokens } from "./history-frame.ts";
import type { HistorySize, SeedFrame } from "./history-frame.ts";
import { seedBooks } from "./history-seed-books.ts";
import { seedSteering } from "./history-seed-steering.ts";

const domainsPerService = 2;

/** One customer has half of the services, the others one each. */
const shareOf = ({ domains }: HistorySize) => {
  const services = domains / domainsPerService;
  const big = Math.floor(services / 2);
  return { services, big, smallCustomers: services - big };
};

/** Tenants and what they have: alike however old the world is, but for services that were deleted on the way. */
const seedTenants = async (client: pg.Client, frame: SeedFrame): Promise<void> => {
  const { services, big, smallCustomers } = shareOf(frame);
  const { begun, end, days } = frame;
  const hash = (token: string) => `encode(sha256('${token}'), 'hex')`;
  await client.query(`
    insert into customers (name, created_at) select case i when 0 then 'big' else 'small ' || i end, ${begun} from generate_series(0, ${smallCustomers}) i;
    insert into customer_tokens (customer_id, name, role, token_hash, created_at)
      select id, 'bench', 'editor', case name when 'big' then ${hash(tokens.big)} else ${hash(tokens.small)} end, ${begun} from customers where name in ('big', 'small 1');
    insert into customer_tokens (customer_id, name, role, token_hash, created_at, revoked_at)
      select c.id, 'token ' || d, 'viewer', encode(sha256((c.id || ' ' || d)::bytea), 'hex'), x.at, x.at + interval '30 days'
      from generate_series(30, ${days}, 30) d cross join lateral (select ${end} - d * interval '1 day' as at) x cross join customers c order by d desc, c.id;
    insert into services (customer_id, name, primary_cdn, backup_cdn, created_at, updated_at)
      select case when i < ${big} then 1 else 2 + mod(i, ${smallCustomers}) end, 'service ' || i, 'cloudflare', 'fastly', ${begun}, ${begun} from generate_series(0, ${services - 1}) i;
    insert into services (customer_id, name, primary_cdn, backup_cdn, created_at, updated_at, deleted_at)
      select 1, 'gone ' || i, 'cloudflare', 'fastly', ${begun}, x.at, x.at
      from generate_series(1, ${days} / ${every.deletedDays}) i cross join lateral (select ${begun} + i * interval '${every.deletedDays} days' as at) x;
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at, seen_healthy_at, created_at, updated_at, deleted_at)
      select s.id, s.customer_id, 'host-' || s.id || '-' || k || '.bench.example', 'p' || s.id || '-' || k || '.primary.example', 'b' || s.id || '-' || k || '.backup.example',
        'none', s.created_at, s.created_at, s.created_at, s.created_at, s.deleted_at
      from services s cross join generate_series(1, ${domainsPerService}) k order by s.id, k;
    insert into service_cdns (service_id, primary_cdn, backup_cdn, from_at, to_at) select id, primary_cdn, backup_cdn, created_at, deleted_at from services order by id;
    insert into domain_tenures (domain_id, service_id, customer_id, name, from_at, to_at) select id, service_id, customer_id, name, created_at, deleted_at from service_domains order by id;
    insert into metering_marks (domain_id, cdn, settled_until) select d.id, c.cdn, coalesce(d.deleted_at, ${end}) from service_domains d cross join (values ('cloudflare'), ('fastly')) c(cdn);
    insert into storm_policies (service_id, kind, version, created_at, deleted_at) select id, 'http_availability', 1 + ${days} / ${every.policyDays}, created_at, deleted_at from services order by id;
    insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures, created_at)
      select p.id, v, 0.9, 60, 300, 1.5, 3, 3, ${begun} + (v - 1) * interval '${every.policyDays} days' from storm_policies p cross join generate_series(1, p.version) v order by v, p.id;
    update settings set usage_window_seconds = 86400, usage_facts_since = ${begun} - interval '1 day'`);
  await client.query(`
    insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency)
      select c.id, ${begun} + q * interval '90 days', 12, 0.5, 'USD' from generate_series(0, ${days} / 90) q cross join customers c order by q, c.id;
    insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token, created_at, deleted_at)
      select 3, 'cloudflare', 'a', 'sealed', x.at, x.at + interval '1 hour' from generate_series(1, ${days} / 20) n cross join lateral (select ${begun} + n * interval '20 days' as at) x`);
};

/** What is pruned after a while: its last minutes, and of rolled-up hours and folded minutes one hour a day. */
const seedProbes = async (client: pg.Client, frame: SeedFrame, nowMs: number): Promise<void> => {
  const { end, days } = frame;
  const live = "service_domains d cross join (values ('primary'), ('backup'), ('direct')) p(path)";
  const hour = `to_timestamp(${Math.floor(nowMs / 3_600_000) * 3_600})`;
  const slot = `to_timestamp(${Math.floor(nowMs / 10_000) * 10})`;
  const lived = (column: string) => `(d.deleted_at is null or d.deleted_at > ${column})`;
  await client.query(`
    insert into vantages (name, last_heard_at) values ('local', now()), ('other', now());
    insert into probe_rollups_hour (domain_id, path, vantage, start_at, samples, ok, places, counts)
      select d.id, p.path, 'local', x.at, 360, 359, '{20,40,60}', '{100,200,59}'
      from generate_series(${days}, 1, -1) n cross join lateral (select ${end} - n * interval '1 day' as at) x cross join ${live} where ${lived("x.at")} order by n desc, d.id;
    insert into probe_minutes_folded (domain_id, path, vantage, start_at, samples, counts, places)
      select d.id, p.path, 'local', x.at, 360, array_fill(6, array[60]), array_fill(40, array[360])
      from generate_series(${Math.min(days, 34)}, 1, -1) n cross join lateral (select ${end} - n * interval '1 day' as at) x cross join ${live} where ${lived("x.at")} order by n desc, d.id;
    insert into probe_rollups_minute (domain_id, path, vantage, start_at, samples, ok, places, counts)
      select d.id, p.path, 'local', x.at, 6, 6, '{40}', '{6}'
      from (values (4), (1)) h(ago) cross join generate_series(20, 1, -1) n cross join lateral (select ${hour} - (h.ago - 1) * interval '1 hour' - n * interval '1 minute' as at) x
      cross join ${live} where d.deleted_at is null order by h.ago desc, n desc, d.id;
    insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms)
      select d.service_id, d.id, p.path, v.vantage, x.at, 0, x.at + interval '1 second', true, 200, 40
      from generate_series(12, 1, -1) n cross join lateral (select ${slot} - n * interval '10 seconds' as at) x cross join (values ('local'), ('other')) v(vantage) cross join ${live}
      where d.deleted_at is null order by n desc, d.id;
    insert into rollup_marks (level, done_until) values ('minute', ${hour}), ('hour', ${hour} - interval '1 hour'), ('fold', ${hour} - interval '4 hours')`);
};

/** Rows of nightly and weekly upkeep. */
const seedRecords = async (client: pg.Client, frame: SeedFrame): Promise<void> => {
  const { end, days } = frame;
  const { smallCustomers } = shareOf(frame);
  await client.query(`
    insert into audit_log (customer_id, actor, action, object_type, object_id, before, after, request_id, at)
      select case when mod(k, 2) = 0 then 1 else 2 + mod(k, ${smallCustomers}) end, 'token:1',
        case when mod(k, 50) = 0 then 'create' else 'update' end, case mod(k, 5) when 0 then 'domain' when 1 then 'override' else 'service' end, 1 + mod(k * 7, 100),
        '{"name":"downloads","steering":"auto"}', '{"name":"downloads","steering":"shadow"}', md5(n || ' ' || k), ${end} - n * interval '1 day' + k * interval '4 minutes'
      from generate_series(${days}, 1, -1) n cross join generate_series(1, 200) k order by n desc, k;
    insert into audit_log (customer_id, actor, action, object_type, object_id, after, at) values (1, 'admin', 'create', 'customer', 1, '{"name":"big"}', ${end} - ${days} * interval '1 day');
    insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at, cleared_at)
      select 1 + mod(n + k, ${smallCustomers}), 'window_bytes', 'usage_snapshot', n * 10 + k, '1 + 1', '1 + 2', x.at, x.at, x.at + interval '1 day'
      from generate_series(${days}, 1, -1) n cross join generate_series(1, 5) k cross join lateral (select ${end} - n * interval '1 day' as at) x order by n desc, k;
    insert into takeovers (seq, kind, lease, from_provider, to_provider, epoch, lapsed, unheld_ms, at, previous_hash, hash)
      select n, case mod(n, 2) when 0 then 'hand_back' else 'takeover' end, 'shard:0', 'a', 'b', n, true, 45000, ${end} - (${days * 4} - n) * interval '6 hours',
        case when n > 1 then encode(sha256((n - 1)::text::bytea), 'hex') end, encode(sha256(n::text::bytea), 'hex')
      from generate_series(1, ${days * 4}) n;
    insert into install_sessions (week, session_id, protocol_version, daemon_version, platform, node_version, primary_framework, first_seen_at)
      select to_char(x.at, 'IYYY"-W"IW'), 'session-' || lpad(k::text, 8, '0'), '1.0.0', '1.0.0', 'linux', '24.0.0', 'react', x.at
      from generate_series(${Math.min(days, 83)} / 7, 0, -1) n cross join generate_series(1, 300) k cross join lateral (select ${end} - n * interval '7 days' as at) x;
    insert into idempotency_keys (customer_id, method, path, key, body_hash, status, answer, created_at)
      select 1, 'POST', '/v1/services', 'key-' || k, md5(k::text), 201, '{"id":1}', now() - k * interval '1 minute' from generate_series(1, 500) k`);
};

/**
 * An installation that has run for so many days: one customer with half of the domains and many small ones, windows of a day,
 * all of it told in set-based SQL with triggers off.
 * @returns when its last day ended
 */
export const seedHistory = async (client: pg.Client, size: HistorySize, nowMs: number): Promise<SeedFrame> => {
  const endMs = Math.floor(nowMs / dayMs) * dayMs;
  const end = `to_timestamp(${endMs / 1_000})`;
  const days = fullDays(size);
  const frame = { ...size, days, endMs, end, begun: `(${end} - ${days} * interval '1 day')` };
  await client.query("set session_replication_role = replica; set work_mem = '256MB'; set maintenance_work_mem = '256MB'");
  await seedTenants(client, frame);
  await seedProbes(client, frame, nowMs);
  await seedSteering(client, frame);
  await seedBooks(client, frame);
  await seedRecords(client, frame);
  await client.query("reset session_replication_role");
  await client.query("vacuum analyze");
  return frame;
};
