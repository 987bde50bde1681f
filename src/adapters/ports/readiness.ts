/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns null when ready, else the reason in words that reveal nothing of the infrastructure. Never throws. */
  check(): Promise<string | null>;
}
