import type { FailingShard, Status } from "./status.ts";

/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns when ready, the shards whose rounds fail; else the reason, without details of the infrastructure. Never throws. */
  check(): Promise<readonly FailingShard[] | string>;
  /** As `check`, in no more time; when ready, the status. */
  report(): Promise<Status | string>;
}
