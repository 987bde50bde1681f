import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { forgottenAfterMs, quietUntilOverMs } from "../../../domain/cost/anomaly.ts";
import { isoTime } from "../../../iso-time.ts";
import type { ClaimedBatch, EgressDue, EgressFacts, ScoringStore, StoredSeries } from "../../ports/cost/scoring.ts";
import type { Database } from "../platform/client.ts";
import { isChanged } from "../platform/client.ts";
import { egressHours } from "./egress.ts";
import type { SeasonRow } from "./season-rows.ts";
import { readSeasons, withSeasons } from "./season-rows.ts";
import {
  countSeries,
  forgetSeasons,
  readSeries,
  storedColumns,
  writeAnomalies,
  writeHours,
  writeSeasons,
  writeSeries,
} from "./series-rows.ts";

const inMs = (afterMs: number): SQL => sql`now() + make_interval(secs => ${afterMs / 1_000}::float8)`;

/** A claim that is still held: nobody has claimed the batch since. */
const held = ({ id, tries }: ClaimedBatch): SQL => sql`id = ${id}::bigint and tries = ${tries}::int and state = 'queued'`;

/** Of a queue as long as somebody likes no more than the beginning is read: of each customer, found one after the other by the index. */
const claim = (most: number, holdMs: number, served: readonly number[]): SQL => sql`
  with recursive owners as (
    (select customer_id from cost_batches order by customer_id limit 1)
    union all
    select (select b.customer_id from cost_batches b where b.customer_id > o.customer_id order by b.customer_id limit 1)
    from owners o where o.customer_id is not null
  ), waiting as materialized (
    select x.id, o.customer_id, row_number() over (partition by o.customer_id order by x.id) as nth from owners o cross join lateral (
      select b.id from cost_batches b where b.customer_id = o.customer_id and b.state = 'queued' and b.next_try_at <= now() order by b.customer_id, b.id limit ${most}::int) x
    where o.customer_id is not null
  ), first as materialized (
    select id from waiting order by nth, customer_id = any(${`{${served.join()}}`}::bigint[]),
      hashint8extended(customer_id, extract(epoch from now())::bigint / 60), id limit ${most}::int
  ), locked as materialized (
    select b.id from cost_batches b where b.id in (select id from first) and b.state = 'queued' and b.next_try_at <= now() order by b.id for update skip locked
  ), claimed as (
    update cost_batches b set tries = b.tries + 1, next_try_at = ${inMs(holdMs)} from locked l where b.id = l.id
    returning b.id, b.customer_id, b.tries, b.event_ids
  )
  select c.id, c.customer_id as "customerId", c.tries, coalesce((
    select jsonb_agg(jsonb_build_object('id', e.id, 'accountId', e.account_id, 'resourceType', e.resource_type, 'resource', e.resource_id, 'actor', e.actor,
      'cents', e.hourly_cost_cents, 'occurredAtMs', epoch_ms(e.occurred_at)))
    from cost_events e where e.id = any(c.event_ids)), '[]') as events
  from claimed c order by c.id`;

const dropBatches = (batches: readonly ClaimedBatch[]): SQL => sql`
  with gone as (
    delete from cost_batches b using jsonb_to_recordset(${JSON.stringify(batches.map(({ id, tries }) => ({ id, tries })))}::jsonb) as x(id bigint, tries int)
    where b.id = x.id and b.tries = x.tries and b.state = 'queued' returning 1
  ) select require_unchanged((select count(*) from gone) = ${batches.length}::int)`;

const halfOf = (batch: ClaimedBatch, which: "first" | "second"): SQL => {
  const middle = Math.ceil(batch.events.length / 2);
  const ids = batch.events.map(({ id }) => id);
  return sql`${`{${(which === "first" ? ids.slice(0, middle) : ids.slice(middle)).join()}}`}::uuid[]`;
};

/** The cost watch's queue and series over the database. */
export const createScoringStore = (db: Database): ScoringStore => ({
  claim: async (most, holdMs, served = []) => await db.rows<ClaimedBatch>(claim(most, holdMs, served)),

  split: async (batch) => {
    await db.rows(sql`
      with gone as (delete from cost_batches where ${held(batch)} returning customer_id, source, archive_key, created_at, last_error)
      insert into cost_batches (customer_id, source, archive_key, event_ids, created_at, last_error)
      select g.customer_id, g.source, g.archive_key, h.ids, g.created_at, g.last_error
      from gone g cross join (values (${halfOf(batch, "first")}), (${halfOf(batch, "second")})) h(ids)`);
  },

  giveBack: async (batch, error, retryMs) => {
    await db.rows(sql`
      update cost_batches set last_error = ${error.slice(0, 500)}, state = ${retryMs === null ? "dead" : "queued"}, next_try_at = ${inMs(retryMs ?? 0)}
      where ${held(batch)}`);
  },

  release: async (batch) => {
    await db.rows(sql`update cost_batches set tries = tries - 1, next_try_at = now() where ${held(batch)}`);
  },

  read: async (keys, hours) => {
    if (keys.length === 0) return { series: [], counts: new Map() };
    type Rows = [StoredSeries[], SeasonRow[], { customerId: number; count: number }[]];
    const [series, seasons, counts] = await db.batch<Rows>([
      readSeries(keys),
      readSeasons(readSeries(keys, sql`q.id`), hours),
      countSeries([...new Set(keys.map(({ customerId }) => customerId))]),
    ]);
    return { series: withSeasons(series, seasons), counts: new Map(counts.map(({ customerId, count }) => [customerId, count])) };
  },

  save: async (batches, saves, odd) => {
    const [forgotten, seasons] = [forgetSeasons(saves), writeSeasons(saves)];
    const statements = [
      ...(batches.length === 0 ? [] : [dropBatches(batches)]),
      ...(saves.length === 0 ? [] : [writeSeries(saves)]),
      ...(forgotten === null ? [] : [forgotten]),
      ...(seasons === null ? [] : [seasons]),
      ...(saves.some(({ hours }) => hours.length > 0) ? [writeHours(saves)] : []),
      ...writeAnomalies(saves),
      ...(odd.length === 0
        ? []
        : [
            sql`update cost_events e set severity = x.severity from jsonb_to_recordset(${JSON.stringify(odd)}::jsonb) as x(id uuid, severity text) where e.id = x.id`,
          ]),
    ];
    if (statements.length === 0) return true;
    try {
      await db.batch(statements);
      return true;
    } catch (error) {
      if (isChanged(error)) return false;
      throw error;
    }
  },

  egressDue: async (nowMs, most, except = []) => {
    type Row = EgressFacts & { readonly serviceId: number; readonly customerId: number; readonly untilMs: number };
    const services = new Map<number, EgressDue & { hours: EgressFacts[] }>();
    for (const { serviceId, customerId, untilMs, ...hour } of await db.rows<Row>(egressHours(nowMs, most, except))) {
      const due = services.get(serviceId) ?? { serviceId, customerId, untilMs, hours: [] };
      due.hours.push(hour);
      services.set(serviceId, due);
    }
    return [...services.values()];
  },

  callsDue: async (untilMs, most, except = []) =>
    await db.rows<StoredSeries>(sql`
      select ${storedColumns} from cost_series q
      where q.kind = 'calls' and (q.last_hour is null or q.last_hour < ${isoTime(untilMs)}::timestamptz - interval '1 hour')
        and q.id <> all(${`{${except.join()}}`}::bigint[])
      order by q.last_hour nulls first, q.id limit ${most}::int`),

  upkeep: async (nowMs) => {
    const now = sql`${isoTime(nowMs)}::timestamptz`;
    const [row] = await db.rows<{ woken: number; ended: number }>(sql`
      with woken as (
        update cost_anomalies set state = 'open', snoozed_until = null where state = 'snoozed' and snoozed_until <= ${now} returning 1
      ), ended as (
        update cost_anomalies a set state = 'resolved', resolved_at = now(), snoozed_until = null, changed_by = null from cost_series q
        where q.id = a.series_id and a.resolved_at is null and a.state <> 'snoozed'
          and (a.last_hour < ${now} - make_interval(secs => case when q.kind = 'priced' then ${quietUntilOverMs / 1_000}::float8 else ${forgottenAfterMs / 1_000}::float8 end)
            or exists (select from services s where s.id = q.service_id and s.deleted_at is not null)) returning 1
      ) select (select count(*) from woken)::int as woken, (select count(*) from ended)::int as ended`);
    return row ?? { woken: 0, ended: 0 };
  },
});
