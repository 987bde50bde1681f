import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, Screen, Step } from "./screen.ts";

/** A step that did not happen: what is being played can not go on. */
class Stuck extends Error {}

export type Telling = {
  readonly steps: readonly Step[];
  readonly figures: readonly Figure[];
  /** @throws where the step did not happen as described: what is being played ends here */
  readonly tell: (name: string, ok: boolean, detail: string) => void;
  readonly measure: (name: string, value: string, limit: string, ok: boolean) => void;
  /** @throws where it is not seen in time */
  readonly until: <T>(what: string, withinMs: number, look: () => Promise<T | null> | T | null) => Promise<T>;
  /** Notes what was thrown, unless it is a step that did not happen, which is noted. */
  readonly end: (thrown: unknown) => void;
};

/** Keeps, and shows, what happens while something is being played. @param elapsedMs since it began */
export const createTelling = (screen: Screen, elapsedMs: () => number): Telling => {
  const steps: Step[] = [];
  const figures: Figure[] = [];
  const note = (name: string, ok: boolean, detail: string): void => {
    const step = { name, ok, atMs: elapsedMs(), detail };
    steps.push(step);
    screen.step(step);
  };
  const tell: Telling["tell"] = (name, ok, detail) => {
    note(name, ok, detail);
    if (!ok) throw new Stuck(name);
  };
  return {
    steps,
    figures,
    tell,
    measure: (name, value, limit, ok) => void figures.push({ name, value, limit, ok }),
    until: async (what, withinMs, look) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const seen = await look();
        if (seen !== null) return seen;
        if (Date.now() > deadline) tell(what, false, `not seen within ${withinMs / 1_000} s`);
        screen.progress(what);
        await sleep(100);
      }
    },
    end: (thrown) => {
      if (!(thrown instanceof Stuck)) note("unexpected", false, String(thrown));
    },
  };
};
