import { describe, expect, it } from "vitest";
import type { DayVerdict } from "../../../src/domain/slo/snapshot.ts";
import { nextStreak, streaksOf, verdictOf } from "../../../src/domain/slo/snapshot.ts";
import { statusOf } from "../../../src/domain/slo/status.ts";
import { chance } from "./chance.ts";
import { tallies, terms } from "./terms.ts";

const nowUs = Date.UTC(2026, 10, 28) * 1_000;
const whole = { measuredUs: 86_400, elapsedUs: 86_400 };
const stands = (window = {}, openSinceUs: number | null = null) => statusOf(terms(), tallies(window, { openSinceUs }), nowUs);
const breaching = { consumedUs: 3_000_000_000, downUs: 3_000_000_000 };

describe("a day", () => {
  it("is good when it neither breaches nor ends in an outage", () => {
    expect(verdictOf(stands(), whole)).toBe("good");
    expect(verdictOf(stands({ consumedUs: 2_592_000_000 }), whole)).toBe("good");
    expect(verdictOf(stands(breaching), whole)).toBe("bad");
    expect(verdictOf(stands({}, 5), whole)).toBe("bad");
  });

  it("is insufficient when too little of it, or of its window, was measured, however bad the rest", () => {
    expect(verdictOf(stands(), { measuredUs: 89_999, elapsedUs: 100_000 })).toBe("insufficient");
    expect(verdictOf(stands(), { measuredUs: 90_000, elapsedUs: 100_000 })).toBe("good");
    expect(verdictOf(stands(), { measuredUs: 0, elapsedUs: 0 })).toBe("insufficient");
    expect(verdictOf(stands({ ...breaching, measuredUs: 2_000_000_000_000 }, 5), whole)).toBe("insufficient");
  });
});

const letters: Readonly<Record<string, DayVerdict>> = { g: "good", b: "bad", i: "insufficient" };
const days = (text: string) =>
  text.split("").map((letter, nth) => ({
    day: new Date(Date.UTC(2026, 0, 1 + nth)).toISOString().slice(0, 10),
    verdict: letters[letter] ?? "bad",
  }));
const after = (text: string) => days(text).reduce((before, { verdict }) => nextStreak(before, verdict).streak, 0);

describe("a streak", () => {
  it.each([
    ["", 0],
    ["ggg", 3],
    ["gbg", 1],
    ["ggb", 0],
    ["giig", 2],
    ["iii", 0],
    ["bii", 0],
  ])("after %s is %d", (text, streak) => {
    expect(after(text)).toBe(streak);
  });

  it("says how long it was when it breaks", () => {
    expect([nextStreak(6, "bad"), nextStreak(0, "bad"), nextStreak(6, "insufficient"), nextStreak(6, "good")]).toEqual([
      { streak: 0, brokenStreak: 6 },
      { streak: 0, brokenStreak: 0 },
      { streak: 6, brokenStreak: 0 },
      { streak: 7, brokenStreak: 0 },
    ]);
  });

  it.each([
    ["", 0, null, null, 0],
    ["bbi", 0, null, null, 0],
    ["ggbg", 2, "2026-01-01", "2026-01-02", 1],
    ["ggbgg", 2, "2026-01-01", "2026-01-02", 2],
    ["gbgiggib", 3, "2026-01-03", "2026-01-06", 0],
    ["igi", 1, "2026-01-02", "2026-01-02", 1],
  ])("of %s was at best %d", (text, best, startedOn, endedOn, current) => {
    const streaks = streaksOf(days(text));
    expect(streaks.best).toEqual({ days: best, startedOn, endedOn });
    expect(streaks.current.days).toBe(current);
  });

  it("is the same day by day and from the list", () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = chance(seed);
      const text = Array.from({ length: random.below(60) }, () => random.one(["g", "g", "g", "g", "i", "b"])).join("");
      const { current, best } = streaksOf(days(text));
      expect([text, current.days]).toEqual([text, after(text)]);
      // The longest run of good days between bad ones, insufficient ones struck out.
      const runs = text
        .replaceAll("i", "")
        .split("b")
        .map((run) => run.length);
      expect([text, best.days]).toEqual([text, Math.max(...runs)]);
      expect(current.endedOn === null).toBe(current.days === 0);
    }
  });
});
