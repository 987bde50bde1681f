import { describe, expect, it } from "vitest";
import { newBaseline } from "../../src/domain/cost/baseline.ts";
import { explainHour } from "../../src/domain/cost/explain.ts";
import { judgeHour, weights } from "../../src/domain/cost/score.ts";
import { idleAfterMs, zombieRules } from "../../src/domain/cost/zombie.ts";
import { read } from "../readme/documents.ts";

const text = await read("docs/cost.md");
/** The rows of the first table after a line. */
const rowsAfter = (line: string): readonly (readonly string[])[] =>
  (text.split(`${line}\n`)[1] ?? "")
    .split(/\n\n(?!\|)/)
    .find((block) => block.includes("|---"))
    ?.split("\n")
    .filter((row) => row.startsWith("|"))
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ) ?? [];

const hourMs = 3_600_000;
const startMs = Date.UTC(2026, 9, 19);
const centsPerGb = 8;

/** Twenty days of 20 and 60 GB an hour, a little more and less on alternate days; then the hour of the example. */
const verdictOfExample = () => {
  let baseline = newBaseline(true);
  const judged = (index: number, gigabytes: number) => {
    const hour = { atMs: startMs + index * hourMs, cents: gigabytes * centsPerGb, actor: null, resource: null };
    const { verdict, baseline: next } = judgeHour(baseline, hour);
    baseline = next;
    return verdict;
  };
  const usually = (index: number): number => {
    const [day, hour] = [Math.floor(index / 24), index % 24];
    const more = day % 2 === 0 ? -1 : 1;
    return hour >= 8 && hour < 20 ? 60 + 3 * more : 20 + more;
  };
  const days = Array.from({ length: 20 * 24 }, (_, index) => judged(index, usually(index)));
  for (let index = 20 * 24; index < 20 * 24 + 14; index += 1) judged(index, usually(index));
  return { before: days.slice(14 * 24), verdict: judged(20 * 24 + 14, 300) };
};

const dollars = (cents: number): string => `$${(cents / 100).toFixed(2)}`;

describe("docs/cost.md", () => {
  it("has an example that comes out as it says", () => {
    const { before, verdict } = verdictOfExample();
    expect(before.filter(({ severity }) => severity !== "none")).toEqual([]);
    const { usual, z, timesTheHourBefore, score, severity, cents } = verdict;
    const told = Object.fromEntries(rowsAfter("### One example").map(([figure = "", here = ""]) => [figure, here]));
    expect(told).toEqual({
      "this hour": dollars(cents),
      "usual at 14:00": dollars(usual.mean),
      "standard deviation": dollars(usual.deviation),
      distance: `${(z ?? 0).toFixed(1)} deviations`,
      "times the hour before": timesTheHourBefore?.toFixed(1),
      score: `${score}`,
      severity,
    });
    expect(text).toContain(`> ${explainHour(verdict)}\n`);
    expect(text).toContain(`(2400 − ${usual.mean}) / ${usual.deviation.toFixed(2)}`);
  });

  it("has the points of each", () => {
    const points = rowsAfter("Each value is first scored, 0 to 100, by what was usual without it, and only then learnt from:\n");
    expect(points.map(([, value]) => Number(value))).toEqual(Object.values(weights).map((weight) => weight.points));
  });

  it("has every rule of what idles, with its time", () => {
    const said = (ms: number): string => (ms === 24 * hourMs ? "24 hours" : `${ms / 24 / hourMs} days`);
    const rules = rowsAfter("neither called idle nor over: `GET /v1/cost/hunt` says what that was.\n").map(([rule, , after]) => [
      rule,
      after,
    ]);
    expect(rules).toEqual(zombieRules.map((rule) => [`\`${rule}\``, said(idleAfterMs[rule])]));
  });
});
