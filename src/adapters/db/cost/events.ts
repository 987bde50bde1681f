import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { CostEventStore, EventBatch, EventFilter, StoredEvent } from "../../ports/cost/ingest.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import { withinBytesOneByOne } from "../platform/byte-budget.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";

/** Events as rows: in the order of their ids, so that two batches with the same ones wait for each other instead of both failing. */
const rowsOf = ({ events }: EventBatch): SQL => {
  const rows = events.map((event) => ({
    e: event.eventId,
    a: event.accountId,
    t: event.resourceType,
    r: event.resourceId,
    w: event.actor,
    c: event.hourlyCostCents,
    o: event.occurredAtMs,
    d: event.raw,
  }));
  return sql`(select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
    as x(e text, a text, t text, r text, w text, c double precision, o bigint, d jsonb) order by e)`;
};

/** Moves a cursor, forward only: two readers of the same files may end in any order. */
const moveCursor = ({ customerId, cursor }: EventBatch): SQL => {
  if (cursor === null) return sql`select 1`;
  if ("cdnAccountId" in cursor) {
    const readTo = sql`${isoTime(cursor.readToMs)}::timestamptz`;
    return sql`
  update cdn_accounts set audit_log_cursor = ${readTo}
  where id = ${cursor.cdnAccountId}::bigint and customer_id = ${customerId}::bigint and deleted_at is null
    and (audit_log_cursor is null or audit_log_cursor < ${readTo})`;
  }
  return sql`
  insert into cost_cursors as k (account_id, prefix, last_key, updated_at)
  values (${cursor.accountId}::bigint, ${cursor.prefix}, ${cursor.lastKey}, now())
  on conflict (account_id, prefix) do update set last_key = excluded.last_key, updated_at = now()
  where k.last_key collate "C" < excluded.last_key collate "C"`;
};

const addBatch = (batch: EventBatch): SQL => sql`
  with fresh as (
    insert into cost_events (customer_id, event_id, account_id, resource_type, resource_id, actor, hourly_cost_cents, occurred_at, data)
    select ${batch.customerId}::bigint, x.e, x.a, x.t, x.r, x.w, x.c, to_timestamp(x.o / 1000.0), x.d from ${rowsOf(batch)} x
    on conflict (customer_id, event_id) do nothing
    returning id
  ), queued as (
    insert into cost_batches (customer_id, source, archive_key, event_ids)
    select ${batch.customerId}::bigint, ${batch.source}, ${batch.archiveKey}, array_agg(id) from fresh having count(*) > 0
  ), moved as (${moveCursor(batch)})
  select count(*)::int as added from fresh`;

const equals = (column: string, value: string | undefined): SQL =>
  value === undefined ? sql`` : sql` and ${sql.identifier(column)} = ${value}`;

const conditions = ({ accountId, resourceType, actor, severity, fromMs, toMs }: EventFilter): SQL => sql`
  ${equals("account_id", accountId)} ${equals("resource_type", resourceType)} ${equals("actor", actor)} ${equals("severity", severity)}
  ${fromMs === undefined ? sql`` : sql`and occurred_at >= ${isoTime(fromMs)}::timestamptz`}
  ${toMs === undefined ? sql`` : sql`and occurred_at < ${isoTime(toMs)}::timestamptz`}`;

const columns = sql`id, event_id as "eventId", account_id as "accountId", resource_type as "resourceType", resource_id as "resourceId", actor,
  hourly_cost_cents as "hourlyCostCents", ${ms("occurred_at", "occurredAtMs")}, severity, data as raw, ${ms("created_at", "createdAtMs")}`;

export const createCostEventStore = (db: Database): CostEventStore => ({
  add: async (batch) => (await db.rows<{ added: number }>(addBatch(batch)))[0]?.added ?? 0,
  list: async (customerId, filter, { limit, after }) => {
    const behind = after === null ? sql`` : sql`and (occurred_at, id) < (${isoTime(after.occurredAtMs)}::timestamptz, ${after.id}::uuid)`;
    const rows = sql`
      select ${columns} from cost_events where customer_id = ${customerId}::bigint ${conditions(filter)} ${behind}
      order by occurred_at desc, id desc limit ${limit}::int`;
    return await db.rows<Paged<StoredEvent>>(withinBytesOneByOne(rows, sql`"occurredAtMs" desc, id desc`));
  },
});
