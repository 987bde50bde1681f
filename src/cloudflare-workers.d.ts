/** The one thing that the entry takes from the runtime itself; workerd provides it. */
declare module "cloudflare:workers" {
  /** Keeps the current invocation alive until the promise settles. */
  export function waitUntil(work: Promise<unknown>): void;
}
