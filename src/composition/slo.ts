import type { Database } from "../adapters/db/platform/client.ts";
import { createDayBook } from "../adapters/db/slo/daily.ts";
import { createDigestBook } from "../adapters/db/slo/digest.ts";
import { createDowntimeAvoidedStore } from "../adapters/db/slo/downtime-avoided.ts";
import { createReconstructionStore } from "../adapters/db/slo/reconstruct.ts";
import { createBudgetWatch } from "../adapters/db/slo/watch.ts";
import type { SloDeps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

type Needs = { readonly config: Config; readonly db: Database; readonly clock: Clock };

/** What visitors got, and what was promised of it. */
export const buildSlo = ({
  config,
  db,
  clock,
}: Needs): SloDeps & Pick<JobDeps, "reconstruction" | "budgetWatch" | "dayBook" | "digestBook"> => ({
  downtimeAvoided: createDowntimeAvoidedStore(db, { clock, currency: config.billing.currency }),
  budgetWatch: createBudgetWatch(db),
  dayBook: createDayBook(db),
  digestBook: createDigestBook(db, config.billing.currency),
  reconstruction: createReconstructionStore(db),
});
