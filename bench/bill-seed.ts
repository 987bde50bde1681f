import type pg from "pg";

/** Hours of usage up to now for two services a customer, and storms that lie within, some of them still open. */
export const seedBilling = async (
  client: pg.Client,
  size: { customers: number; snapshots: number; storms: number },
  nowMs: number,
): Promise<void> => {
  const services = size.customers * 2;
  const hours = size.snapshots / services;
  const end = `date_trunc('hour', to_timestamp(${nowMs / 1_000}))`;
  await client.query(`
    insert into customers (name) select 'customer ' || i from generate_series(1, ${size.customers}) i;
    insert into services (customer_id, name, primary_cdn, backup_cdn)
      select id, 'service ' || k, 'cloudflare', 'fastly' from customers, generate_series(1, 2) k order by id, k;
    insert into storm_policies (service_id, kind) select id, 'http_availability' from services order by id;
    insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
      select s.id, ${end} - h * interval '1 hour', ${end} - (h - 1) * interval '1 hour', mod(s.id * 7919 + h * 104729, 1000) * 123456789,
        mod(s.id * 104729 + h * 7919, 700) * 23456789, 'push', 'push'
      from generate_series(${hours}, 1, -1) h, services s order by h desc, s.id;
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
      select p.service_id, p.id, 1, p.kind, 'ended', x.at, x.at, x.at + (300 + mod(i * 37, 7200)) * interval '1 second', 'recovered', 1 + mod(i, 4) * 0.25
      from generate_series(1, ${size.storms}) i
      join storm_policies p on p.id = 1 + mod(i * 4, ${services})
      cross join lateral (select ${end} - (${hours} * 3600 - mod(i * 7919, ${hours} * 3600 - 9000)) * interval '1 second' as at) x;
    delete from adjustment_causes;
    -- From before there were facts: there is no push to compare these windows with.
    update settings set usage_facts_since = clock_timestamp();
    create table bench_row_lines (snapshot_id bigint primary key, amount_cents bigint not null, discount_cents bigint not null)`);
  // As autovacuum would have done it in real life. What is empty has no statistics to lie with.
  await client.query("vacuum analyze customers, services, usage_snapshots, storm_events, storm_policies");
};
