import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import type { AppContext, AppMiddleware } from "../http/env.ts";
import { within } from "../http/rate-limit.ts";
import { sameSecret } from "../http/digest.ts";

/** The token of `Authorization: Bearer`. */
export const bearerToken = (c: AppContext): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];

/**
 * Lets in who presents a secret of the whole installation, compared in constant time. Without one configured there is
 * nothing here, as for any unknown path.
 * @param refusal what anybody else is told
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

/** CRON_SECRET as a bearer token (semantics §10); without one configured there is nothing here. */
export const cronSecret = (deps: Pick<Deps, "config" | "rateLimits" | "clientAddress">): AppMiddleware =>
  sharedSecret(
    deps,
    deps.config.cronSecret,
    () => new AppError("unauthenticated", "the cron secret is required", { headers: { "www-authenticate": "Bearer" } }),
  );
