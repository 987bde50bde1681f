import { createAnomalyStore } from "../adapters/db/cost/anomalies.ts";
import { createDeadLetterStore } from "../adapters/db/cost/dead-letters.ts";
import { createCostModeStore } from "../adapters/db/cost/modes.ts";
import { createCostRateStore } from "../adapters/db/cost/rates.ts";
import { createSeriesStore } from "../adapters/db/cost/series.ts";
import { createCostSummaryStore } from "../adapters/db/cost/summary.ts";
import { createZombieStore } from "../adapters/db/cost/zombies.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import type { CostDeps } from "../adapters/ports/deps.ts";

type Needs = { readonly db: Database };

/** What the CDNs and the cloud behind them cost. */
export const buildCost = ({ db }: Needs): CostDeps => ({
  costAnomalies: createAnomalyStore(db),
  costSeries: createSeriesStore(db),
  zombies: createZombieStore(db),
  costRates: createCostRateStore(db),
  costModes: createCostModeStore(db),
  costDeadLetters: createDeadLetterStore(db),
  costSummary: createCostSummaryStore(db),
});
