import type { Database } from "../adapters/db/platform/client.ts";
import { createDayBook } from "../adapters/db/slo/daily.ts";
import { createDigestBook } from "../adapters/db/slo/digest.ts";
import { createBudgetWatch } from "../adapters/db/slo/watch.ts";
import { createSloCorrectionStore } from "../adapters/db/slo/corrections.ts";
import { createDowntimeAvoidedStore } from "../adapters/db/slo/downtime-avoided.ts";
import { createSloHistory } from "../adapters/db/slo/history.ts";
import { createObjectiveMeasures } from "../adapters/db/slo/measures.ts";
import { createObjectiveStore } from "../adapters/db/slo/objectives.ts";
import { createSloProgress } from "../adapters/db/slo/progress.ts";
import { createReconstructionStore } from "../adapters/db/slo/reconstruct.ts";
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
  budgetWatch: createBudgetWatch(db),
  dayBook: createDayBook(db),
  digestBook: createDigestBook(db, config.billing.currency),
  downtimeAvoided: createDowntimeAvoidedStore(db, { clock, currency: config.billing.currency }),
  objectives: createObjectiveStore(db, config.quotas),
  objectiveMeasures: createObjectiveMeasures(db),
  sloCorrections: createSloCorrectionStore(db),
  sloHistory: createSloHistory(db),
  sloProgress: createSloProgress(db),
  reconstruction: createReconstructionStore(db),
});
