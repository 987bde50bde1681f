import type { Random } from "../adapters/ports/platform/random.ts";
import { toHex } from "../domain/platform/hex.ts";
import type { AppContext, AppMiddleware } from "./env.ts";

/** Whether a path is the console's. */
export const isConsole = (path: string): boolean => path === "/console" || path.startsWith("/console/");

const sane = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Gives every request an id, and every answer the headers of semantics §1.
 * The id is always generated here: it correlates the log and the audit log, and a caller who chose it could imitate another
 * request. A caller's own id is logged as well, where it is a plain word.
 * @param render renders thrown values that are no Error, which Hono does not handle
 */
export const requestFrame =
  (random: Random, render: (thrown: unknown, c: AppContext) => Response): AppMiddleware =>
  async (c, next) => {
    const given = c.req.header("x-request-id");
    const requestId = toHex(random.bytes(16));
    c.set("requestId", requestId);
    if (given !== undefined && sane.test(given)) c.set("clientRequestId", given);
    try {
      await next();
    } catch (thrown) {
      c.res = render(thrown, c);
    }
    const { headers } = c.res;
    headers.set("x-request-id", requestId);
    headers.set("x-content-type-options", "nosniff");
    // Under `no-referrer` a browser would send `Origin: null` with forms, by which the console knows its own.
    headers.set("referrer-policy", isConsole(c.req.path) ? "same-origin" : "no-referrer");
    if (c.req.path === "/v1" || /^\/(v1|i)\//.test(c.req.path)) headers.set("cache-control", "no-store");
  };
