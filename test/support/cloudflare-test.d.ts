/** As much of what the Workers pool of vitest provides as is used here. */
declare module "cloudflare:test" {
  type Stub = { arm(shard: import("../../src/adapters/ports/coordination/shards.ts").Shard): Promise<void> };
  type State = import("@cloudflare/workers-types").DurableObjectState;

  export const env: { readonly SHARDS: { idFromName(name: string): unknown; get(id: unknown): Stub } };
  /** Calls back within the object, with its instance. */
  export function runInDurableObject<Result>(
    stub: Stub,
    callback: (
      instance: {
        env: Record<string, unknown>;
        alarm(): Promise<void>;
        arm(shard: { readonly index: number; readonly count: number }): Promise<void>;
      },
      state: State,
    ) => Result | Promise<Result>,
  ): Promise<Result>;
  /** Runs the alarm now if one is set. @returns whether one was */
  export function runDurableObjectAlarm(stub: Stub): Promise<boolean>;
}
