import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { within } from "../http/rate-limit.ts";
import { sameSecret } from "../http/digest.ts";

/** The token of `Authorization: Bearer`. */
export const bearerToken = (c: AppContext): string | undefined => /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];

/**
 * Admits who presents an installation-wide secret, compared in constant time. Without one configured the answer is
 * 404, as for any unknown path.
 * @param refusal the error for anybody else
 */
export const sharedSecret =
  (
    deps: Pick<Deps, "rateLimits" | "clientAddress">,
    secret: string | null,
    refusal: () => AppError,
    presented: (c: AppContext) => string | undefined = bearerToken,
  ): AppMiddleware =>
  async (c, next) => {
    if (secret === null) throw new AppError("not_found", "there is nothing at this path");
    const given = presented(c);
    if (given === undefined || !(await sameSecret(given, secret))) {
      within(await deps.rateLimits.refusals.take(deps.clientAddress(c.req.raw.headers)));
      throw refusal();
    }
    await next();
  };

/** CRON_SECRET as a bearer token (semantics §10); without one configured the answer is 404. */
export const cronSecret = (deps: Pick<Deps, "config" | "rateLimits" | "clientAddress">): AppMiddleware =>
  sharedSecret(
    deps,
    deps.config.cronSecret,
    () => new AppError("unauthenticated", "the cron secret is required", { headers: { "www-authenticate": "Bearer" } }),
  );
