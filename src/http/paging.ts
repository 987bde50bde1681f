import type { Page } from "../adapters/ports/change.ts";
import { encodeCursor } from "./contract.ts";
import type { AppContext } from "./env.ts";

/**
 * Fetches one page and, when there is more, announces the next by a relative `Link` (RFC 8288).
 * @param fetch must honour `limit`, which is one more than the page, and keep to one order
 */
export const paged = async <Row extends { readonly id: number }, Rows extends readonly Row[] | null>(
  c: AppContext,
  query: { readonly limit: number; readonly cursor?: number | undefined },
  fetch: (page: Page) => Promise<Rows>,
): Promise<Rows> => {
  const rows = await fetch({ limit: query.limit + 1, afterId: query.cursor ?? null });
  if (rows === null || rows.length <= query.limit) return rows;
  const page = rows.slice(0, query.limit);
  announceNext(c, page.at(-1)?.id ?? 0, query.limit);
  return page as readonly Row[] as Rows;
};

/** Sets the `Link` to the page after the row `lastId`, with the filters of this one. */
export const announceNext = (c: AppContext, lastId: number, limit: number): void => {
  const params = new URL(c.req.url).searchParams;
  params.set("limit", String(limit));
  params.set("cursor", encodeCursor(lastId));
  c.header("Link", `<${c.req.path}?${params.toString()}>; rel="next"`);
};
