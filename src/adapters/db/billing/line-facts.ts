import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { WindowFacts } from "../../../domain/billing/line-facts.ts";
import type { InvoiceLine } from "../../ports/billing/invoices.ts";
import type { IssuedSums, LineFacts, LineFactsStore, LineStorm, Metering, PreviousLine } from "../../ports/billing/line-facts.ts";
import type { Database } from "../platform/client.ts";
import { holdingsCte, standsCte } from "../metering/holdings.ts";
import { invoiceOf, lineColumns } from "./invoices.ts";
import { measuredByStored } from "../metering/usage-facts.ts";

type LineRow = InvoiceLine & {
  windowMicroseconds: number;
  before: IssuedSums;
  storms: LineStorm[];
  issuedAtMs: number;
  previous: PreviousLine | null;
};

/** At most so many slices of a window are listed: hosts times the changes of owner and side among them. */
const mostSlices = 5_000;

const epochMs = (column: string): SQL => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint`);
/** With microseconds: versions may be less than a millisecond apart. */
const momentMs = (column: string): SQL => sql.raw(`(extract(epoch from ${column}) * 1000)::float8`);

const stormsOf = (lineId: SQL): SQL => sql`coalesce((
  select jsonb_agg(jsonb_build_object('stormId', s.storm_id, 'fromMs', ${epochMs("s.from_at")},
    'toMs', ${epochMs("s.to_at")}, 'maxCoverageFactor', s.max_coverage_factor::text) order by s.from_at, s.storm_id)
  from invoice_line_storms s where s.line_id = ${lineId}), '[]')`;

const ownLine = (customerId: number, invoiceId: number, lineId: number): SQL =>
  sql`l.id = ${lineId} and l.invoice_id = (select i.id ${invoiceOf({ customerId, invoiceId })})`;

const lineStatement = (own: SQL): SQL => sql`
  select ${lineColumns},
    (extract(epoch from l.window_end - l.window_start) * 1000000)::bigint as "windowMicroseconds",
    (select ${momentMs("i.issued_at")} from invoices i where i.id = l.invoice_id) as "issuedAtMs",
    (select jsonb_build_object('lines', count(*), 'primaryBytes', coalesce(sum(b.primary_bytes), 0),
       'backupBytes', coalesce(sum(b.backup_bytes), 0), 'amountCents', coalesce(sum(b.amount_cents), 0),
       'discountCents', coalesce(sum(b.discount_cents), 0))
     from invoice_line_items b where b.snapshot_id = l.snapshot_id and b.kind in ('usage', 'adjustment') and b.id < l.id) as before,
    (select jsonb_build_object('lineId', b.id, 'issuedAtMs', ${momentMs("i.issued_at")}, 'storms', ${stormsOf(sql`b.id`)})
     from invoice_line_items b join invoices i on i.id = b.invoice_id
     where b.snapshot_id = l.snapshot_id and b.kind in ('usage', 'adjustment') and b.id < l.id order by b.id desc limit 1) as previous,
    ${stormsOf(sql`l.id`)} as storms
  from invoice_line_items l
  where ${own}`;

const list = (rows: SQL): SQL => sql`coalesce((select jsonb_agg(x) from (${rows}) x), '[]')`;

const readingColumns = sql`r.domain_id as "domainId", r.cdn, ${momentMs("r.from_at")} as "fromMs", r.bytes, r.sampling,
  case when r.account_id is null then 'operator' else 'own' end as account, ${momentMs("r.read_at")} as "readAtMs"`;
const pushColumns = sql`p.side, p.bytes, p.covers, p.actor, ${momentMs("p.pushed_at")} as "pushedAtMs"`;

/** The window of a line: who held what in it, and every reading and push of it that an invoice may have been made from. */
const windowStatement = (own: SQL, { windowMs, measuredCdns }: Metering): SQL => sql`
  with line as materialized (
    select l.service_id, l.window_start, l.window_end from invoice_line_items l where ${own}
  ), ${holdingsCte(windowMs / 1_000, sql`t.service_id = (select service_id from line)`)},
  ${standsCte(windowMs / 1_000, sql`h.service_id = (select service_id from line)`)}, slices as materialized (
    select h.domain_id, h.customer_id, h.host, h.cdn, h.side, greatest(h.from_at, l.window_start) as from_at, least(h.to_at, l.window_end) as to_at
    from line l join holdings h on h.from_at < l.window_end and h.to_at > l.window_start
    order by h.host, h.from_at, h.side
    limit ${mostSlices + 1}
  )
  select ${list(sql`
      select s.domain_id as "domainId", s.host, s.cdn, s.side, ${momentMs("s.from_at")} as "fromMs", ${momentMs("s.to_at")} as "toMs",
        ${measuredByStored(measuredCdns, "s.customer_id", "s.cdn")} or exists (
          select from usage_readings r, line l where r.service_id = l.service_id and r.window_start = l.window_start and r.cdn = s.cdn) as "isMeasured"
      from slices s order by s.host, s.from_at, s.side`)} as slices,
    ${list(sql`select distinct h.side, h.cdn from line l join stands h on h.from_at < l.window_end and h.to_at > l.window_start`)} as stands,
    ${list(sql`
      select ${readingColumns}, null as "replacedAtMs" from line l
      join usage_readings r on r.service_id = l.service_id and r.window_start = l.window_start
      where (select count(*) from slices) <= ${mostSlices}
      union all
      select ${readingColumns}, ${momentMs("r.replaced_at")} from line l
      join usage_readings_past r on r.service_id = l.service_id and r.window_start = l.window_start
      where (select count(*) from slices) <= ${mostSlices}`)} as readings,
    ${list(sql`
      select ${pushColumns}, null as "replacedAtMs" from line l
      join usage_pushes p on p.service_id = l.service_id and p.window_start = l.window_start
      union all
      select ${pushColumns}, ${momentMs("p.replaced_at")} from line l
      join usage_pushes_past p on p.service_id = l.service_id and p.window_start = l.window_start`)} as pushes`;

export const createLineFactsStore = (db: Database): LineFactsStore => ({
  line: async (customerId, invoiceId, lineId, metering): Promise<LineFacts | null> => {
    const own = ownLine(customerId, invoiceId, lineId);
    const [[row], [window]] = await db.batch<[LineRow[], WindowFacts[]]>([lineStatement(own), windowStatement(own, metering)]);
    if (row === undefined || window === undefined) return null;
    const { windowMicroseconds, before, storms, issuedAtMs, previous, ...line } = row;
    return {
      line,
      windowMicroseconds,
      storms,
      issuedBefore: before,
      issuedAtMs,
      estimated: line.estimated,
      previous,
      window: window.slices.length > mostSlices ? null : window,
    };
  },
});
