import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnsweringRecord, AnswerSide, CheckStatus, Health } from "../../../src/domain/steering/dns-answers.ts";
import { aliasKey, answeredSide, expectedAnswers } from "../../../src/domain/steering/dns-answers.ts";

const record = (setIdentifier: string, weight: number, more: Partial<AnsweringRecord> = {}): AnsweringRecord => ({
  type: "CNAME",
  setIdentifier,
  weight,
  values: [`${setIdentifier}.cdn.net.`],
  ...more,
});
const shareOf = (records: readonly AnsweringRecord[], side: AnswerSide | "other", health: Health = {}) => {
  const [answers] = expectedAnswers(records, health);
  const share = answers?.[side];
  return share === undefined ? "none" : share.least === share.most ? share.least : `${share.least}..${share.most}`;
};

describe("the documented cases of weights and health", () => {
  // "Weighted routing": three records of weights 1, 1 and 0, which of them are answered.
  it.each<[string, string]>([
    ["UUH", "NNY"],
    ["UUU", "YYN"],
    ["UHU", "NYN"],
    ["HHU", "YYN"],
    ["HHH", "YYN"],
    // Without a check of its own the third is always healthy.
    ["HH-", "YYN"],
    ["UU-", "NNY"],
    ["UH-", "NYN"],
  ])("%s answers %s", (healths, answered) => {
    const names = ["primary", "backup", "third"];
    const records = names.map((name, at) => record(name, at === 2 ? 0 : 1, healths[at] === "-" ? {} : { healthCheckId: `hc${at}` }));
    const health = Object.fromEntries(names.map((_, at) => [`hc${at}`, healths[at] === "H" ? "healthy" : "unhealthy"] as const));
    const [answers] = expectedAnswers(records, health);
    expect([answers?.primary, answers?.backup, answers?.other].map((share) => ((share?.most ?? 0) > 0 ? "Y" : "N")).join("")).toBe(
      answered,
    );
  });

  const shifted = [record("Primary", 0), record("BACKUP", 100)];
  it.each<[string, AnsweringRecord[], Health, number | string]>([
    ["the pair alone", shifted, {}, 1],
    ["both at 0", [record("primary", 0), record("backup", 0)], {}, 0.5],
    ["an unhealthy check on the backup", [record("primary", 0), record("backup", 100, { healthCheckId: "h" })], { h: "unhealthy" }, 0],
    ["a check that nobody can read", [record("primary", 0), record("backup", 100, { healthCheckId: "h" })], {}, "0..1"],
    ["a neighbour", [...shifted, record("canary", 100)], {}, 0.5],
    ["a neighbour with the backup's own target", [...shifted, record("canary", 100, { values: ["Backup.cdn.net"] })], {}, 1],
    ["a neighbour of weight 0", [...shifted, record("canary", 0)], {}, 1],
    [
      "an evaluated target",
      [record("primary", 0), record("backup", 100, { values: [], alias: { dnsName: "lb.aws.test.", evaluateTargetHealth: true } })],
      {},
      "0..1",
    ],
    [
      "an evaluated target that is down",
      [record("primary", 0), record("backup", 100, { alias: { dnsName: "lb.aws.test.", evaluateTargetHealth: true } })],
      { [aliasKey("LB.aws.test")]: "unhealthy" },
      0,
    ],
    ["a simple record", [{ type: "CNAME", values: ["x"] }], {}, 0],
    ["geolocation with one side alone", [record("backup", 0, { weight: undefined as never, otherPolicy: "geolocation" })], {}, 0],
  ])("%s", (_, records, health, share) => {
    expect(shareOf(records, "backup", health)).toBe(share);
  });

  it("follows a failover record's health", () => {
    const records: AnsweringRecord[] = [
      { type: "A", setIdentifier: "one", otherPolicy: "failover", failover: "PRIMARY", values: ["192.0.2.1"], healthCheckId: "h" },
      { type: "A", setIdentifier: "two", otherPolicy: "failover", failover: "SECONDARY", values: ["192.0.2.2"] },
    ];
    expect(shareOf(records, "other", { h: "unhealthy" })).toBe(1);
  });
});

// The referee draws as the guide tells it: one record by its weight; where it is unhealthy, another one of those that are left.
// All branches of the draw are walked, none is sampled, and every unknown is tried both ways.
type Draw = ReadonlyMap<AnsweringRecord, number>;

const draw = (
  left: readonly AnsweringRecord[],
  all: readonly AnsweringRecord[],
  isUp: (one: AnsweringRecord) => boolean,
  chance: number,
  into: Map<AnsweringRecord, number>,
): void => {
  const pool = left.length > 0 ? left : all;
  const isLast = left.length === 0;
  const first = pool.some(({ weight }) => weight! > 0) ? pool.filter(({ weight }) => weight! > 0) : pool;
  const total = first.reduce((sum, { weight }) => sum + weight!, 0);
  for (const one of first) {
    const part = chance * (total > 0 ? one.weight! / total : 1 / first.length);
    if (isLast || isUp(one)) into.set(one, (into.get(one) ?? 0) + part);
    else
      draw(
        left.filter((other) => other !== one),
        all,
        isUp,
        part,
        into,
      );
  }
};

const keysOf = (one: AnsweringRecord): string[] => [
  ...(one.healthCheckId === undefined ? [] : [one.healthCheckId]),
  ...(one.alias?.evaluateTargetHealth ? [aliasKey(one.alias.dnsName)] : []),
];

const worlds = (keys: readonly string[], health: Health): Record<string, boolean>[] =>
  keys.reduce<Record<string, boolean>[]>(
    (all, key) => {
      const status = health[key] ?? "unknown";
      return all.flatMap((world) => (status === "unknown" ? [true, false] : [status === "healthy"]).map((up) => ({ ...world, [key]: up })));
    },
    [{}],
  );

const referee = (records: readonly AnsweringRecord[], health: Health) =>
  [...new Set(["A", "AAAA", "CNAME"])].flatMap((type) => {
    const group = records.filter((one) => one.type === type);
    if (group.length === 0) return [];
    const draws = worlds([...new Set(group.flatMap(keysOf))], health).map((world): Draw => {
      const into = new Map<AnsweringRecord, number>();
      draw(group, group, (one) => keysOf(one).every((key) => world[key]), 1, into);
      return into;
    });
    const totals = draws.map((into) => {
      const sides = { primary: 0, backup: 0, other: 0 };
      for (const [one, part] of into) sides[answeredSide(one, group) ?? "other"] += part;
      return sides;
    });
    const range = (side: "primary" | "backup" | "other") => [
      Math.min(...totals.map((one) => one[side])),
      Math.max(...totals.map((one) => one[side])),
    ];
    return [[type, range("primary"), range("backup"), range("other")]];
  });

const status = fc.constantFrom<CheckStatus>("healthy", "unhealthy", "unknown");
const checkIds = ["h1", "h2", "h3"];
const someRecord = fc
  .record({
    type: fc.constantFrom("A", "AAAA", "CNAME"),
    setIdentifier: fc.constantFrom("primary", "Backup", "canary", "blue", "green"),
    weight: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
    target: fc.constantFrom("a.cdn.net", "b.cdn.net", "c.cdn.net"),
    check: fc.option(fc.constantFrom(...checkIds), { nil: undefined }),
    alias: fc.constantFrom("none", "plain", "evaluated"),
  })
  .map(({ type, setIdentifier, weight, target, check, alias }): AnsweringRecord => ({
    type,
    setIdentifier,
    weight,
    ...(alias === "none" ? { values: [`${target}.`] } : { alias: { dnsName: target, evaluateTargetHealth: alias === "evaluated" } }),
    ...(check !== undefined && { healthCheckId: check }),
  }));
const neighbourhood = fc.record({
  records: fc.uniqueArray(someRecord, { minLength: 1, maxLength: 7, selector: ({ type, setIdentifier }) => `${type}/${setIdentifier}` }),
  health: fc.record({ h1: status, h2: status, h3: status, [aliasKey("a.cdn.net")]: status, [aliasKey("b.cdn.net")]: status }),
});

it("agrees with drawing record after record, over a thousand neighbourhoods", () => {
  let several = 0;
  fc.assert(
    fc.property(neighbourhood, ({ records, health }) => {
      if (records.length > 2) several += 1;
      const told = expectedAnswers(records, health as Health);
      const drawn = referee(records, health as Health);
      expect(told.map(({ type }) => type)).toEqual(drawn.map(([type]) => type));
      told.forEach(({ primary, backup, other }, at) => {
        const ranges = drawn[at]?.slice(1) as [number, number][];
        [primary, backup, other].forEach((share, index) => {
          expect(share.least).toBeCloseTo(ranges[index]?.[0] ?? -1, 9);
          expect(share.most).toBeCloseTo(ranges[index]?.[1] ?? -1, 9);
        });
      });
    }),
    { numRuns: 1_000 },
  );
  expect(several).toBeGreaterThan(500);
});
