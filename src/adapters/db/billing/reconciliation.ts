import { NeonDbError } from "@neondatabase/serverless";
import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { ServiceExtent } from "../../../domain/metering/check-spans.ts";
import type { WindowTally } from "../../../domain/metering/window-tally.ts";
import type { Fence } from "../../ports/coordination/lease.ts";
import type { FindingPlace, InvoicePlace, ReconciliationStore } from "../../ports/billing/reconciliation.ts";
import { ids } from "./billing-figures.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";
import { factsStatement } from "./reconcile-facts.ts";
import { at, noteCtes, notedColumns } from "./reconcile-findings.ts";
import type { NotedRow } from "./reconcile-findings.ts";
import { invoicesStatement } from "./reconcile-invoices.ts";
import { moneyStatement } from "./reconcile-money.ts";

/** Both statements of a batch end before their client's time-out. */
const patience = sql`select set_config('lock_timeout', '4s', true), set_config('statement_timeout', '6s', true)`;
/**
 * The planner expects a row or two of a derived table, and would scan all of it once per row.
 * Index look-ups are in lateral parts, to which this does not apply.
 */
const noNestedLoops = sql`select set_config('enable_nestloop', 'off', true), set_config('work_mem', '16MB', true)`;
/** By the SQLSTATE of a statement that ran out of its time. */
const isTooSlow = (error: unknown): boolean => error instanceof NeonDbError && error.code === "57014";
const findingsAtOnce = 20_000;

/** The first and the last usage of a service that is stored or may come, each found by the end of an index. */
const extents = (fromServiceId: number, limit: number, nowMs: number): SQL => sql`
  select s.id as "serviceId", coalesce(least(h.from_at, u.first, r.first, p.first), s.created_at) as "firstMs",
    greatest(least(h.from_at, u.first, r.first, p.first), least(h.to_at, ${at(nowMs)}), u.last, r.last, p.last) as "endMs",
    (select count(*) from domain_tenures t where t.service_id = s.id) as hosts,
    (select count(*) from storm_events e where e.service_id = s.id) as storms
  from (select id, created_at from services where id >= ${fromServiceId} order by id limit ${limit}) s
  cross join lateral (
    select min(h.from_at) as from_at, case when bool_and(h.to_at is not null) then max(h.to_at) else 'infinity' end as to_at
    from service_cdns h where h.service_id = s.id) h
  ${sql.join(
    [
      ["u", "usage_snapshots", "window_end"],
      ["r", "usage_readings", "to_at"],
      ["p", "usage_pushes", "window_start + interval '1 second'"],
    ].map(([alias, table, end]) =>
      sql.raw(`
  cross join lateral (
    select (select x.window_start from ${table} x where x.service_id = s.id order by x.window_start limit 1) as first,
      (select x.${end} from ${table} x where x.service_id = s.id order by x.window_start desc limit 1) as last) ${alias}`),
    ),
  )}
  order by s.id`;

const keepPosition = (fence: Fence, sweep: string, position: unknown): SQL => sql`
  with ${fenceCte(fence)}, kept as (
    insert into job_cursors as c (job, position)
    select ${sweep}, ${JSON.stringify(position)}::jsonb where exists (select from fence)
    on conflict (job) do update set position = excluded.position, updated_at = now()
  )
  select exists (select from fence) as held`;

const noteServices = (fence: Fence, { serviceIds, rules, findings, nowMs }: Parameters<ReconciliationStore["noteServices"]>[1]): SQL => sql`
  with ${fenceCte(fence)}, found (customer_id, rule, object_type, object_id, expected, actual) as materialized (
    select s.customer_id, x.rule, 'service', s.id, x.expected, x.actual
    from jsonb_to_recordset(${JSON.stringify(findings)}::jsonb) as x("serviceId" bigint, rule text, expected text, actual text)
    join services s on s.id = x."serviceId"
  ), ${noteCtes(sql`r.rule = any(${`{${rules.join(",")}}`}::text[]) and r.object_id = any(${ids(serviceIds)})`, nowMs)}
  select ${notedColumns}`;

const forgetGone = (fence: Fence, after: FindingPlace | null, nowMs: number): SQL => sql`
  with ${fenceCte(fence)}, page as materialized (
    select id, rule, object_type, object_id from reconciliation_findings
    where cleared_at is null and (rule, object_id) > (${after?.rule ?? ""}, ${after?.objectId ?? 0}::bigint)
    order by rule, object_id
    limit ${findingsAtOnce}
  ), cleared as (
    update reconciliation_findings r set cleared_at = ${at(nowMs)}
    from page p
    where r.id = p.id and r.cleared_at is null and p.object_type = 'usage_snapshot' and exists (select from fence)
      and (select u.id from usage_snapshots u where u.id = p.object_id) is null
    returning 1
  )
  select (select count(*) from cleared) as cleared, case when (select count(*) from page) = ${findingsAtOnce} then
    (select jsonb_build_object('rule', rule, 'objectId', object_id) from page order by rule desc, object_id desc limit 1) end as next`;

type Money = NotedRow & { readonly windows: number };
type Facts = NotedRow & { readonly tallies: readonly WindowTally[] };
type Invoices = NotedRow & { readonly invoices: number; readonly next: InvoicePlace | null };

const answered = <Row>(row: Row | undefined): Row => {
  if (row === undefined) throw new TypeError("a statement of the reconciliation answered without a row");
  return row;
};

const notedOf = (...rows: readonly NotedRow[]) => ({
  differences: rows.reduce((sum, { differences }) => sum + differences, 0),
  cleared: rows.reduce((sum, { cleared }) => sum + cleared, 0),
  named: rows.flatMap(({ named }) => named),
});

export const createReconciliationStore = (db: Database): ReconciliationStore => ({
  position: async (sweep) =>
    (await db.rows<{ position: unknown }>(sql`select position from job_cursors where job = ${sweep}`))[0]?.position ?? null,

  keepPosition: async (fence, sweep, position) =>
    answered((await db.rows<{ held: boolean }>(keepPosition(fence, sweep, position)))[0]).held,

  services: ({ fromServiceId, limit, nowMs }) => db.rows<ServiceExtent>(extents(fromServiceId, limit, nowMs)),

  checkWindows: async (fence, spans, check) => {
    try {
      const [, [first], , [second]] = await db.batch<[unknown[], Money[], unknown[], Facts[]]>([
        patience,
        moneyStatement(fence, spans, check.nowMs),
        noNestedLoops,
        factsStatement(fence, spans, check),
      ]);
      const [money, facts] = [answered(first), answered(second)];
      if (!money.held || !facts.held) return { status: "fenced" };
      return { status: "checked", windows: money.windows, tallies: facts.tallies, ...notedOf(money, facts) };
    } catch (error) {
      if (isTooSlow(error)) return { status: "too_slow" };
      throw error;
    }
  },

  noteServices: async (fence, note) => {
    const noted = answered((await db.rows<NotedRow>(noteServices(fence, note)))[0]);
    return noted.held ? notedOf(noted) : null;
  },

  checkInvoices: async (fence, place, lines, nowMs) => {
    try {
      const [, [row]] = await db.batch<[unknown[], Invoices[]]>([patience, invoicesStatement(fence, place, lines, nowMs)]);
      const { held, invoices, next, ...noted } = answered(row);
      return held ? { status: "checked", invoices, next, ...notedOf({ held, ...noted }) } : { status: "fenced" };
    } catch (error) {
      if (isTooSlow(error)) return { status: "too_slow" };
      throw error;
    }
  },

  forgetGone: async (fence, after, nowMs) =>
    answered((await db.rows<{ cleared: number; next: FindingPlace | null }>(forgetGone(fence, after, nowMs)))[0]),
});
