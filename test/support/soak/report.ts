import type { Judgement } from "./judge.ts";
import { faultKinds } from "./plan.ts";
import type { Played } from "./world.ts";

/** How often each kind of fault was in the plan. */
export const faultCounts = ({ plan }: Pick<Played, "plan">): Readonly<Record<string, number>> =>
  Object.fromEntries(faultKinds.map((kind) => [kind, plan.faults.filter((fault) => fault.kind === kind).length]));

const iso = (ms: number): string => new Date(ms).toISOString();

/** One line for each figure, and one for each violation. */
export const reportOf = (played: Played, judgement: Judgement): string => {
  const { plan, rounds } = played;
  const figures: readonly (readonly [string, string | number])[] = [
    ["seed", plan.seed],
    ["hours", ((plan.toMs - plan.fromMs) / 3_600_000).toFixed(2)],
    ["domains", plan.services.reduce((sum, { domains }) => sum + domains.length, 0)],
    ["interval, s", plan.intervalMs / 1_000],
    ["rounds", rounds],
    ["samples", judgement.samples],
    ["outages", plan.outages.length],
    ["storms", judgement.storms],
    ["switches", judgement.switches],
    ...Object.entries(faultCounts(played)).map(([kind, count]) => [`fault ${kind}`, count] as const),
    ["outages that had to be seen", judgement.outagesJudged],
    ["worst delay of a storm, rounds", judgement.worstDelayRounds],
    ["rows settled", judgement.settled],
    ["rows parked", judgement.parked],
    ["violations", judgement.violations.length],
  ];
  const widest = Math.max(...figures.map(([name]) => name.length));
  return [
    ...figures.map(([name, value]) => `${name.padEnd(widest)}  ${String(value).padStart(10)}`),
    ...judgement.violations.slice(0, 50).map(({ law, atMs, what }) => `${law} ${iso(atMs)} ${what}`),
  ].join("\n");
};
