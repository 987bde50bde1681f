import { waitUntil } from "cloudflare:workers";
import { createApp } from "./app.ts";
import { ConfigError, parseConfig } from "./config.ts";
import type { JobDeps } from "./cron/schedule.ts";
import { runScheduled } from "./cron/schedule.ts";
import { buildDeps } from "./deps.ts";
import { AppError, problemResponse } from "./errors.ts";
import type { App } from "./http/env.ts";

type Built = { readonly deps: JobDeps; readonly app: App } | { readonly refusal: AppError };

const builtFor = new WeakMap<object, Built>();

const build = (env: Record<string, unknown>): Built => {
  try {
    const deps = buildDeps(parseConfig(env), { waitUntil, bindings: env });
    return { deps, app: createApp(deps) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(JSON.stringify({ level: "error", event: "config_refused", message: error.message }));
    return { refusal: new AppError("unavailable", "this deployment is not configured") };
  }
};

/** Once per isolate: configuration does not change under a running Worker. */
const forEnv = (env: Record<string, unknown>): Built => {
  const built = builtFor.get(env) ?? build(env);
  builtFor.set(env, built);
  return built;
};

export default {
  fetch: (request: Request, env: Record<string, unknown>): Response | Promise<Response> => {
    const built = forEnv(env);
    return "app" in built ? built.app.fetch(request) : problemResponse(built.refusal, crypto.randomUUID());
  },
  scheduled: async (controller: { cron: string; scheduledTime: number }, env: Record<string, unknown>): Promise<void> => {
    const built = forEnv(env);
    if (!("deps" in built)) throw built.refusal;
    await runScheduled(built.deps, controller.cron, controller.scheduledTime);
  },
};
