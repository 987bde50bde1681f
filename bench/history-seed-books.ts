import type pg from "pg";
import { every } from "./history-frame.ts";
import type { SeedFrame } from "./history-frame.ts";

/** What a host carried at a CDN in a window; the last customers' hosts carry nothing, so that their windows are never billed. */
const hostBytes = (domain: string, customer: string, cdn: string): string =>
  `case when ${customer} > (select max(id) from customers) - ${every.idleCustomers} then 0 when ${cdn} = 'cloudflare' then 50000000000 + ${domain} * 1000 else 3000000000 + ${domain} * 10 end`;

const charge = (bytes: string): string => `div(${bytes} * 12::numeric * 2 + 1073741824, 2147483648::numeric)`;

/** Usage of every window, billed by the day but for the last one: readings, windows, invoices with their documents, and what came after. */
export const seedBooks = async (client: pg.Client, { end, days }: SeedFrame): Promise<void> => {
  await client.query(`
    insert into usage_readings (domain_id, cdn, from_at, to_at, service_id, window_start, bytes, read_at)
      select d.id, c.cdn, x.at, x.at + interval '1 day', d.service_id, x.at, ${hostBytes("d.id", "d.customer_id", "c.cdn")}, x.at + interval '30 hours'
      from generate_series(${days}, 1, -1) n cross join lateral (select ${end} - n * interval '1 day' as at) x
      cross join service_domains d cross join (values ('cloudflare'), ('fastly')) c(cdn)
      where d.deleted_at is null or d.deleted_at >= x.at + interval '1 day' order by n desc, d.id;
    insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source, created_at)
      select r.service_id, r.window_start, r.window_start + interval '1 day', sum(r.bytes) filter (where r.cdn = 'cloudflare'), sum(r.bytes) filter (where r.cdn = 'fastly'),
        case mod(r.service_id, 100) when 5 then 'push' else 'cloudflare' end, 'fastly', r.window_start + interval '30 hours'
      from usage_readings r group by r.service_id, r.window_start order by r.window_start, r.service_id;
    create temp table priced as
      select u.id, u.service_id, s.customer_id, u.window_start, u.window_end, u.primary_bytes, u.backup_bytes, coalesce(e.us, 0) as storm_us,
        ${charge("u.primary_bytes")} + ${charge("u.backup_bytes")} as amount,
        least(${charge("u.primary_bytes")} + ${charge("u.backup_bytes")}, div(${charge("u.backup_bytes")} * 0.5 * coalesce(e.us, 0) * 1.5 * 2 + 86400000000::numeric, 86400000000::numeric * 2)) as discount
      from usage_snapshots u join services s on s.id = u.service_id
      left join (
        select e.service_id, x.at as window_start,
          sum(extract(epoch from least(e.ended_at, x.at + interval '1 day') - greatest(e.started_at, x.at)) * 1000000)::bigint as us
        from storm_events e cross join lateral (select date_trunc('day', e.started_at) as at union select date_trunc('day', e.ended_at)) x
        where e.ended_at > x.at group by 1, 2) e on e.service_id = u.service_id and e.window_start = u.window_start
      where u.window_end < ${end} and greatest(u.primary_bytes, u.backup_bytes) > 0;
    insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
      select customer_id, row_number() over (partition by customer_id order by window_start), window_start, window_end, sum(amount), sum(discount), sum(amount) - sum(discount), window_end + interval '7 hours'
      from priced group by customer_id, window_start, window_end order by window_start, customer_id;
    update customers c set next_invoice_number = 1 + coalesce((select max(number) from invoices i where i.customer_id = c.id), 0);
    create temp table billed as select p.*, i.id as invoice_id from priced p join invoices i on i.customer_id = p.customer_id and i.period_start = p.window_start;
    update usage_snapshots u set invoice_id = b.invoice_id from billed b where b.id = u.id`);
  await client.query(`
    insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb, discount_rate, currency, terms_id,
        storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
      select invoice_id, id, service_id, window_start, window_end, primary_bytes, backup_bytes, 12, 0.5, 'USD', customer_id, storm_us, case when storm_us > 0 then 1.5 else 0 end, amount, discount
      from billed order by invoice_id, service_id;
    insert into invoice_line_storms (line_id, storm_id, from_at, to_at, max_coverage_factor)
      select l.id, e.id, greatest(e.started_at, l.window_start), least(e.ended_at, l.window_end), 1.5
      from storm_events e join invoice_line_items l on l.service_id = e.service_id and l.window_start < e.ended_at and l.window_end > e.started_at order by l.id;
    insert into invoice_documents (invoice_id, customer_id, document_number, kind, cycle, exponent, tax_cents, payable_cents, customer_name, body)
      select i.id, i.customer_id, 'TR-' || i.number, 'invoice', 'run', 2, 0, i.total_cents, 'bench',
        '{"issuer":null,"customer":{"legal_name":null,"address":null,"tax_id":null},"po_number":null,"taxes":[],"reverse_charge":false}' from invoices i order by i.id;
    insert into invoice_services (invoice_id, service_id, name, primary_cdn, backup_cdn, lines, primary_bytes, backup_bytes, amount_cents, discount_cents)
      select invoice_id, service_id, 'service', 'cloudflare', 'fastly', 1, primary_bytes, backup_bytes, amount, discount from billed order by invoice_id, service_id;
    insert into invoice_links (invoice_id, customer_id, created_by, created_at, expires_at)
      select id, customer_id, 'token:1', issued_at, issued_at + interval '90 days' from invoices order by id;
    insert into usage_pushes (service_id, window_start, side, bytes, covers, actor, pushed_at)
      select service_id, window_start, 'primary', primary_bytes, 'whole', 'admin', window_end from billed where mod(service_id, 100) = 5 order by window_start`);
};
