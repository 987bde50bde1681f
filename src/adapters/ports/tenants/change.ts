/** An Idempotency-Key as received. `customerId` is 0 where no tenant is involved (semantics §1). */
export type IdempotencyKey = {
  readonly customerId: number;
  readonly method: string;
  readonly path: string;
  readonly key: string;
  /** SHA-256 of the request body, lower-case hex. */
  readonly bodyHash: string;
};

/** The author of a change, for the audit row and the idempotency record that are stored with it. */
export type Change = {
  /** `admin`, `admin:alice`, `token:12`, `jwt:sub` or `gateway`. */
  readonly actor: string;
  readonly requestId: string;
  readonly idempotency: IdempotencyKey | null;
};

/** One page by key: the first `limit` rows after the row `afterId` in the order of the list. */
export type Page = { readonly limit: number; readonly afterId: number | null };

/** A row of a page that is bounded by bytes as well. `cut`: the page is full, rows after this one were omitted. */
export type Paged<Row> = Row & { readonly cut?: boolean };
