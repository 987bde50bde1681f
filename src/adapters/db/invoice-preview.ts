import { sql } from "drizzle-orm";
import type { InvoicePreview, InvoicePreviewStore } from "../ports/invoice-preview.ts";
import { at, entriesCtes } from "./billing-figures.ts";
import type { Database } from "./client.ts";

const linesShown = 100;
/** A run that has more to bill does so on several invoices; the preview shows the first. */
const maxWindows = 50_000;

export const createInvoicePreviewStore = (db: Database): InvoicePreviewStore => ({
  preview: async (customerId, { terms, nowMs, billUntilMs, arrearsUntilMs }) => {
    const [invoices, [waiting]] = await db.batch<[InvoicePreview[], { windows: number }[]]>([
      sql`
      with chosen as materialized (
        select id as customer_id, next_invoice_number as next_number from customers where id = ${customerId}
      ), ${entriesCtes({ defaults: terms, billUntilMs, maxWindows, lock: false })}, placed as (
        select e.*, row_number() over (partition by currency order by window_start, service_id) as place from entries e
      )
      select c.next_number + row_number() over (order by p.currency) - 1 as number, p.currency,
        min(p.window_start) as "periodStartMs", max(p.window_end) as "periodEndMs", sum(p.amount)::bigint as "subtotalCents",
        sum(p.discount)::bigint as "discountCents", (sum(p.amount) - sum(p.discount))::bigint as "totalCents",
        count(*) as "lineCount", jsonb_agg(jsonb_build_object(
          'kind', p.kind, 'arrears', p.kind = 'usage' and p.window_end <= ${at(arrearsUntilMs)}, 'snapshotId', p.snapshot_id,
          'serviceId', p.service_id, 'windowStartMs', trunc(extract(epoch from p.window_start) * 1000)::bigint,
          'windowEndMs', trunc(extract(epoch from p.window_end) * 1000)::bigint, 'primaryBytes', p.primary_bytes,
          'backupBytes', p.backup_bytes, 'rateCentsPerGb', p.rate::text, 'discountRate', p.discount_rate::text,
          'currency', p.currency, 'maxCoverageFactor', p.factor::text, 'stormMicroseconds', trunc(p.storm_us),
          'amountCents', p.amount, 'discountCents', p.discount) order by p.place)
          filter (where p.place <= ${linesShown}) as lines
      from placed p, chosen c
      group by p.currency, c.next_number
      order by p.currency`,
      sql`
      select count(*) as windows from services s
      join usage_snapshots u on u.service_id = s.id
      where s.customer_id = ${customerId} and u.invoice_id is null and u.window_end > ${at(billUntilMs)}
        and u.window_end <= ${at(nowMs)}`,
    ]);
    return { invoices, waitingWindows: waiting?.windows ?? 0 };
  },
});
