import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { CheckSpan } from "../../../domain/metering/check-spans.ts";
import type { Finding } from "../../ports/billing/reconciliation.ts";

export const at = (ms: number): SQL => sql`${isoTime(ms)}::timestamptz`;

/** So many findings of a statement are named in its answer; all of them are in the table. */
const named = 50;

/** What a statement that ends with `notedColumns` answers. */
export type NotedRow = { readonly held: boolean; readonly differences: number; readonly cleared: number; readonly named: Finding[] };

/**
 * The CTE `spans` (service_id, customer_id, from_at, to_at): what is checked, by services. Whatever belongs to a service is
 * read in a lateral part of its own (`offset 0`), so that it is found by index and never by reading a whole table.
 */
export const spansCte = (spans: readonly CheckSpan[]): SQL => {
  const rows = spans
    .filter(({ fromMs, toMs }) => toMs > fromMs)
    .map(({ serviceId, fromMs, toMs }) => ({ s: serviceId, f: fromMs, t: toMs }));
  return sql`spans as materialized (
    select v.id as service_id, v.customer_id, to_timestamp(x.f / 1000.0) as from_at, to_timestamp(x.t / 1000.0) as to_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(s bigint, f bigint, t bigint)
    join services v on v.id = x.s
    where exists (select from fence)
  )`;
};

/**
 * The CTEs `noted` and `cleared`: the rows of `found` (customer_id, rule, object_type, object_id, expected, actual) become
 * findings, or remain so; findings that no longer apply are cleared, within what was checked.
 * @param owned whether a finding `r` is in the scope of what was checked, and of its rules
 */
export const noteCtes = (owned: SQL, nowMs: number): SQL => sql`noted as (
  insert into reconciliation_findings as r
    (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at)
  select f.customer_id, f.rule, f.object_type, f.object_id, f.expected, f.actual, ${at(nowMs)}, ${at(nowMs)} from found f
  where exists (select from fence)
  order by f.rule, f.object_id
  on conflict (rule, object_id) where cleared_at is null
  do update set expected = excluded.expected, actual = excluded.actual, last_seen_at = excluded.last_seen_at
  returning r.*
), cleared as (
  update reconciliation_findings r set cleared_at = ${at(nowMs)}
  where r.cleared_at is null and ${owned} and exists (select from fence)
    and not exists (select from found f where f.rule = r.rule and f.object_id = r.object_id)
  returning 1
)`;

export const notedColumns: SQL = sql`exists (select from fence) as held, (select count(*) from noted) as differences,
  (select count(*) from cleared) as cleared,
  coalesce((select jsonb_agg(jsonb_build_object('customerId', n.customer_id, 'rule', n.rule, 'objectType', n.object_type,
    'objectId', n.object_id, 'expected', n.expected, 'actual', n.actual, 'isNew', n.found_at = n.last_seen_at) order by n.id)
    from (select * from noted order by id limit ${sql.raw(String(named))}) n), '[]') as named`;
