/** Facts on which both providers must agree, so they live in the database. */
export interface SettingsStore {
  /** How many shards the work is split into, 1..1024 (semantics §10). */
  shards(): Promise<number>;
}
