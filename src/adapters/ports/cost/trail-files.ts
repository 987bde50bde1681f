import type { Budget } from "../platform/budget.ts";
import type { CostAccess } from "./access.ts";

/** Files of a page, in the order of their keys. */
export type ListedFiles = {
  readonly files: readonly { readonly key: string; readonly bytes: number }[];
  /** For the next page; null: this was the last. */
  readonly next: string | null;
};

/**
 * Why something of a bucket could not be had, in words for the customer. `keys`: there are no credentials, or they are refused; `denied`:
 * they are not permitted this; `no-bucket`; `gone`: the file is not there any more; `file`: it is there, and can not be read to its end;
 * `broken`: what came of it broke off, as of a connection that is lost, or of a damaged file that `fetch` unpacks itself; `away`: not now.
 */
export type TrailProblem = {
  readonly kind: "keys" | "denied" | "no-bucket" | "gone" | "file" | "broken" | "away";
  readonly words: string;
};

export type TrailAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: TrailProblem };

/** The bucket to which a customer's trail is delivered. */
export interface TrailFiles {
  /** A page of the files below a prefix, those behind `startAfter`. Never throws. */
  list(
    access: CostAccess,
    ask: { readonly prefix: string; readonly startAfter?: string; readonly token?: string; readonly most: number },
    budget: Budget,
  ): Promise<TrailAnswer<ListedFiles>>;
  /**
   * Hands a file on as it is unpacked, and never more of it than is bounded here.
   * @throws what `use` throws of its own, and nothing else
   */
  read<T>(
    access: CostAccess,
    key: string,
    budget: Budget,
    use: (content: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<TrailAnswer<T>>;
}
