import type { Fence } from "../coordination/lease.ts";

/** A file that could not be read to its end. */
export type FailedFile = { readonly key: string; readonly tries: number };

/** How far an account was read. */
export type TrailProgress = {
  /** By prefix the last key that was read. */
  readonly cursors: ReadonlyMap<string, string>;
  /** Files that are not to be read again: of the hour that is listed again, and those that were given up. */
  readonly settled: ReadonlySet<string>;
  readonly failed: readonly FailedFile[];
  /** The latest file that was given up within a week; null: none was. */
  readonly givenUp: { readonly key: string; readonly error: string } | null;
};

/** What became of a file. */
export type FileOutcome = {
  readonly key: string;
  /** Null: it was read to its end. */
  readonly error: string | null;
};

/** Whose turn it is to be read, and how far each account was. */
export interface TrailReadings {
  /**
   * Live accounts with a bucket: the first of every customer before the second of any, and of those who has waited longest first.
   */
  due(limit: number): Promise<readonly { readonly customerId: number; readonly id: number }[]>;
  progress(accountId: number): Promise<TrailProgress>;
  /**
   * Remembers what became of files under a prefix, and forgets those that no listing shows any more.
   * @param listedFrom behind which key the next listing begins; null: nothing is forgotten
   * @param mostTries after so many a file that fails is given up
   * @returns false where the lease is another's: nothing was remembered
   */
  settle(
    fence: Fence,
    accountId: number,
    outcomes: readonly FileOutcome[],
    place: { readonly prefix: string; readonly listedFrom: string | null },
    mostTries: number,
  ): Promise<boolean>;
  /** Notes that an account was looked at. @param error null: nothing is wrong; @param wasRead whether all that could be read was */
  note(fence: Fence, accountId: number, error: string | null, wasRead: boolean): Promise<void>;
}
