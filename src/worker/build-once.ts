import { connect } from "cloudflare:sockets";
import { waitUntil } from "cloudflare:workers";
import type { Built } from "../deployment.ts";
import { build } from "../deployment.ts";

const builtFor = new WeakMap<object, Built>();

/** The deployment of a Worker's environment, built once per isolate: configuration does not change under a running Worker. */
export const buildOnce = (env: Record<string, unknown>): Built => {
  const built = builtFor.get(env) ?? build(env, { waitUntil, bindings: env, connect });
  builtFor.set(env, built);
  return built;
};
