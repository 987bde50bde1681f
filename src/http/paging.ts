import type { Page, Paged } from "../adapters/ports/tenants/change.ts";
import { encodeCursor } from "./contract.ts";
import type { AppContext } from "./env.ts";

/** Whether a page is full by bytes rather than by rows. */
export const isCut = (rows: readonly { readonly cut?: boolean }[]): boolean => rows.at(-1)?.cut === true;

/**
 * Fetches one page and, when there is more, sets a relative `Link` to the next (RFC 8288). A page ends at
 * `limit` rows or, by the store's `cut`, where an answer is full by bytes.
 * @param fetch must honour `limit`, which is one more than the page, and keep to one order
 * @param placeOf what the next page begins behind, of its last row
 */
export const paged = async <Row extends { readonly id: number }, Rows extends readonly Paged<Row>[] | null>(
  c: AppContext,
  query: { readonly limit: number; readonly cursor?: number | undefined },
  fetch: (page: Page) => Promise<Rows>,
  placeOf: (row: NonNullable<Rows>[number]) => number = ({ id }) => id,
): Promise<Rows> => {
  const rows = await fetch({ limit: query.limit + 1, afterId: query.cursor ?? null });
  if (rows === null || (rows.length <= query.limit && !isCut(rows))) return rows;
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  announceNext(c, { limit: query.limit, cursor: last && placeOf(last) });
  return page as readonly Paged<Row>[] as Rows;
};

/** The query of the link to the next page: the cursor of each list, and the filters of this page. */
type Onwards = { readonly limit?: number; readonly cursor?: number | undefined; readonly domains_cursor?: number | undefined };

/** Sets the `Link` to the next page; a list without a cursor repeats its part of this page. */
export const announceNext = (c: AppContext, onwards: Onwards, path = c.req.path): void => {
  const params = new URL(c.req.url).searchParams;
  if (onwards.limit !== undefined) params.set("limit", String(onwards.limit));
  for (const name of ["cursor", "domains_cursor"] as const) {
    const after = onwards[name];
    if (after !== undefined) params.set(name, encodeCursor(after));
  }
  c.header("Link", `<${path}?${params.toString()}>; rel="next"`);
};

/** The same for a list whose places are not numbers. @param place the cursor, as it stands in the link */
export const announceNextPlace = (c: AppContext, limit: number, place: string): void => {
  const params = new URL(c.req.url).searchParams;
  params.set("limit", String(limit));
  params.set("cursor", place);
  c.header("Link", `<${c.req.path}?${params.toString()}>; rel="next"`);
};
