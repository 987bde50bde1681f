import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgePath, judgeVantage, unknownReading, worstOf } from "../../../src/domain/detection/health.ts";
import type { Health, Reading, WindowStats } from "../../../src/domain/detection/health.ts";

const terms = { thresholdAvail: 0.9, minSamples: 3, minFailures: 3 };
const stats = (
  samples: number,
  failures: number,
  vantage = "local",
  firstFailedAtMs: number | null = failures > 0 ? 1_000 : null,
): WindowStats => ({
  domainId: 1,
  path: "primary",
  vantage,
  samples,
  failures,
  firstFailedAtMs,
});

describe("judgeVantage", () => {
  it.each([
    ["nothing", 0, 0, "unknown", false],
    ["too few samples, all good", 2, 0, "unknown", false],
    ["too few samples, all bad", 2, 2, "unknown", false],
    ["enough, all good", 3, 0, "up", false],
    ["enough, all bad", 3, 3, "down", true],
    ["below the threshold with too few failures", 3, 1, "unknown", true],
    ["one failure short of down", 10, 2, "unknown", true],
    ["as many failures as it takes", 10, 3, "down", true],
    ["exactly at the threshold is up", 10, 1, "up", false],
    ["exactly at the threshold with many failures is up", 30, 3, "up", false],
    ["just below", 29, 3, "down", true],
  ] as [string, number, number, Health, boolean][])("%s", (_, samples, failures, health, below) => {
    expect(judgeVantage(stats(samples, failures), terms)).toMatchObject({ health, below });
  });

  it("is below any threshold without one good answer, however small that is", () => {
    for (const thresholdAvail of [1e-10, 1e-300]) {
      expect(judgeVantage(stats(3, 3), { ...terms, thresholdAvail })).toMatchObject({ health: "down", below: true });
      expect(judgeVantage(stats(300, 299), { ...terms, thresholdAvail })).toMatchObject({ health: "up", below: false });
    }
  });

  it("does not tip over by the rounding of a threshold", () => {
    for (let percent = 1; percent <= 100; percent += 1) {
      for (const samples of [100, 200, 300, 700, 1_100, 3_600]) {
        const failures = (samples * (100 - percent)) / 100;
        const exact = { thresholdAvail: percent / 100, minSamples: 1, minFailures: 1 };
        expect(judgeVantage(stats(samples, failures), exact).health, `${failures} of ${samples} at ${percent} %`).toBe("up");
        if (failures < samples) expect(judgeVantage(stats(samples, failures + 1), exact).health).toBe("down");
      }
    }
  });

  it("is never down at or above the threshold, never up below it", () => {
    const figures = fc
      .integer({ min: 0, max: 5_000 })
      .chain((samples) => fc.tuple(fc.constant(samples), fc.integer({ min: 0, max: samples })));
    fc.assert(
      fc.property(
        figures,
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 100 }),
        ([samples, failures], permille, minSamples, minFailures) => {
          const { health, below } = judgeVantage(stats(samples, failures), { thresholdAvail: permille / 1_000, minSamples, minFailures });
          const above = (samples - failures) * 1_000 >= permille * samples;
          if (samples < minSamples) expect(health).toBe("unknown");
          else expect(health).toBe(above ? "up" : failures >= minFailures ? "down" : "unknown");
          expect(below).toBe(samples >= minSamples && !above);
        },
      ),
    );
  });
});

describe("judgePath", () => {
  const up = stats(10, 0, "a");
  const down = stats(10, 5, "b", 5_000);
  const weak = stats(10, 2, "c", 3_000);

  it("knows nothing without a vantage", () => expect(judgePath([], terms)).toEqual(unknownReading));

  it.each([
    ["all up", [up, { ...up, vantage: "b" }], "up", false],
    ["all down", [down, { ...down, vantage: "a" }], "down", true],
    ["they disagree", [up, down], "unknown", false],
    ["down, and below without enough failures", [down, weak], "unknown", true],
    ["up, and too few samples", [up, stats(1, 0, "b")], "unknown", false],
    ["down, and too few samples", [down, stats(1, 1, "a")], "unknown", false],
  ] as [string, WindowStats[], Health, boolean][])("%s", (_, all, health, below) => {
    expect(judgePath(all, terms)).toMatchObject({ health, below });
  });

  it("never pools: a vantage with many good samples does not outvote one with few bad ones", () => {
    expect(judgePath([stats(1_000, 0, "a"), stats(5, 5, "b")], terms).health).toBe("unknown");
  });

  it("tells the first failure that anybody saw", () => {
    expect(judgePath([{ ...down, firstFailedAtMs: 9_000, vantage: "a" }, down], terms).firstFailedAtMs).toBe(5_000);
  });
});

describe("worstOf", () => {
  const reading = (health: Health, below = health === "down", firstFailedAtMs: number | null = null): Reading => ({
    health,
    below,
    firstFailedAtMs,
  });

  it.each([
    [[], "unknown"],
    [["up", "up"], "up"],
    [["up", "unknown"], "unknown"],
    [["up", "down"], "down"],
    [["unknown", "down"], "down"],
  ] as [Health[], Health][])("%j: %s", (healths, health) => expect(worstOf(healths.map((one) => reading(one))).health).toBe(health));

  it("is below where any domain is", () => {
    expect(worstOf([reading("up"), reading("unknown", true)]).below).toBe(true);
    expect(worstOf([reading("up"), reading("unknown")]).below).toBe(false);
  });

  it("takes the first failure from the domains that are below, not from a lost packet elsewhere", () => {
    expect(worstOf([reading("up", false, 1_000), reading("down", true, 5_000), reading("down", true, 4_000)]).firstFailedAtMs).toBe(4_000);
  });
});

it("comes to the same reading in whatever order the figures arrive", () => {
  const one = fc
    .record({
      domainId: fc.integer({ min: 1, max: 3 }),
      path: fc.constant("primary" as const),
      vantage: fc.constantFrom("a", "b", "c"),
      samples: fc.integer({ min: 0, max: 20 }),
      failures: fc.integer({ min: 0, max: 20 }),
      firstFailedAtMs: fc.option(fc.integer({ min: 0, max: 100 })),
    })
    .map((figures): WindowStats => ({ ...figures, failures: Math.min(figures.samples, figures.failures) }));
  const judge = (all: readonly WindowStats[]) =>
    worstOf([...Map.groupBy(all, ({ domainId }) => domainId)].sort(([a], [b]) => a - b).map(([, own]) => judgePath(own, terms)));
  const shuffled = fc
    .array(one, { maxLength: 12 })
    .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
  fc.assert(
    fc.property(shuffled, ([all, mixed]) => {
      expect(judge(mixed)).toEqual(judge(all));
    }),
  );
});
