import type pg from "pg";
import { every } from "./history-frame.ts";
import type { SeedFrame } from "./history-frame.ts";

const observed =
  '{"atMs":1,"verdict":"confirmed","type":"CNAME","expected":["b.backup.example"],"resolvers":[{"resolver":"one","answers":["b.backup.example"]}]}';

/** Storms of twenty minutes, each with the switches of its domains and its evidence; drifts; the records as they stand. */
export const seedSteering = async (client: pg.Client, { end, days }: SeedFrame): Promise<void> => {
  await client.query(`
    create temp table storm_times as
      select s.id as service_id, p.id as policy_id, p.version, x.at
      from generate_series(0, ${Math.floor(days / every.stormDays) - 1}) n cross join services s join storm_policies p on p.service_id = s.id
      cross join lateral (select ${end} - (n * ${every.stormDays} + 1 + mod(s.id, ${every.stormDays})) * interval '1 day' + mod(s.id * 7919, 80000) * interval '1 second' as at) x
      where s.deleted_at is null or s.deleted_at > x.at + interval '1 hour';
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
      select service_id, policy_id, greatest(1, version - 1), 'http_availability', 'ended', at, at + interval '20 seconds', at + interval '20 minutes', 'recovered', 1.5 from storm_times order by at;
    insert into routing_changes (service_id, domain_id, storm_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, lease, result, change_id, intended_at,
        attempted_at, accepted_at, insync_at, observe_at, observed)
      select e.service_id, d.id, e.id, 100 * (1 - w.k), 100 * w.k, 100 * w.k, 100 * (1 - w.k), case w.k when 0 then 'storm' else 'failback' end, 'tranche', 1, 'shard:0', 'insync',
        'C' || e.id || '-' || d.id || '-' || w.k, x.at, x.at, x.at + interval '1 second', x.at + interval '30 seconds', x.at + interval '90 seconds', '${observed}'
      from storm_events e join service_domains d on d.service_id = e.service_id cross join (values (0), (1)) w(k)
      cross join lateral (select e.started_at + (1 + 20 * w.k) * interval '1 minute' as at) x order by x.at, d.id;
    insert into routing_drifts (service_id, domain_id, record_type, previous_primary, previous_backup, expected_primary, expected_backup, found_primary, found_backup, epoch, found_at)
      select d.service_id, d.id, 'CNAME', 100, 0, 100, 0, 50, 50, 1, x.at
      from generate_series(${Math.floor(days / every.driftDays)}, 1, -1) n cross join service_domains d
      cross join lateral (select ${end} - n * interval '${every.driftDays} days' + mod(d.id, 1000) * interval '1 minute' as at) x
      where d.deleted_at is null or d.deleted_at > x.at order by x.at`);
  await client.query(`
    insert into evidence (service_id, seq, storm_id, kind, body, previous_hash, hash, created_at)
      select r.service_id, r.seq, r.storm_id, r.kind, r.body, case when r.seq > 1 then encode(sha256((r.service_id || ' ' || r.seq - 1)::bytea), 'hex') end,
        encode(sha256((r.service_id || ' ' || r.seq)::bytea), 'hex'), r.at
      from (
        select e.service_id, e.id as storm_id, x.kind, row_number() over (partition by e.service_id order by e.started_at, x.n) as seq, e.started_at + x.n * interval '3 minutes' as at,
          '{"decided_at":"2026-01-01T00:00:00.000Z","decision":{"change":"' || x.kind || '","note":"' || repeat('what was known of each path ', 10) || '"}}' as body
        from storm_events e cross join (values (0, 'begin'), (1, 'switch'), (2, 'switch'), (3, 'observed'), (4, 'observed'), (5, 'switch'), (6, 'switch'), (7, 'end')) x(n, kind)) r
      order by r.at;
    insert into evidence_chains (service_id, seq, hash, storms)
      select service_id, max(seq), encode(sha256((service_id || ' ' || max(seq))::bytea), 'hex'), count(distinct storm_id) from evidence group by service_id;
    insert into counters (name, provider, label, value) select 'drifts', '', 'healing', count(*) from routing_drifts;
    insert into domain_routing (domain_id, service_id, status, zone_id, records, read_at, primary_weight, backup_weight)
      select d.id, d.service_id, 'found', 'Z1', (
        select jsonb_agg(jsonb_build_object('name', d.name, 'type', 'CNAME', 'setIdentifier', w.side, 'weight', w.weight, 'ttl', 60, 'values', jsonb_build_array(w.target || '.')))
        from (values ('primary', 100, d.primary_target), ('backup', 0, d.backup_target)) w(side, weight, target)), now(), 100, 0
      from service_domains d where d.deleted_at is null;
    insert into service_routing (service_id, state, reason) select id, 'normal', '' from services where deleted_at is null;
    insert into leases (name, holder, provider, epoch, acquired_at, expires_at, released_at) values ('shard:0', 'other:bench', 'other', 7, now() - interval '1 hour', now() - interval '1 minute', null)`);
};
