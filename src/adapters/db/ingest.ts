import { sql } from "drizzle-orm";
import type { IngestStore, MeteredHost } from "../ports/ingest.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";
import { meteringCte, requireWindow } from "./usage-window.ts";

export const createIngestStore = (db: Database): IngestStore => ({
  hosts: (cdn) =>
    db.rows<MeteredHost>(sql`
      select v.id as "serviceId", case when v.primary_cdn = ${cdn} then 'primary' else 'backup' end as side, d.name as host
      from services v
      join service_domains d on d.service_id = v.id and d.deleted_at is null and d.verified_at is not null
      where v.deleted_at is null and ${cdn} in (v.primary_cdn, v.backup_cdn)
      order by v.id, d.name`),
  save: async (fence, source, usage) => {
    if (usage.length === 0) return 0;
    const rows = usage.map(({ serviceId, side, startMs, endMs, bytes }) => ({ s: serviceId, p: side === "primary", f: startMs, t: endMs, b: bytes }));
    const windowSeconds = usage[0] === undefined ? 0 : (usage[0].endMs - usage[0].startMs) / 1_000;
    const [outcome] = await db.rows<{ seconds: number | null; saved: number }>(sql`
      with ${fenceCte(fence)}, ${meteringCte(windowSeconds, sql`exists (select from fence)`)}, saved as (
      insert into usage_snapshots as u
        (service_id, window_start, window_end, primary_bytes, primary_source, backup_bytes, backup_source)
      select s, to_timestamp(f / 1000.0), to_timestamp(t / 1000.0),
        case when p then b else 0 end, case when p then ${source} end,
        case when p then 0 else b end, case when not p then ${source} end
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as x(s bigint, p boolean, f bigint, t bigint, b bigint)
      join services v on v.id = x.s and v.created_at < to_timestamp(t / 1000.0)
      where exists (select from fence) and (select seconds from metering) = ${windowSeconds}
      on conflict (service_id, window_start) do update set
        primary_bytes = case when excluded.primary_source is null then u.primary_bytes else excluded.primary_bytes end,
        primary_source = coalesce(excluded.primary_source, u.primary_source),
        backup_bytes = case when excluded.backup_source is null then u.backup_bytes else excluded.backup_bytes end,
        backup_source = coalesce(excluded.backup_source, u.backup_source),
        updated_at = now()
      where u.invoice_id is null and u.window_end = excluded.window_end
      returning u.id)
      select (select seconds from metering) as seconds, (select count(*) from saved) as saved`);
    if (typeof outcome?.seconds === "number") requireWindow(outcome.seconds, windowSeconds);
    return outcome?.saved ?? 0;
  },
});
