import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";

/** Ends the active storms of deleted policies; credit runs to now, or to the recovery that had begun. */
export const endedStorms = (reason: "policy_deleted" | "service_deleted", condition: SQL): SQL => sql`
  update storm_events e set state = 'ended', ended_reason = ${reason},
    ended_at = greatest(e.started_at, case when e.state = 'recovering' then e.recovering_since else date_trunc('milliseconds', now()) end)
  where e.ended_at is null and ${condition}`;
