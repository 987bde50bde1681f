import type { FailingShard, Status } from "./status.ts";

/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns when ready, the shards whose rounds fail; else the reason in words that reveal nothing of the infrastructure. Never throws. */
  check(): Promise<readonly FailingShard[] | string>;
  /** As `check` and in no more time, but when ready: who does what. */
  report(): Promise<Status | string>;
}
