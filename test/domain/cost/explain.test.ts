import { describe, expect, it } from "vitest";
import { newBaseline } from "../../../src/domain/cost/baseline.ts";
import type { Finding } from "../../../src/domain/cost/detector.ts";
import { explainFinding, explainHour } from "../../../src/domain/cost/explain.ts";
import { scoreHour } from "../../../src/domain/cost/score.ts";
import { calm, hour, hourMs, known, monday } from "./hours.ts";

describe("an hour in words", () => {
  const costs = (count: number) => calm(count).map((cents) => cents * 10);

  it.each([
    [
      "with everything at once",
      { ...known(costs(100), { actor: "arn:aws:iam::123456789012:role/Deploy", resource: "i-1" }), lastCents: 1_500, risingHours: 2 },
      hour({ cents: 123_456.7, actor: "arn:aws:iam::123456789012:user/mallory", resource: "i-2" }),
      "$1,234.57 an hour, where $10.00 is usual by 100 hours: 1218 deviations of $1.01 above. 82.3 times the hour before. It rises for 3 hours. arn:aws:iam::123456789012:user/mallory was never seen here before. i-2 is new.",
    ],
    [
      "on a Wednesday, by weeks",
      known(costs(4 * 168), {}, true),
      hour({ cents: 1_500, atMs: monday + 62 * hourMs }),
      "$15.00 an hour, where $9.00 is usual on a Wednesday at 14:00 UTC, by 4 weeks: 13.3 deviations of $0.45 above. 1.4 times the hour before. It rises for 2 hours.",
    ],
    [
      "by days",
      known(costs(14 * 24), {}, true),
      hour({ cents: 940, atMs: monday + 9 * hourMs }),
      "$9.40 an hour, where $11.00 is usual at 09:00 UTC, by 14 days: 2.9 deviations of $0.55 below.",
    ],
    [
      "of which nothing is known",
      newBaseline(true),
      hour({ cents: 501 }),
      "$5.01 an hour, of which nothing is known yet: above $5.00 that alone is told.",
    ],
    [
      "of which too little is known",
      known(costs(3)),
      hour({ cents: 20 }),
      "$0.20 an hour; too little is known yet to say what is usual (3 of 24 hours).",
    ],
  ])("%s", (_, baseline, asked, text) => {
    expect(explainHour(scoreHour(baseline, asked))).toBe(text);
  });
});

describe("a value of a series in one sentence", () => {
  const finding = (own: Partial<Finding>): Finding => ({ rarity: 3, oddity: "jump", isRecord: false, usual: 12.345, ...own });

  it.each([
    [finding({ rarity: 0 }), null],
    [finding({}), "51.2, where it was 12.3 just before: this series is so far off about once in 1,000 values."],
    [
      finding({ rarity: 2.5, oddity: "hour" }),
      "51.2, where it was 12.3 at this hour of the day: this series is so far off about once in 300 values.",
    ],
    [
      finding({ rarity: 4.2, oddity: "level", isRecord: true }),
      "51.2, where it was 12.3 over the long run: this series is so far off about once in 20,000 values; it is a record as well.",
    ],
    [finding({ rarity: 20 }), "51.2, where it was 12.3 just before: this series is so far off about once in 1,000,000 values."],
    [finding({ rarity: 1, oddity: null, isRecord: true }), "51.2 is beyond all that this series has been before."],
  ])("%j", (given, text) => {
    expect(explainFinding(given, 51.234)).toBe(text);
  });
});
