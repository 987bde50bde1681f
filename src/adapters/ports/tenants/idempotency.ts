import type { IdempotencyKey } from "./change.ts";

/** The first answer to a POST: `row` is what its store returned, null where the answer held a secret or is `tooLarge`. */
export type RememberedAnswer = { readonly bodyHash: string; readonly row: unknown; readonly tooLarge: boolean };

/** First answers by Idempotency-Key. They are written by the stores, in the transaction of the change itself. */
export interface IdempotencyStore {
  /** @returns the answer given within the last 24 h; deletes an older one. */
  find(key: IdempotencyKey): Promise<RememberedAnswer | null>;
}
