import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinTallies, tallyText } from "../../../src/domain/metering/window-tally.ts";
import type { WindowTally } from "../../../src/domain/metering/window-tally.ts";

const text = (tally: WindowTally | undefined) => (tally === undefined ? "none" : tallyText(tally, String));

/** The tally of windows of length 1, by the obvious way. */
const tallyOf = (starts: readonly number[], names: readonly string[] = []): WindowTally[] => {
  const spans: { fromMs: number; toMs: number }[] = [];
  for (const start of starts) {
    const last = spans.at(-1);
    if (last?.toMs === start) last.toMs = start + 1;
    else spans.push({ fromMs: start, toMs: start + 1 });
  }
  const [first, last] = [spans[0], spans.at(-1)];
  return first === undefined || last === undefined
    ? []
    : [{ serviceId: 1, rule: "r", windows: starts.length, spans: spans.length, first: { ...first }, last: { ...last }, names }];
};

describe("tallies of windows", () => {
  it("of parts join to that of the whole, wherever it was cut", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30)), fc.nat(31), fc.nat(31), (some, one, other) => {
        const starts = some.toSorted((a, b) => a - b);
        const [cut, again] = [Math.min(one, other), Math.max(one, other)];
        const parts = [
          [0, cut],
          [cut, again],
          [again, 100],
        ].map(([from = 0, to = 0]) => tallyOf(starts.filter((start) => start >= from && start < to)));
        const joined = parts.reduce<readonly WindowTally[]>((before, after) => joinTallies(before, after), []);
        expect(joined).toEqual(tallyOf(starts));
      }),
    );
  });

  it("are kept apart by service and rule, and name five", () => {
    const [some] = tallyOf([1], ["c", "a"]);
    if (some === undefined) throw new Error("there is one");
    expect(joinTallies([some, { ...some, serviceId: 2 }], [{ ...some, rule: "s" }])).toHaveLength(3);
    const [joined] = joinTallies([some], tallyOf([2, 4], ["b", "d", "e", "f", "g"]));
    expect(text(joined)).toBe("3 windows, in 2 spans, the first 1 to 3, the last 4 to 5 (a, b, c, d, e, and others)");
    expect(text(some)).toBe("1 window, 1 to 2 (c, a)");
    expect(text(tallyOf([1, 2])[0])).toBe("2 windows, 1 to 3");
  });
});
