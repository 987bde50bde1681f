import { Route53Error } from "./error.ts";
import type { NextPage } from "./messages.ts";
import type { Call, Route53Request } from "./send.ts";

/**
 * The pages of a listing, each from the previous one's continuation; `query` is the start and the page size.
 * @throws Route53Error, also where the listing does not advance
 */
export async function* pages<T extends { readonly next: NextPage }>(
  call: Call,
  listing: Pick<Route53Request<T>, "path" | "root" | "read">,
  query: Readonly<Record<string, string>>,
): AsyncGenerator<T, void, undefined> {
  const { maxitems = "100", ...from } = query;
  let at: NextPage = from;
  while (at !== null) {
    const page: T = await call({ ...listing, method: "GET", query: { ...at, maxitems } });
    yield page;
    if (JSON.stringify(page.next) === JSON.stringify(at)) throw notMoving(listing.root);
    at = page.next;
  }
}

const notMoving = (root: string): Route53Error =>
  new Route53Error({
    code: "unreadable",
    messages: [`a ${root} continues where it began`],
    httpStatus: 200,
    requestId: null,
    retryable: true,
    uncertain: false,
  });
