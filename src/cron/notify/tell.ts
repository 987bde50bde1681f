import type { SoonDeps } from "../soon.ts";
import { createStarter } from "../soon.ts";
import type { DeliverDeps } from "./deliver.ts";
import { deliver } from "./deliver.ts";

export type TellDeps = DeliverDeps & SoonDeps;

/** Begins to deliver what a round, or a request, has just written. @param background keeps the invocation alive */
export const createTeller = (deps: () => TellDeps, newRunId: () => string, background: (work: Promise<unknown>) => void): (() => void) =>
  createStarter({ lease: "job:deliver", work: deliver }, deps, newRunId, background);
