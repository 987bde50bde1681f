import type { Status } from "./status.ts";

/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns null when ready, else the reason in words that reveal nothing of the infrastructure. Never throws. */
  check(): Promise<string | null>;
  /** As `check` and in no more time, but when ready: who does what. */
  report(): Promise<Status | string>;
}
