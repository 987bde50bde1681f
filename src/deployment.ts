import type { Deps } from "./adapters/ports/deps.ts";
import { createApp } from "./app.ts";
import { ConfigError, parseConfig, unknownVariables } from "./config.ts";
import type { JobDeps } from "./cron/schedule.ts";
import type { Runtime } from "./deps.ts";
import { buildDeps } from "./deps.ts";
import { AppError, problemResponse } from "./errors.ts";
import type { App } from "./http/env.ts";

/** A deployment built from an environment, or why it does not serve. */
export type Built = { readonly deps: Deps & JobDeps } | { readonly refusal: AppError };

/** Builds a deployment, the same way on every provider. An invalid configuration is logged and refused; an unknown name is logged. */
export const build = (env: Readonly<Record<string, unknown>>, runtime: Runtime): Built => {
  for (const message of unknownVariables(env)) console.warn(JSON.stringify({ level: "warn", event: "config_unknown", message }));
  try {
    return { deps: buildDeps(parseConfig(env), runtime) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(JSON.stringify({ level: "error", event: "config_refused", message: error.message }));
    return { refusal: new AppError("unavailable", "this deployment is not configured") };
  }
};

const appFor = new WeakMap<Deps, App>();

/** Answers a request, with the application built once per deployment; one that is not configured answers 503 to everything. */
export const answer = (built: Built, request: Request): Response | Promise<Response> => {
  if ("refusal" in built) return problemResponse(built.refusal, crypto.randomUUID());
  const app = appFor.get(built.deps) ?? createApp(built.deps);
  appFor.set(built.deps, app);
  return app.fetch(request);
};
