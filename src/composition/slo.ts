import type { Database } from "../adapters/db/platform/client.ts";
import { createReconstructionStore } from "../adapters/db/slo/reconstruct.ts";
import type { JobDeps } from "../cron/schedule.ts";

/** Objectives, and what visitors got. */
export const buildSlo = ({ db }: { readonly db: Database }): Pick<JobDeps, "reconstruction"> => ({
  reconstruction: createReconstructionStore(db),
});
