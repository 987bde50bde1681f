import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Member } from "../../../src/domain/steering/group.ts";
import { groupShares, memberDrift, rememberedAfter, stillRemembered, withOwn } from "../../../src/domain/steering/group.ts";

const member = (setIdentifier: string, weight: number, type = "CNAME"): Member => ({ type, setIdentifier, weight });
const own = [member("canary", 97), member("old", 3)];
const zero = own.map((one) => ({ ...one, weight: 0 }));

describe("what is remembered of a group", () => {
  it.each<[string, Member[], Member[], boolean, Member[]]>([
    ["nothing changed", zero, zero, false, own],
    ["somebody set a member", zero, [member("canary", 30), member("old", 0)], false, [member("canary", 30), member("old", 3)]],
    ["it may have been tranche's own switch that set it", zero, [member("canary", 30), member("old", 0)], true, own],
    ["a member appeared", zero, [...zero, member("new", 40)], false, [...own, member("new", 40)]],
    ["a member is gone", zero, [member("canary", 0)], false, own],
    ["one that was gone is back without a weight", [member("canary", 0)], zero, false, own],
    [
      "one that was gone is back with another weight",
      [member("canary", 0)],
      [member("canary", 0), member("old", 9)],
      false,
      [member("canary", 97), member("old", 9)],
    ],
  ])("%s", (_, known, live, isOurs, wanted) => {
    expect(rememberedAfter(own, known, live, isOurs)).toEqual(wanted);
  });

  it("is given up once every member that is there has its own weight in calm, and not before", () => {
    expect(stillRemembered(own, own, true)).toBeNull();
    expect(stillRemembered(own, [member("canary", 97)], true)).toBeNull();
    expect(stillRemembered(own, own, false)).toEqual(own);
    expect(stillRemembered(own, zero, true)).toEqual(own);
  });

  it("does not grow with each deployment that sets members of its own: those that are there are kept, and the last ones that were", () => {
    let remembered: readonly Member[] = own;
    let known: readonly Member[] = zero;
    for (let deployment = 0; deployment < 50; deployment += 1) {
      const live = [member("canary", 0), ...Array.from({ length: 99 }, (_, at) => member(`pod-${deployment}-${at}`, 5))];
      remembered = rememberedAfter(remembered, known, live, false);
      known = live;
    }
    expect(remembered).toHaveLength(300);
    expect(remembered[0]).toEqual(member("canary", 97));
    for (const one of known.slice(1)) expect(remembered).toContainEqual(one);
    expect(remembered).toContainEqual(member("pod-48-98", 5));
  });

  it("tells drift from a member that is new", () => {
    expect(memberDrift(own, zero, [member("canary", 30), member("old", 0)])).toEqual({ recordType: "CNAME", previous: 0, found: 30 });
    expect(memberDrift(own, zero, [...zero, member("new", 40)])).toBeNull();
    expect(withOwn([...zero, member("new", 40)], own).map(({ own: weight }) => weight)).toEqual([97, 3, 40]);
  });
});

it("gives every part of a group its share of the way back, as nearly as whole weights can", () => {
  const weight = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 255 }),
      weight,
      fc.integer({ min: 1, max: 99 }),
      (weights, primary, backup, percent) => {
        const members = weights.map((one, at) => member(`m${at}`, one));
        const { pair, members: set } = groupShares(percent / 100, { primary, backup }, members, 0);
        const all = [pair.primary, pair.backup, ...set.map((one) => one.weight)];
        expect(all.every((one) => Number.isInteger(one) && one >= 0 && one <= 255)).toBe(true);
        const [sum, ownSum] = [all.reduce((a, b) => a + b), primary + backup + weights.reduce((a, b) => a + b)];
        const back = (sum - pair.backup) / sum;
        const wanted = (percent / 100) * ((ownSum - backup) / ownSum);
        expect(Math.abs(back - wanted)).toBeLessThan(0.03);
      },
    ),
  );
});
