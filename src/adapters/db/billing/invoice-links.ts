import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { InvoiceLink, InvoiceLinkStore } from "../../ports/billing/invoice-links.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, ms, rememberedAnswer, write } from "../platform/write.ts";

const columns = sql`id, created_by as "createdBy", ${ms("created_at", "createdAtMs")}, ${ms("expires_at", "expiresAtMs")},
  ${ms("revoked_at", "revokedAtMs")}, ${ms("last_opened_at", "lastOpenedAtMs")}`;

const at = (epochMs: number) => sql`${isoTime(epochMs)}::timestamptz`;

export const createInvoiceLinkStore = (db: Database): InvoiceLinkStore => ({
  create: async (customerId, invoiceId, { nowMs, expiresAtMs }, change) => {
    const rows = await write<InvoiceLink>(
      db,
      sql`
      with created as (
        insert into invoice_links (invoice_id, customer_id, created_by, created_at, expires_at)
        select id, customer_id, ${change.actor}, ${at(nowMs)}, ${at(expiresAtMs)}
        from invoices where id = ${invoiceId} and customer_id = ${customerId} returning *
      ), remembered as (${rememberedAnswer(change, "created", null)}
      ), audit as (${auditRow(
        change,
        "create",
        "invoice_link",
        sql`
        select id as object_id, customer_id, null::jsonb as before, to_jsonb(created) as after from created`,
      )}
      )
      select ${columns} from created`,
    );
    return rows[0] ?? null;
  },

  list: async (customerId, invoiceId, page) => {
    const rows = await db.rows<{ links: InvoiceLink[] }>(sql`
      select coalesce((
        select jsonb_agg(l order by l.id) from (
          select ${columns} from invoice_links
          where invoice_id = i.id and id > ${page.afterId ?? 0} order by id limit ${page.limit}
        ) l), '[]') as links
      from invoices i where i.id = ${invoiceId} and i.customer_id = ${customerId}`);
    return rows[0]?.links ?? null;
  },

  revoke: async (customerId, invoiceId, linkId, nowMs, change) => {
    const rows = await write<{ id: number }>(
      db,
      sql`
      with found as (
        select * from invoice_links
        where id = ${linkId} and invoice_id = ${invoiceId} and customer_id = ${customerId} for update
      ), revoked as (
        update invoice_links k set revoked_at = ${at(nowMs)} from found
        where k.id = found.id and found.revoked_at is null returning k.*
      ), audit as (${auditRow(
        change,
        "revoke",
        "invoice_link",
        sql`
        select r.id as object_id, r.customer_id, to_jsonb(found) as before, to_jsonb(r) as after
        from revoked r join found on found.id = r.id`,
      )}
      )
      select id from found`,
    );
    return rows.length > 0;
  },

  noteOpened: async (linkId, nowMs) => {
    await db.rows(sql`
      update invoice_links set last_opened_at = ${at(nowMs)}
      where id = ${linkId} and (last_opened_at is null or last_opened_at <= ${at(nowMs)} - interval '1 minute')`);
  },
});
