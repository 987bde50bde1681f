import type { Archive } from "../../../src/adapters/ports/cost/archive.ts";
import type { Database } from "../../../src/adapters/db/platform/client.ts";

/** One process, that is killed at one of its steps: nothing that it wanted to do after that is done. */
export type Life = {
  readonly isOver: () => boolean;
  /** One step: killed before it is done, after it is done and before anybody hears of it, or not at all. */
  readonly step: <Answer>(work: () => Promise<Answer>) => Promise<Answer>;
};

class Killed extends Error {}

/** @param diesAt its last step, the first is 1; null: it lives. @param isAfter whether that step is still done */
export const createLife = (diesAt: number | null, isAfter: boolean): Life => {
  let [steps, isOver] = [0, false];
  const end = (): never => {
    isOver = true;
    throw new Killed("killed");
  };
  return {
    isOver: () => isOver,
    step: async (work) => {
      if (isOver) throw new Killed("it is dead");
      steps += 1;
      const isLast = steps === diesAt;
      if (isLast && !isAfter) end();
      const answer = await work();
      // It was killed by another of its steps while this one was under way.
      if (isOver || isLast) end();
      return answer;
    },
  };
};

export const mortalDatabase = (db: Database, { step }: Life): Database => ({
  rows: async <Row>(query: Parameters<Database["rows"]>[0]) => await step(async () => await db.rows<Row>(query)),
  batch: async <Results extends readonly unknown[][]>(queries: Parameters<Database["batch"]>[0]) =>
    await step(async () => await db.batch<Results>(queries)),
});

/** An archive in memory: key and text of each object. */
export const memoryArchive = (): Archive & { readonly objects: Map<string, string> } => {
  const objects = new Map<string, string>();
  return { objects, keep: async (key, text) => void objects.set(key, text) };
};

export const mortalArchive = (archive: Archive, { step }: Life): Archive => ({
  keep: async (key, text, budget) => await step(async () => await archive.keep(key, text, budget)),
});

export const mortalFetch = (real: typeof fetch, { step }: Life): typeof fetch =>
  (async (input: Parameters<typeof fetch>[0], init?: RequestInit) => await step(async () => await real(input, init))) as typeof fetch;
