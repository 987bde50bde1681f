import { sql } from "drizzle-orm";
import type { InvoicePreviewStore, Preview } from "../../ports/billing/invoice-preview.ts";
import { taxesOf } from "./billing-documents.ts";
import { at, chosenCtes, isWithheld } from "./billing-due.ts";
import { entriesCtes } from "./billing-figures.ts";
import type { Database } from "../platform/client.ts";

const linesShown = 100;
/** A run that has more to bill does so on several invoices; the preview shows the first. */
const maxWindows = 50_000;

const epochMs = (column: string) => sql.raw(`trunc(extract(epoch from ${column}) * 1000)::bigint`);

export const createInvoicePreviewStore = (db: Database): InvoicePreviewStore => ({
  preview: async (customerId, { terms, cycle, nowMs, bounds, withheldAfterMs }) => {
    const rules = { defaults: { ...terms, cycle }, nowMs, bounds, withheldAfterMs };
    const [preview] = await db.rows<Preview>(sql`
      with ${chosenCtes(sql`c.id = ${customerId}`, rules)}, ${entriesCtes({ ...rules, maxWindows, lock: false })}, placed as (
        select e.*, row_number() over (partition by currency order by window_start, service_id) as place from entries e
      ), totals as (
        select currency, min(window_start) as period_start, max(window_end) as period_end, sum(amount) as amount,
          sum(discount) as discount, count(*) as lines, row_number() over (order by currency) - 1 as place,
          jsonb_agg(jsonb_build_object(
            'kind', kind, 'arrears', arrears, 'estimated', estimated, 'serviceId', service_id,
            'windowStartMs', ${epochMs("window_start")}, 'windowEndMs', ${epochMs("window_end")}, 'primaryBytes', primary_bytes,
            'backupBytes', backup_bytes, 'rateCentsPerGb', rate::text, 'discountRate', discount_rate::text, 'currency', currency,
            'maxCoverageFactor', factor::text, 'stormMicroseconds', trunc(storm_us), 'amountCents', amount,
            'discountCents', discount) order by place) filter (where place <= ${linesShown}) as shown
        from placed
        group by currency
      ), invoices as (
        select t.currency, jsonb_build_object(
          'number', c.next_number + t.place, 'currency', t.currency, 'periodStartMs', ${epochMs("t.period_start")},
          'periodEndMs', ${epochMs("t.period_end")}, 'subtotalCents', t.amount, 'discountCents', t.discount,
          'totalCents', t.amount - t.discount, 'taxCents', tax.cents, 'payableCents', t.amount - t.discount + tax.cents,
          'lineCount', t.lines, 'lines', t.shown) as invoice
        from totals t
        cross join chosen c
        left join billing_profiles p on p.customer_id = c.customer_id
        ${taxesOf(sql`(t.amount - t.discount)`)}
      ), unbilled as (
        select count(*) filter (where u.window_end > c.bill_until) as waiting,
          count(*) filter (where u.window_end <= c.bill_until and ${isWithheld(rules)}) as withheld
        from chosen c
        join services s on s.customer_id = c.customer_id
        join usage_snapshots u on u.service_id = s.id
        where u.invoice_id is null and u.window_end <= ${at(nowMs)}
      )
      select c.cycle, c.bill_until as "billUntilMs",
        coalesce((select jsonb_agg(invoice order by currency) from invoices), '[]') as invoices,
        n.waiting as "waitingWindows", n.withheld as "withheldWindows",
        (select count(*) from eligible where not costs) - (select count(*) from entries where kind = 'usage' and amount = 0)
          as "idleWindows"
      from chosen c, unbilled n`);
    return preview ?? null;
  },
});
