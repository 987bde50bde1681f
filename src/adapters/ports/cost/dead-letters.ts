import type { Change, Page } from "../tenants/change.ts";

/** Events that came together and could not be scored, however often that was tried. They themselves are kept. */
export type DeadLetter = {
  readonly id: number;
  readonly source: "push" | "s3" | "agent" | "cloudflare";
  /** Where in the archive it lies as it was received; null: there is none. */
  readonly archiveKey: string | null;
  readonly events: number;
  readonly tries: number;
  readonly lastError: string | null;
  readonly createdAtMs: number;
};

/** What waits for a person, the oldest first. */
export interface DeadLetterStore {
  list(customerId: number, page: Page): Promise<DeadLetter[]>;
  /** Has it scored again, at once and with all its tries. @returns whether there was one */
  retry(customerId: number, id: number, change: Change): Promise<boolean>;
  /** Gives it up: its events stay unscored. @returns whether there was one */
  drop(customerId: number, id: number, change: Change): Promise<boolean>;
}
