import type { Deps } from "../adapters/ports/deps.ts";
import { AppError } from "../errors.ts";
import type { AppMiddleware } from "../http/env.ts";
import { sharedSecret } from "./shared-secret.ts";

/** CRON_SECRET as a bearer token (semantics §10); without one configured the answer is 404. */
export const cronSecret = (deps: Pick<Deps, "config" | "rateLimits" | "clientAddress">): AppMiddleware =>
  sharedSecret(
    deps,
    deps.config.cronSecret,
    () => new AppError("unauthenticated", "the cron secret is required", { headers: { "www-authenticate": "Bearer" } }),
  );
