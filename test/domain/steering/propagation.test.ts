import { describe, expect, it } from "vitest";
import type { Expectation, PublishedRecord } from "../../../src/domain/steering/propagation.ts";
import { cachedForSeconds, canonicalAnswer, expectationOf, judgePropagation } from "../../../src/domain/steering/propagation.ts";

const record = (setIdentifier: string, value: string, over: Partial<PublishedRecord> = {}): PublishedRecord => ({
  type: "CNAME",
  setIdentifier,
  ttl: 60,
  values: [value],
  ...over,
});
const pair = [record("Primary", "A.cdn.net."), record("BACKUP", "b.cdn.net")];

describe("what the public DNS has to answer", () => {
  it.each([
    [{ primary: 100, backup: 0 }, ["a.cdn.net"]],
    [{ primary: 0, backup: 100 }, ["b.cdn.net"]],
    [{ primary: 50, backup: 50 }, ["a.cdn.net", "b.cdn.net"]],
    [{ primary: 0, backup: 0 }, ["a.cdn.net", "b.cdn.net"]],
  ])("at %j", (to, values) => {
    expect(expectationOf(pair, to)).toEqual({ type: "CNAME", values });
  });

  it("is told by one type, a CNAME first, then A", () => {
    const both = [
      record("primary", "2001:DB8::1", { type: "AAAA" }),
      record("backup", "2001:db8::2", { type: "AAAA" }),
      record("primary", "192.0.2.1", { type: "A" }),
      record("backup", "192.0.2.2", { type: "A" }),
    ];
    expect(expectationOf(both, { primary: 0, backup: 1 })).toEqual({ type: "A", values: ["192.0.2.2"] });
    expect(expectationOf(both.slice(0, 2), { primary: 1, backup: 0 })).toEqual({ type: "AAAA", values: ["2001:db8::1"] });
  });

  it("cannot be told of an alias, nor of nothing", () => {
    expect(
      expectationOf([{ type: "A", setIdentifier: "primary" }, record("backup", "192.0.2.2", { type: "A" })], { primary: 1, backup: 0 }),
    ).toBeNull();
    expect(expectationOf([], { primary: 1, backup: 0 })).toBeNull();
  });
});

describe("the verdict", () => {
  const expected: Expectation = { type: "CNAME", values: ["b.cdn.net"] };
  it.each([
    [[["b.cdn.net"], ["b.cdn.net"]], "confirmed"],
    [[["b.cdn.net"], null], "confirmed"],
    [[["b.cdn.net"], ["a.cdn.net"]], "other"],
    [[["b.cdn.net"], []], "other"],
    [[["b.cdn.net", "c.cdn.net"]], "other"],
    [[null, null], "silent"],
    [[], "silent"],
  ])("on %j is %s", (answers, verdict) => {
    expect(
      judgePropagation(
        expected,
        answers.map((one, index) => ({ resolver: `r${index}`, answers: one })),
      ),
    ).toEqual({ verdict, zone: "silent", cached: false });
  });
});

it("takes for a cache's only what the pair's other half may have left there", () => {
  const expected: Expectation = { type: "CNAME", values: ["b.cdn.net"] };
  const zone = { resolver: "ns (authoritative)", source: "authoritative" as const, answers: ["b.cdn.net"] };
  const heard = (answers: readonly string[]) => judgePropagation(expected, [{ resolver: "r", answers }, zone], pair);
  expect(heard(["a.cdn.net"])).toEqual({ verdict: "other", zone: "confirmed", cached: true });
  for (const answers of [["c.cdn.net"], [], ["a.cdn.net", "c.cdn.net"]])
    expect(heard(answers)).toMatchObject({ verdict: "other", cached: false });
});

it("waits for the longest life of an old answer", () => {
  expect(cachedForSeconds([record("primary", "a", { ttl: 30 }), record("backup", "b", { ttl: 300 })])).toBe(300);
  expect(cachedForSeconds([{ type: "A", setIdentifier: "primary" }])).toBe(60);
  expect(cachedForSeconds([])).toBe(0);
});

it("compares names and addresses in one form", () => {
  expect(["B.cdn.NET.", " 2001:DB8::1 ", "b.cdn.net"].map(canonicalAnswer)).toEqual(["b.cdn.net", "2001:db8::1", "b.cdn.net"]);
  expect(["a\0b.", "a\uD800", "ü😀"].map(canonicalAnswer), "what Postgres can hold").toEqual(["a\uFFFDb", "a\uFFFD", "ü😀"]);
});
