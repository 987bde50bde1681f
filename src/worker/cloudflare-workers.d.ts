/** What the entries take from the runtime itself; workerd provides it. */
declare module "cloudflare:workers" {
  /** Keeps the current invocation alive until the promise settles. */
  export function waitUntil(work: Promise<unknown>): void;

  /** One object in the world by its name, with storage and an alarm of its own. */
  export abstract class DurableObject<Env> {
    protected readonly ctx: import("@cloudflare/workers-types").DurableObjectState;
    protected readonly env: Env;
    constructor(ctx: import("@cloudflare/workers-types").DurableObjectState, env: Env);
  }
}

declare module "cloudflare:sockets" {
  export const connect: import("../adapters/ports/platform/connect.ts").Connect;
}
