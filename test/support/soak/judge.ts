import { judgeEvidence } from "./judge-evidence.ts";
import { judgePending, judgeEnd } from "./judge-rows.ts";
import { judgeSlots } from "./judge-slots.ts";
import { judgeStates } from "./judge-states.ts";
import { judgeStorms } from "./judge-storms.ts";
import { judgeSwitches } from "./judge-switches.ts";
import type { Played } from "./world.ts";

/** What must not be. `at` is when, for who looks into it. */
export type Violation = {
  readonly law: "slots" | "storms" | "switches" | "evidence" | "rows" | "rest" | "states";
  readonly atMs: number;
  readonly what: string;
};

export type Judgement = {
  readonly violations: readonly Violation[];
  readonly samples: number;
  readonly storms: number;
  readonly switches: number;
  /** Outages that had to be seen, and after how many rounds the slowest of them was. */
  readonly outagesJudged: number;
  readonly worstDelayRounds: number;
  /** Decisions that follow from the samples in their evidence. */
  readonly replayed: number;
  readonly settled: number;
  readonly parked: number;
};

/** Judges a run by the tables, the DNS double and the truth; nothing of the code under test is asked. */
export const judge = async (played: Played): Promise<Judgement> => {
  const slots = await judgeSlots(played);
  const storms = await judgeStorms(played);
  const switches = await judgeSwitches(played);
  const rows = await judgePending(played.sql, played.plan.toMs);
  const rest = await judgeEnd(played);
  const evidence = await judgeEvidence(played);
  const states = await judgeStates(played);
  return {
    violations: [...slots.violations, ...storms.violations, ...switches, ...rows.violations, ...rest, ...evidence.violations, ...states],
    samples: slots.samples,
    storms: storms.storms,
    switches: played.dns.made.length,
    outagesJudged: storms.judged,
    worstDelayRounds: storms.worstDelayRounds,
    replayed: evidence.replayed,
    settled: rows.settled,
    parked: rows.parked,
  };
};
