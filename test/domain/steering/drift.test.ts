import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fightWindowMs, isFight, isFightOver, maySayOnce } from "../../../src/domain/steering/drift.ts";
import type { PastDrift } from "../../../src/domain/steering/drift.ts";

const nowMs = Date.parse("2026-11-18T12:00:00Z");
const [calm, shifted, theirs] = [
  { primary: 100, backup: 0 },
  { primary: 0, backup: 100 },
  { primary: 30, backup: 70 },
];
const drift = { recordType: "CNAME", previous: calm, found: theirs };
const past = (ageMs: number, over: Partial<PastDrift> = {}): PastDrift => ({
  foundAtMs: nowMs - ageMs,
  found: theirs,
  leftAlone: false,
  ...over,
});

describe("a fight", () => {
  it.each([
    ["nothing before", [], false],
    ["once before", [past(5)], false],
    ["twice within the hour", [past(5), past(fightWindowMs - 1)], true],
    ["once too long ago", [past(5), past(fightWindowMs)], false],
    ["once to something else", [past(5), past(6, { found: shifted })], false],
    ["once left alone anyway", [past(5), past(6, { leftAlone: true })], false],
  ] as [string, PastDrift[], boolean][])("begins with the same drift three times in an hour: %s", (_, before, fight) => {
    expect(isFight(drift, before, nowMs)).toBe(fight);
  });

  it.each([
    ["all quiet and as desired", fightWindowMs, [past(fightWindowMs)], true, true],
    ["not as desired", fightWindowMs, [], false, false],
    ["too early", fightWindowMs - 1, [], true, false],
    ["somebody changed something", fightWindowMs, [past(5, { leftAlone: true })], true, false],
  ] as [string, number, PastDrift[], boolean, boolean][])("ends after an hour of peace: %s", (_, ageMs, before, asDesired, over) => {
    expect(isFightOver(nowMs - ageMs, before, asDesired, nowMs)).toBe(over);
  });
});

describe("a contested domain", () => {
  it.each([
    ["is not healed", calm, false, [theirs], calm, false],
    ["goes to the backup in a storm, whoever holds it", shifted, true, [theirs], calm, true],
    ["is not sent there twice", shifted, true, [theirs], shifted, false],
    ["comes back from where tranche put it", calm, false, [shifted], shifted, true],
    ["does not come back from where somebody else put it", calm, false, [theirs], shifted, false],
    ["goes to the backup though tranche never set it before", shifted, true, [theirs], null, true],
    ["is not brought to normal though tranche never set it before", calm, false, [theirs], null, false],
  ] as const)("%s", (_, to, toBackup, live, lastSet, may) => expect(maySayOnce(to, toBackup, live, lastSet)).toBe(may));

  it("is never told the same twice in a row", () => {
    const weights = fc.record({ primary: fc.nat(255), backup: fc.nat(255) });
    fc.assert(
      fc.property(weights, fc.boolean(), fc.array(weights, { maxLength: 2 }), (to, toBackup, live) => {
        expect(maySayOnce(to, toBackup, live, to)).toBe(false);
      }),
    );
  });
});
