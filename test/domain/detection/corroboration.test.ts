import { describe, expect, it } from "vitest";
import type { SeenDomain } from "../../../src/domain/detection/corroboration.ts";
import { canariesSeeIt, countWitnesses, creditedAfter, othersSeeIt } from "../../../src/domain/detection/corroboration.ts";

const domain = (customerId: number, over: Partial<SeenDomain> = {}): SeenDomain => ({
  customerId,
  site: `site${customerId}.com`,
  target: `t${customerId}.cdn.net`,
  fails: true,
  ...over,
});
const own = { customerId: 1, sites: ["site1.com"], targets: ["t1.cdn.net"] };

describe("countWitnesses", () => {
  it.each([
    ["nobody", [], 0, 0],
    ["the insured himself", [domain(1), domain(1, { site: "other.com", target: "x" })], 0, 0],
    ["two others, one failing", [domain(2), domain(3, { fails: false })], 2, 1],
    ["one customer with two domains, of which one answers", [domain(2), domain(2, { site: "b.com", target: "b", fails: false })], 1, 0],
    ["two customers under one site", [domain(2), domain(3, { site: "site2.com" })], 1, 1],
    ["two customers with one target", [domain(2), domain(3, { target: "t2.cdn.net" })], 1, 1],
    ["another under the insured's site", [domain(2, { site: "site1.com" })], 0, 0],
    ["another with the insured's target", [domain(2, { target: "t1.cdn.net" })], 0, 0],
  ] as [string, SeenDomain[], number, number][])("%s", (_, domains, seen, failing) => {
    expect(countWitnesses(domains, own)).toEqual({ seen, failing });
  });
});

it.each([
  [3, 3, true],
  [2, 2, false],
  [15, 3, true],
  [16, 3, false],
  [20, 4, true],
  [0, 0, false],
])("of %i seen %i fail, three are asked for: %s", (seen, failing, expected) => {
  expect(othersSeeIt({ seen, failing }, 3)).toBe(expected);
});

it.each([
  [[], false],
  [[false], true],
  [[false, false], true],
  [[false, true], false],
] as const)("canaries that answered %j see it: %s", (answered, expected) => {
  expect(canariesSeeIt(answered)).toBe(expected);
});

describe("creditedAfter", () => {
  const minute = 60_000;
  it.each([
    ["the first sighting, at once", null, 0, 10],
    ["the first sighting, ten minutes after detection", null, 10, 20],
    ["a first sighting that is late", null, 10.001, null],
    ["one more, while there is time", 20, 14, null],
    ["one more, where there is little left", 20, 15, 25],
    ["one more, at the last moment", 20, 20, 30],
    ["one more, too late", 20, 20.001, null],
  ] as const)("%s", (_, until, now, expected) => {
    const storm = { detectedAtMs: 0, creditedUntilMs: until === null ? null : until * minute };
    expect(creditedAfter(storm, now * minute)).toBe(expected === null ? null : expected * minute);
  });
});
