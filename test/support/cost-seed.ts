import { sql } from "drizzle-orm";
import type { Database } from "../../src/adapters/db/platform/client.ts";

type Db = Pick<Database, "rows">;

const idOf = ([row]: readonly { id: number }[]): number => {
  if (row === undefined) throw new Error("nothing was inserted");
  return row.id;
};

/** A series of what a service sends by a CDN (null: by all), or of an AWS account where there is no service. */
export const seedSeries = async (
  db: Db,
  customerId: number,
  of: {
    readonly serviceId?: number;
    readonly cdn?: string | null;
    readonly account?: string;
    readonly unit?: string;
    readonly actors?: object;
  } = {},
): Promise<number> =>
  idOf(
    await db.rows<{ id: number }>(sql`
      insert into cost_series (customer_id, kind, account_id, resource_type, service_id, cdn, unit, memory, mean_hourly_cost, stddev, event_count,
        observed_actors, last_hour)
      values (${customerId}, ${of.serviceId === undefined ? "priced" : "egress"}, ${of.account ?? (of.serviceId === undefined ? "123456789012" : "")},
        ${of.serviceId === undefined ? "ec2:instance" : "egress"}, ${of.serviceId ?? null}, ${of.cdn ?? null}, ${of.unit ?? "cents"},
        '{"some": "memory"}', 310, 179, 1008, ${JSON.stringify(of.actors ?? [])}::jsonb, '2026-11-21T11:00:00Z') returning id`),
  );

/** An anomaly of a series, as the scorer finds one. */
export const seedAnomaly = async (
  db: Db,
  customerId: number,
  seriesId: number,
  of: { readonly severity?: string; readonly mode?: string; readonly explanation?: string; readonly createdAt?: string } = {},
): Promise<number> =>
  idOf(
    await db.rows<{ id: number }>(sql`
      insert into cost_anomalies (customer_id, series_id, severity, score, explanation, figures, value, usual, first_hour, last_hour, hours, mode, created_at)
      values (${customerId}, ${seriesId}, ${of.severity ?? "high"}, 71.5, ${of.explanation ?? "$12.40 an hour, where $3.10 is usual by 1008 hours."},
        '{"z": 5.2}', 1240, 310, '2026-11-21T10:00:00Z', '2026-11-21T11:00:00Z', 2, ${of.mode ?? "shadow"},
        coalesce(${of.createdAt ?? null}::timestamptz, now())) returning id`),
  );

/** Hours of a series that are scored, the last of them ending with the hour that is now over. */
export const seedHours = async (db: Db, seriesId: number, hours: number, value: number, usual: number | null): Promise<void> => {
  await db.rows(sql`
    insert into cost_hours (series_id, hour, value, usual_low, usual_mean, usual_high)
    select ${seriesId}, date_trunc('hour', now(), 'UTC') - make_interval(hours => n), ${value}, ${usual}::float8 - 10, ${usual}::float8, ${usual}::float8 + 10
    from generate_series(1, ${hours}::int) n`);
};

/** Something that idles. */
export const seedZombie = async (
  db: Db,
  customerId: number,
  of: {
    readonly rule?: string;
    readonly resource?: string;
    readonly severity?: string;
    readonly waste?: number | null;
    readonly serviceId?: number;
  } = {},
): Promise<number> =>
  idOf(
    await db.rows<{ id: number }>(sql`
      insert into zombies (customer_id, rule, resource, account, service_id, severity, first_seen, last_seen, last_activity, estimated_monthly_waste, reason, remedy)
      values (${customerId}, ${of.rule ?? "volume-unattached"}, ${of.resource ?? "vol-0abc1234"}, '123456789012', ${of.serviceId ?? null},
        ${of.severity ?? "warning"}, '2026-11-20T03:23:00Z', '2026-11-21T03:23:00Z', '2026-11-10T00:00:00Z', ${of.waste === undefined ? 800 : of.waste},
        'It is attached to no instance.', 'Delete it.') returning id`),
  );

/** A batch of events that waits, or that nobody could score. */
export const seedBatch = async (db: Db, customerId: number, state: "queued" | "dead", events = 2): Promise<number> =>
  idOf(
    await db.rows<{ id: number }>(sql`
      insert into cost_batches (customer_id, source, event_ids, state, tries, last_error)
      values (${customerId}, 'push', (select array_agg(gen_random_uuid()) from generate_series(1, ${events}::int)), ${state},
        ${state === "dead" ? 5 : 0}, ${state === "dead" ? "a value is out of range" : null}) returning id`),
  );
