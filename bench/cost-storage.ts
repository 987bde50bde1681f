import type pg from "pg";
import { createBillingStore } from "../src/adapters/db/billing/billing.ts";
import { createLeaseStore } from "../src/adapters/db/coordination/leases.ts";
import { createRollupStore } from "../src/adapters/db/detection/rollups.ts";
import { systemClock } from "../src/adapters/platform/clock.ts";
import { runBilling } from "../src/cron/billing/bill.ts";
import { rollUp } from "../src/cron/rollup.ts";
import type { Stored } from "./cost-model.ts";
import type { CostWorld } from "./cost-world.ts";
import { intervalMs } from "./cost-world.ts";

const hourMs = 3_600_000;
const [sampledHours, meteredHours] = [6, 96] as const;
const vantages = 2;
const paths = 3;
const samplesPerDomainDay = (86_400_000 / intervalMs) * paths * vantages;

/** Minutes last until their hour is folded, two hours after its end, and the hourly prune has been there: four hours at most. */
const minutesKeptDays = 4 / 24;

/** Of what is kept with the books: the size after a year. */
const booksDays = 365;

const size = async (client: pg.Client, table: string): Promise<number> => {
  await client.query(`vacuum analyze ${table}`);
  const {
    rows: [row],
  } = await client.query<{ bytes: string; rows: string }>(
    `select pg_total_relation_size('${table}') as bytes, count(*) as rows from ${table}`,
  );
  if (Number(row?.rows) === 0) throw new Error(`${table} is empty: what a row of it takes can not be measured`);
  return Number(row?.bytes) / Number(row?.rows);
};

/** Rounds of both providers as they are stored: slot by slot, latencies as CDNs have them, one probe in a thousand failing. */
const sample = async (client: pg.Client, untilMs: number): Promise<void> => {
  await client.query("select setseed(0.5)");
  for (let hour = sampledHours; hour > 0; hour -= 1) {
    await client.query(`
      insert into probe_samples (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error)
      select d.service_id, d.id, p.path, v.vantage, s.at, 0, s.at + random() * interval '4 seconds', x.ok, case when x.ok then 200 else 503 end,
        greatest(1, exp(ln(60) + 0.35 * random_normal()))::int, case when not x.ok then 'http_status' end
      from generate_series(0, 359) n
      cross join lateral (select to_timestamp(${(untilMs - hour * hourMs) / 1_000}) + n * interval '10 seconds' as at) s
      cross join (values ('cloudflare'), ('vercel')) v(vantage)
      cross join service_domains d cross join (values ('primary'), ('backup'), ('direct')) p(path)
      cross join lateral (select random() + 0 * (n + d.id) > 0.001 as ok) x
      order by n, v.vantage, d.id`);
  }
};

/** Usage of every service, hour by hour, read from two CDNs, and billed by the day. */
const meter = async (client: pg.Client, untilMs: number): Promise<void> => {
  await client.query(`
    insert into usage_readings (domain_id, cdn, from_at, to_at, service_id, window_start, bytes, read_at)
    select d.id, c.cdn, w.at, w.at + interval '1 hour', d.service_id, w.at, 123456789012 + d.id, w.at + interval '6 hours'
    from generate_series(${meteredHours}, 1, -1) h
    cross join lateral (select to_timestamp(${untilMs / 1_000}) - h * interval '1 hour' as at) w
    cross join service_domains d cross join (values ('cloudfront'), ('fastly')) c(cdn)`);
  await client.query(`
    insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
    select s.id, w.at, w.at + interval '1 hour', 123456789012 + s.id, 12345678901, 'cloudfront', 'fastly'
    from generate_series(${meteredHours}, 1, -1) h
    cross join lateral (select to_timestamp(${untilMs / 1_000}) - h * interval '1 hour' as at) w
    cross join services s`);
};

/**
 * The tables that grow with time, measured on rows that the application's own jobs made of a few hours of samples and usage.
 * @param world one domain per service, whose tables are still empty
 */
export const measureStorage = async ({ client, db }: CostWorld, nowMs: number): Promise<readonly Stored[]> => {
  const untilMs = Math.floor(nowMs / hourMs) * hourMs;
  await sample(client, untilMs);
  const fence = await createLeaseStore(db).acquire("job:bench", "cloudflare", "cloudflare:bench");
  if (fence === null) throw new Error("the lease of a fresh database is taken");
  const clock = { nowMs: () => untilMs + 20 * 60_000, sleep: systemClock.sleep };
  await rollUp({ rollups: createRollupStore(db), clock, sampleRetentionMs: 48 * hourMs }, fence);
  await meter(client, untilMs);
  const terms = { rateCentsPerGb: "12", discountRate: "0.5", currency: "USD" };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  await runBilling({
    store: createBillingStore(db),
    clock,
    log,
    fence,
    terms,
    cycle: "run",
    periodMs: 24 * hourMs,
    graceMs: 0,
    lookbackMs: 6 * hourMs,
  });
  const minuteRows = paths * vantages * 1_440;
  const hourRows = paths * vantages * 24;
  const rows: readonly [table: string, perDomainDay: number, keptDays: number][] = [
    ["probe_samples", samplesPerDomainDay, 2],
    ["probe_rollups_minute", minuteRows, minutesKeptDays],
    ["probe_minutes_folded", hourRows, 35],
    ["probe_rollups_hour", hourRows, 400],
    ["usage_readings", 2 * 24, booksDays],
    ["usage_snapshots", 24, booksDays],
    ["invoice_line_items", 24, booksDays],
  ];
  const stored: Stored[] = [];
  for (const [table, perDomainDay, keptDays] of rows)
    stored.push({ table, keptDays, bytesPerDomainDay: (await size(client, table)) * perDomainDay });
  return stored;
};
