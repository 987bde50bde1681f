import { describe, expect, it } from "vitest";
import { tiers } from "../../src/domain/slo/burn.ts";
import type { ObjectiveTerms } from "../../src/domain/slo/objective.ts";
import { budgetParts, wholeParts } from "../../src/domain/slo/objective.ts";
import { achievementNames } from "../../src/domain/slo/achievement.ts";
import { statusOf } from "../../src/domain/slo/status.ts";
import type { StateSpan } from "../../src/domain/slo/tally.ts";
import { talliesOf } from "../../src/domain/slo/tally.ts";
import { commandLine } from "../support/command-line.ts";
import { read } from "../readme/documents.ts";

const text = await read("docs/slo.md");
const rowsUnder = (heading: string): readonly (readonly string[])[] =>
  (text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

const minuteUs = 60_000_000;
const dayUs = 1_440 * minuteUs;
const nowUs = Date.UTC(2026, 10, 27, 12) * 1_000;
const terms: ObjectiveTerms = {
  target: 99.9,
  window: { days: 30 },
  dependencyExclusion: "self-only",
  excludedUpstreams: [],
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
};

/** Up for 40 days but for these. Minutes before now. */
const history = (pieces: readonly (Pick<StateSpan, "state" | "upstreamCdn"> & { readonly from: number; readonly minutes: number })[]) => {
  const spans: StateSpan[] = [];
  let fromUs = nowUs - 40 * dayUs;
  for (const { from, minutes, state, upstreamCdn } of pieces) {
    const startUs = nowUs - from * minuteUs;
    spans.push({ state: "up", upstreamCdn: null, avoided: false, fromUs, toUs: startUs, outageAtUs: null });
    fromUs = startUs + minutes * minuteUs;
    spans.push({ state, upstreamCdn, avoided: false, fromUs: startUs, toUs: fromUs, outageAtUs: state === "down" ? startUs : null });
  }
  return [...spans, { state: "up", upstreamCdn: null, avoided: false, fromUs, toUs: null, outageAtUs: null } satisfies StateSpan];
};

describe("docs/slo.md", () => {
  it("has an example that comes out as it says", () => {
    const spans = history([
      { from: 30_000, minutes: 20, state: "down", upstreamCdn: "fastly" },
      { from: 20_000, minutes: 10, state: "down", upstreamCdn: null },
      { from: 10_000, minutes: 240, state: "down", upstreamCdn: null },
      { from: 5_000, minutes: 36 * 60, state: "unknown", upstreamCdn: null },
    ]);
    const corrections = [{ fromUs: nowUs - 9_990 * minuteUs, toUs: nowUs - 9_760 * minuteUs }];
    const status = statusOf(terms, talliesOf({ spans, corrections, judgedUs: null }, terms, nowUs), nowUs);
    const figures = {
      total_minutes: status.total.minutes,
      allowed_minutes: status.allowed.minutes,
      elapsed_minutes: status.elapsed.minutes,
      measured_minutes: status.measured.minutes,
      coverage: status.coverage,
      "downtime.minutes": status.down.minutes,
      "downtime.self_minutes": status.self.minutes,
      consumed_minutes: status.consumed.minutes,
      remaining_minutes: status.remaining.minutes,
      remaining_percent: status.remainingPercent,
      availability: status.availability,
      strict_availability: status.strictAvailability,
      state: status.state,
    };
    const said = Object.fromEntries(rowsUnder("One example").map(([name = "", value = ""]) => [name.replaceAll("`", ""), value]));
    expect(said).toEqual(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, String(value)])));
  });

  it("says after how long a total outage fires each alert", () => {
    const unavailable = budgetParts(terms) / wholeParts;
    const rows = rowsUnder("Burn alerts");
    for (const { name, factor, longUs } of tiers(terms, nowUs)) {
      const [, condition = "", delay = ""] = rows.find(([alert]) => alert === `\`${name}\``) ?? [];
      expect(condition, name).toContain(`more than ${factor}`);
      expect(delay, name).toBe(`${Number(((factor * unavailable * longUs) / 1e6).toFixed(3))} s`);
    }
    expect(rows.find(([alert]) => alert === "`fast_burn`")?.[2]).toBe(`${Number((5 * unavailable * 3_600).toFixed(3))} s`);
  });

  it("names every achievement", () => {
    const named = rowsUnder("Days, streaks, achievements").flatMap(([names = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(new Set(named)).toEqual(new Set(achievementNames));
    expect(named).toHaveLength(achievementNames.length);
  });

  it("shows what the backtest prints", async () => {
    const args = ["test/fixtures/outage-2025-11-18.csv", "--cdns", "cloudflare,fastly", "--objective", "99.9"];
    const { out: printed } = await commandLine(["backtest", ...args]);
    const shown = (text.split("```\n").find((block) => block.startsWith("objective")) ?? "").trim().split("\n");
    expect(shown).toHaveLength(4);
    for (const line of shown) expect(printed).toContain(line);
  });
});
