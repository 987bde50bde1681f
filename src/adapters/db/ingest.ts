import { sql } from "drizzle-orm";
import { AppError } from "../../errors.ts";
import type { IngestStore, MeteredHost, SavedUsage } from "../ports/ingest.ts";
import type { Database } from "./client.ts";
import { fenceCte } from "./fence.ts";
import { meteringCte, requireWindow } from "./usage-window.ts";
import { lockWindows, storeUsageCtes } from "./usage-write.ts";
import type { ReportedUsage } from "./usage-write.ts";

type Outcome = { held: boolean; seconds: number | null; stored: number; corrected: number; missed: number };

/** A window that somebody else stores or bills in the same moment, the very first one included: a matter of milliseconds. */
const attempts = 3;

export const createIngestStore = (db: Database): IngestStore => ({
  hosts: (cdn) =>
    db.rows<MeteredHost>(sql`
      select v.id as "serviceId", v.customer_id as "customerId",
        case when v.primary_cdn = ${cdn} then 'primary' else 'backup' end as side, d.name as host
      from services v
      join service_domains d on d.service_id = v.id and d.deleted_at is null and d.verified_at is not null
      where v.deleted_at is null and ${cdn} in (v.primary_cdn, v.backup_cdn)
      order by v.id, d.name`),

  save: async (fence, source, usage): Promise<SavedUsage> => {
    const [first] = usage;
    if (first === undefined) return { stored: 0, corrected: 0 };
    const windowSeconds = (first.endMs - first.startMs) / 1_000;
    const reported = usage.map(({ serviceId, side, startMs, endMs, bytes, sampling }): ReportedUsage =>
      side === "primary"
        ? { serviceId, startMs, endMs, primaryBytes: bytes, backupBytes: null, primarySampling: sampling ?? null }
        : { serviceId, startMs, endMs, primaryBytes: null, backupBytes: bytes, backupSampling: sampling ?? null },
    );
    const allowed = sql`exists (select from fence) and (select seconds from metering) = ${windowSeconds}`;
    const stores = storeUsageCtes(reported, source, allowed, { sinceCreation: true });
    for (let attempt = 1; ; attempt += 1) {
      const [, [outcome]] = await db.batch<[unknown[], Outcome[]]>([
        lockWindows(reported),
        sql`
        with ${fenceCte(fence)}, ${meteringCte(windowSeconds, sql`exists (select from fence)`)}, ${stores}
        select exists (select from fence) as held, (select seconds from metering) as seconds, (select count(*) from added) + (select count(*) from replaced) as stored,
          (select count(*) from corrected) as corrected, (select count from missed) as missed`,
      ]);
      if (outcome === undefined) throw new TypeError("the usage statement answered without a row");
      if (!outcome.held) return { stored: 0, corrected: 0 };
      if (outcome.seconds !== null) requireWindow(outcome.seconds, windowSeconds);
      if (outcome.seconds !== null && outcome.missed === 0) return { stored: outcome.stored, corrected: outcome.corrected };
      if (attempt === attempts) throw new AppError("unavailable", "the windows are being stored or billed");
    }
  },
});
