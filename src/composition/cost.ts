import { createScoringStore } from "../adapters/db/cost/scoring.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = { readonly db: Database };

/** What the CDNs and the cloud behind them cost. */
export const buildCost = ({ db }: Needs): Pick<JobDeps, "scoring"> => ({
  scoring: createScoringStore(db),
});
