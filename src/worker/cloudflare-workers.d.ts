/** The parts of the runtime that the entries import; provided by workerd. */
declare module "cloudflare:workers" {
  /** Keeps the current invocation alive until the promise settles. */
  export function waitUntil(work: Promise<unknown>): void;

  /** A globally unique object by name, with its own storage and alarm. */
  export abstract class DurableObject<Env> {
    protected readonly ctx: import("@cloudflare/workers-types").DurableObjectState;
    protected readonly env: Env;
    constructor(ctx: import("@cloudflare/workers-types").DurableObjectState, env: Env);
  }
}

declare module "cloudflare:sockets" {
  export const connect: import("../adapters/ports/platform/connect.ts").Connect;
}
