import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import type { AppMiddleware } from "./env.ts";

/** @throws AppError `rate_limited` where a limiter says how long to wait */
export const within = (retryAfterSeconds: number | null): void => {
  if (retryAfterSeconds === null) return;
  throw new AppError("rate_limited", `too many requests; try again in ${retryAfterSeconds} s`, {
    headers: { "retry-after": String(retryAfterSeconds) },
  });
};

/** Counts every request of a client address, except `/healthz`: monitoring must always get an answer. */
export const addressLimit =
  (deps: Pick<Deps, "rateLimits" | "clientAddress">): AppMiddleware =>
  async (c, next) => {
    if (c.req.path !== "/healthz") within(await deps.rateLimits.perAddress.take(deps.clientAddress(c.req.raw.headers)));
    await next();
  };
