/** One part of the services: those whose id modulo `count` is `index` (semantics §10). */
export type Shard = { readonly index: number; readonly count: number };

/** Dispatches the rounds of shards to separate invocations, each with its own connections. */
export interface Dispatcher {
  /**
   * Ensures that a shard has its rounds in the minute that began at `scheduledAtMs`. Idempotent.
   * @throws where that is not certain; the caller may run them itself, as they run under the shard's lease
   */
  dispatch(shard: Shard, scheduledAtMs: number): Promise<void>;
}

/** Facts on which both providers must agree, so they live in the database. */
export interface SettingsStore {
  /** How many shards the work is split into, 1..1024 (semantics §10). */
  shards(): Promise<number>;
}
