import { adjustments } from "./billing-adjustments.ts";
import { documents } from "./billing-documents.ts";
import { pages } from "./billing-pages.ts";
import { pricing } from "./billing-pricing.ts";
import { costs } from "./cost-watch.ts";
import { attribution } from "./metering-attribution.ts";
import type { Mutant } from "./mutant.ts";
import { budgets } from "./slo-budget.ts";

/** Every way in which the code is broken on purpose: a file per capability, an entry per mutant. */
export const catalogue: readonly Mutant[] = [...pricing, ...adjustments, ...documents, ...pages, ...attribution, ...budgets, ...costs];
