/** How many kept secrets are sealed with each key, by the key's name (`adapters/platform/secrets.ts`). */
export type SealedWith = { readonly key: string; readonly count: number };

/** Numbers of secrets sealed with the newest key; with a previous one, to be resealed; with a key that is not configured, unreadable. */
export type SealCounts = { readonly current: number; readonly previous: number; readonly unknown: number };

/** @param keys names of the configured keys, the newest first */
export const sealCounts = (keys: readonly string[], sealed: readonly SealedWith[]): SealCounts => {
  const [newest, ...older] = keys;
  const sum = (belongs: (key: string) => boolean): number =>
    sealed.reduce((total, { key, count }) => total + (belongs(key) ? count : 0), 0);
  return {
    current: sum((key) => key === newest),
    previous: sum((key) => key !== newest && older.includes(key)),
    unknown: sum((key) => !keys.includes(key)),
  };
};
