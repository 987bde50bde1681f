import type { Dispatcher, Shard } from "../ports/coordination/shards.ts";

/** The part of a Durable Object namespace that is used here; `arm` is a method of `ShardObject`. */
type ShardNamespace = {
  idFromName(name: string): unknown;
  get(id: unknown): { arm(shard: Shard): Promise<void> };
};

/** Whether a binding is a Durable Object namespace. Only a class with `arm` is bound by that name. */
export const isShardNamespace = (binding: unknown): binding is ShardNamespace =>
  typeof binding === "object" &&
  binding !== null &&
  "idFromName" in binding &&
  typeof binding.idFromName === "function" &&
  "get" in binding &&
  typeof binding.get === "function";

/** Each shard is one global object, whose alarm runs its rounds: dispatching it keeps the alarm armed. */
export const createDurableShards = (namespace: ShardNamespace): Dispatcher => ({
  dispatch: async ({ index, count }) => {
    await namespace.get(namespace.idFromName(`shard-${index}`)).arm({ index, count });
  },
});
