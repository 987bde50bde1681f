import type { AppContext } from "../http/env.ts";
import { AppError } from "../errors.ts";
import { sha256Hex } from "../http/digest.ts";

/**
 * Whether a live page asks for its content alone, by a header that no form, link or other site can send.
 * It gets statuses for what people would be led elsewhere for.
 */
export const asksFragment = (c: AppContext): boolean => c.req.header("console-fragment") === "main";

/** Whether a live page has this part, fresh enough: it is neither read nor sent again. */
export const keeps = (c: AppContext, id: string): boolean => asksFragment(c) && c.req.header("console-keep") === id;

/** Whether it has some part that it keeps. */
export const keepsAny = (c: AppContext): boolean => asksFragment(c) && c.req.header("console-keep") !== undefined;

/** @throws AppError `conflict` where a page of one customer would be continued by another's, chosen in another tab */
export const refuseOtherCustomer = (c: AppContext): void => {
  const shown = c.req.header("console-customer");
  if (!asksFragment(c) || shown === undefined || shown === String(c.var.customerId)) return;
  throw new AppError("conflict", "another customer was chosen in another tab");
};

/** A page without what changes in it though nothing has happened: how long ago something was, which a live page counts on, and when it was made. */
const lasting = (text: string): string =>
  text.replaceAll(/<time [^>]*data-t="as-of"[^>]*>[^<]*/g, "").replaceAll(/(<time [^>]*data-t="(?:ago|for)"[^>]*>)[^<]*/g, "$1");

/** A fragment, or 304 where nothing but the time has changed since the one that the page has. */
export const conditional = async (c: AppContext): Promise<Response> => {
  const answer = c.res;
  const text = await answer.clone().text();
  const etag = `W/"${(await sha256Hex(lasting(text))).slice(0, 32)}"`;
  answer.headers.set("etag", etag);
  if (c.req.header("if-none-match") !== etag) return answer;
  const headers = new Headers(answer.headers);
  headers.delete("content-type");
  headers.delete("content-length");
  return new Response(null, { status: 304, headers });
};
