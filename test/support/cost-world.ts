import type { TestDatabase } from "./database.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** An event as it lies in the queue; `cents` null: its cost is not known. */
export type QueuedFor = {
  readonly customerId: number;
  readonly eventId: string;
  readonly atMs: number;
  readonly cents?: number | null;
  readonly accountId?: string;
  readonly resourceType?: string;
  readonly resource?: string | null;
  readonly actor?: string | null;
};

/** What tests of the cost watch put into the database beforehand. */
export const costWorld = ({ sql }: Pick<TestDatabase, "sql">) => {
  const one = async <Row>(text: string, params: readonly unknown[]): Promise<Row> => {
    const [row] = await sql<Row>(text, params);
    if (row === undefined) throw new Error(`nothing came of ${text}`);
    return row;
  };

  const customer = async (name: string): Promise<number> =>
    Number((await one<{ id: string }>("insert into customers (name) values ($1) returning id", [name])).id);

  const service = async (customerId: number, name: string, [primary, backup]: readonly [string, string] = ["cloudflare", "fastly"]) =>
    Number(
      (
        await one<{ id: string }>(
          "insert into services (customer_id, name, primary_cdn, backup_cdn, created_at) values ($1, $2, $3, $4, now() - interval '100 days') returning id",
          [customerId, name, primary, backup],
        )
      ).id,
    );

  /** Events that came together, queued as the ingestion queues them. */
  const queue = async (events: readonly QueuedFor[]): Promise<void> => {
    await sql(
      `with sent as (select * from jsonb_to_recordset($1::jsonb) as x("customerId" bigint, "eventId" text, at timestamptz, cents float8, "accountId" text, "resourceType" text, resource text, actor text)),
       stored as (insert into cost_events (customer_id, event_id, account_id, resource_type, resource_id, actor, hourly_cost_cents, occurred_at)
         select "customerId", "eventId", "accountId", "resourceType", resource, actor, cents, at from sent on conflict do nothing returning id, customer_id)
       insert into cost_batches (customer_id, source, event_ids) select customer_id, 'push', array_agg(id) from stored group by customer_id`,
      [
        JSON.stringify(
          events.map(({ atMs, accountId = "123456789012", resourceType = "ec2:instance", ...event }) => ({
            ...event,
            accountId,
            resourceType,
            at: new Date(atMs).toISOString(),
          })),
        ),
      ],
    );
  };

  /** Usage of whole hours, one window each: bytes of the primary and of the backup. */
  const usage = async (serviceId: number, hours: readonly (readonly [atMs: number, primary: number, backup: number | null])[]) => {
    await sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
       select $1, x.at, x.at + interval '1 hour', x.p, coalesce(x.b, 0), 'push', case when x.b is not null then 'push' end from jsonb_to_recordset($2::jsonb) as x(at timestamptz, p bigint, b bigint)
       on conflict (service_id, window_start) do update set primary_bytes = excluded.primary_bytes, backup_bytes = excluded.backup_bytes`,
      [serviceId, JSON.stringify(hours.map(([atMs, p, b]) => ({ at: new Date(atMs).toISOString(), p, b })))],
    );
  };

  const rate = async (customerId: number, cdn: string, centsPerGb: number): Promise<void> => {
    await sql("insert into cost_rates (customer_id, cdn, cents_per_gb) values ($1, $2, $3)", [customerId, cdn, centsPerGb]);
  };

  /** All that the scorer has written, without what only counts writes. */
  const state = async () => ({
    series: await sql(
      `select customer_id, kind, account_id, resource_type, service_id, cdn, unit, memory, mean_hourly_cost, stddev, event_count, observed_actors, last_hour
       from cost_series order by 1, 2, 3, 4, 5, 6`,
    ),
    hours: await sql(
      `select q.customer_id, q.kind, q.resource_type, q.service_id, q.cdn, h.hour, h.value, h.score, h.severity, h.label
       from cost_hours h join cost_series q on q.id = h.series_id order by 1, 2, 3, 4, 5, 6`,
    ),
    anomalies: await sql(
      `select q.customer_id, q.kind, q.resource_type, q.service_id, q.cdn, a.state, a.severity, a.score, a.explanation, a.value, a.hours, a.first_hour, a.last_hour, a.mode
       from cost_anomalies a join cost_series q on q.id = a.series_id order by 1, 2, 3, 4, 5, a.first_hour`,
    ),
    odd: await sql("select event_id, severity from cost_events where severity is not null order by 1"),
  });

  return { sql, customer, service, queue, usage, rate, state };
};

export type CostWorld = ReturnType<typeof costWorld>;
