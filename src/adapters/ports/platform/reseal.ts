/** Tables that hold secrets, in the order in which they are resealed. */
export const sealedTables = ["cdn_accounts", "dns_accounts", "cost_accounts", "channels"] as const;

/** Where resealing goes on: behind this row of this table. */
export type ResealPlace = { readonly table: (typeof sealedTables)[number]; readonly afterId: number };

/** Who has secrets resealed; no request: the operator's command. */
export type ResealAuthor = { readonly actor: string; readonly requestId: string | null };

/** Of some secrets of a table: how many were resealed, which could not be opened, and how many were replaced or removed meanwhile. */
export type ResealStep = {
  readonly table: ResealPlace["table"];
  readonly resealed: number;
  readonly unopened: readonly number[];
  readonly changed: number;
  /** Null: all have been seen. */
  readonly next: ResealPlace | null;
};

/** Seals kept secrets with the newest key. */
export interface Resealer {
  /**
   * A hundred of one table. What is sealed with the newest key is skipped, so one may begin anew at any time; what is
   * replaced or removed meanwhile is not touched.
   * @param from null: the beginning
   */
  step(from: ResealPlace | null, author: ResealAuthor): Promise<ResealStep>;
}
