import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import { believedUntil } from "./believed.ts";

/** By what downtime is counted up to now, and priced. */
export type DowntimeTerms = {
  readonly clock: Clock;
  /** ISO 4217, of customers without terms of their own. */
  readonly currency: string;
};

/** A moment as a timestamp. */
export const moment = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;

/** An interval, or a time since 1970, in microseconds. Exact. */
export const microseconds = (what: SQL): SQL => sql`(extract(epoch from ${what}) * 1000000)::bigint`;

/** The currency of a customer's terms in force, as an invoice of that moment has it. */
export const currencyAt = (customerId: SQL, at: SQL, currency: string): SQL => sql`coalesce((
  select t.currency from billing_terms t where t.customer_id = ${customerId} and t.valid_from <= ${at} order by t.valid_from desc limit 1), ${currency}::text)`;

/**
 * Cents of a sum of microseconds times cents per minute, a numeric of 0 or more; rounded once, halves away from zero (`downtimeCents`).
 * By whole numbers: a quotient of `numeric` has few decimals where it is large, and would be rounded twice. Null stays null.
 */
export const centsOf = (product: SQL): SQL =>
  sql`(select least(c, ${Number.MAX_SAFE_INTEGER}::bigint)::bigint from div(${product} + 30000000, 60000000) c where c is not null)`;

/**
 * The recorded states of a service within [from, to), cut to it, from `a` to `b`. However long its history is, these alone are
 * looked at: states do not overlap, so that the last one that began by `from` is the one at `from`.
 */
export const statesWithin = (serviceId: SQL, from: SQL, to: SQL, at: SQL): SQL => sql`
  select * from (
    select x.state, x.avoided, x.upstream_cdn, greatest(x.started_at, ${from}) as a, least(coalesce(x.ended_at, ${believedUntil(serviceId, at)}), ${to}) as b
    from service_states x
    where x.service_id = ${serviceId} and x.started_at < ${to}
      and x.started_at >= coalesce((select max(p.started_at) from service_states p where p.service_id = ${serviceId} and p.started_at <= ${from}), ${from})
  ) p where p.b > p.a`;

/** A range that is empty where the end comes first. */
const range = (from: SQL, to: SQL): SQL => sql`tstzrange(${from}, greatest(${from}, ${to}))`;

/** The time of a storm `e`; of one that is on up to `at`. */
export const stormRange = (at: SQL): SQL => range(sql`e.started_at`, sql`coalesce(e.ended_at, ${at})`);

/** Storms `e` of a service that reach into [from, to). */
export const stormsWithin = (serviceId: SQL, from: SQL, to: SQL): SQL =>
  sql`storm_events e where e.service_id = ${serviceId} and coalesce(e.ended_at, 'infinity') > ${from} and e.started_at < ${to}`;

/** The time of the pieces of a multirange. */
export const lengthOf = (pieces: SQL): SQL =>
  sql`(select coalesce(sum(${microseconds(sql`upper(r) - lower(r)`)}), 0)::bigint from unnest(${pieces}) r)`;

/**
 * Selects of each service of a customer with downtime avoided in [from, to) its id, name and price a minute, the `pieces` of time
 * in which that was, and their sum `us`. Only within storms; time that two of them share counts once. Deleted services included.
 * @param at the present: no storm is on beyond it
 */
export const avoidedByService = (customerId: SQL, from: SQL, to: SQL, at: SQL): SQL => sql`
  select s.id, s.name, s.downtime_cents_per_minute as price, m.pieces, ${lengthOf(sql`m.pieces`)} as us
  from services s
  cross join lateral (
    select range_agg(${stormRange(at)} * ${range(from, to)}) as storms from ${stormsWithin(sql`s.id`, from, to)}
  ) t
  cross join lateral (
    select range_agg(tstzrange(p.a, p.b)) as pieces
    from unnest(t.storms) r cross join lateral (${statesWithin(sql`s.id`, sql`lower(r)`, sql`upper(r)`, at)}) p where p.avoided
  ) m
  where s.customer_id = ${customerId} and m.pieces is not null`;
