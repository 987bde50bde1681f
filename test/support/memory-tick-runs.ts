import type { TickRunStore } from "../../src/adapters/ports/coordination/lease.ts";

/** Runs as the database keeps them. */
export const createMemoryTickRuns = (): TickRunStore => {
  const latest = new Map<string, string>();
  return {
    begin: async (shardIndex, provider, run) => void latest.set(`${shardIndex} ${provider}`, run),
    isLatest: async (shardIndex, provider, run) => (latest.get(`${shardIndex} ${provider}`) ?? run) === run,
  };
};
