import type { Count } from "../ports/coordination/job-runs.ts";

/** Counts in the memory of one isolate what a run then adds to the database. */
export const createCallCounter = (name: Count["name"]) => {
  let sums = new Map<string, number>();
  return {
    add: (label: string): void => {
      sums.set(label, (sums.get(label) ?? 0) + 1);
    },
    /** The sums since the last call. */
    take: (): readonly Count[] => {
      const taken = sums;
      sums = new Map();
      return [...taken].map(([label, value]) => ({ name, label, value }));
    },
  };
};
