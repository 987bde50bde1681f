import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { longestSilenceMs } from "../../../domain/slo/visitors.ts";

/** Longer without a judged round than this, and the present span is not believed beyond the last one. */
export const longestSilence = sql.raw(`interval '${longestSilenceMs / 1_000} seconds'`);

/** Up to when the present span of a service is believed: up to `at`, or to the last judged round of its shard. A timestamp. */
export const believedUntil = (serviceId: SQL, at: SQL): SQL => sql`(
  select case when l.judged_at is null or ${at} - l.judged_at <= ${longestSilence} then ${at} else l.judged_at end
  from (select coalesce(
    (select judged_at from leases where name = 'shard:' || mod(${serviceId}, (select shards from settings))),
    (select max(judged_at) from leases)) as judged_at offset 0) l)`;
