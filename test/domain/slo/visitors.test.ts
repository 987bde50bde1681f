import { describe, expect, it } from "vitest";
import type { Health } from "../../../src/domain/detection/health.ts";
import { judgePath } from "../../../src/domain/detection/health.ts";
import type { VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, nextSpans } from "../../../src/domain/slo/visitors.ts";
import { chance } from "./chance.ts";
import { randomLife, spansOfLife } from "./life.ts";
import { cdns, condition, domain, follows, outageUnknown, present, selfDown, side, unknown, up, upstreamDown } from "./visited.ts";

describe("who is to blame", () => {
  it.each([
    ["down", "up", "upstream"],
    ["down", "down", "self"],
    ["down", "unknown", "self"],
    ["down", null, "self"],
  ] as const)("user path %s, other path %s: %s", (user, other, attribution) => {
    const of = (serving: "primary" | "backup") => conditionOf([domain(side(user), other === null ? null : side(other), serving)], cdns);
    expect(of("primary")).toMatchObject({ state: "down", attribution, upstreamCdn: attribution === "upstream" ? "fastly" : null });
    expect(of("backup")).toMatchObject({ state: "down", attribution, upstreamCdn: attribution === "upstream" ? "cloudflare" : null });
  });

  it("is the service where visitors do not go through a CDN of a pair", () => {
    expect(condition(domain(side("down"), up, "direct"))).toEqual(["down", "self", null, false]);
  });

  it("is an upstream only where it is for each domain that is down", () => {
    const excused = domain(side("down"), up);
    expect(condition(excused, domain(up, side("down")))).toEqual(["down", "upstream", "fastly", false]);
    expect(condition(excused, domain(side("down"), unknown))).toEqual(["down", "self", null, false]);
    expect(condition(excused, domain(unknown, unknown))).toEqual(["down", "upstream", "fastly", false]);
    expect(condition(domain(side("down"), up, "backup"), domain(up, up))).toEqual(["down", "upstream", "cloudflare", false]);
    expect(condition(domain(side("down"), up, "backup"), excused)).toEqual(["down", "upstream", "fastly", false]);
  });
});

describe("what visitors get", () => {
  it("is as bad as the worst domain", () => {
    expect(condition(domain(up, null), domain(up, null))).toEqual(["up", null, null, false]);
    expect(condition(domain(up, null), domain(unknown, null))).toEqual(["unknown", null, null, false]);
    expect(condition(domain(unknown, null), domain(side("down"), null))).toEqual(["down", "self", null, false]);
    expect(condition()).toEqual(["unknown", null, null, false]);
  });

  it("is unknown where two vantages disagree", () => {
    const seen = (vantage: string, failures: number) => ({
      domainId: 1,
      path: "primary" as const,
      vantage,
      samples: 10,
      failures,
      firstFailedAtMs: 5,
    });
    const judge = (...failures: number[]) =>
      judgePath(
        failures.map((count, nth) => seen(`v${nth}`, count)),
        { thresholdAvail: 0.9, minSamples: 3, minFailures: 3 },
      ).health;
    const of = (health: Health) => condition(domain(side(health), up));
    expect([of(judge(10, 0)), of(judge(10, 10)), of(judge(0, 0))]).toEqual([
      ["unknown", null, null, false],
      ["down", "upstream", "fastly", false],
      ["up", null, null, false],
    ]);
  });

  it("was avoided where the primary is down, and they get the backup, which is up", () => {
    expect(condition(domain(up, side("down"), "backup"))).toEqual(["up", null, null, true]);
    expect(condition(domain(up, side("down"), "backup"), domain(up, up))).toEqual(["up", null, null, true]);
    for (const not of [
      domain(up, side("down")),
      domain(up, unknown, "backup"),
      domain(unknown, side("down"), "backup"),
      domain(up, null, "backup"),
    ]) {
      expect(condition(not)[3]).toBe(false);
    }
  });

  it("is from which side they are sent to", () => {
    const serving = (...sides: VisitedDomain["serving"][]) =>
      conditionOf(
        sides.map((one) => domain(up, up, one)),
        cdns,
      ).serving;
    expect([serving("primary"), serving("backup", "backup"), serving("primary", "backup"), serving("direct"), serving()]).toEqual([
      "primary",
      "backup",
      "mixed",
      "direct",
      "primary",
    ]);
  });
});

describe("an edge", () => {
  it("is none where nothing has changed", () => {
    expect(follows(present(), [domain(up, up)], 200_000)).toEqual([]);
    expect(follows(upstreamDown, [domain(side("down", 190_000), up)], 200_000)).toEqual([]);
  });

  it("of a failure is its first failed sample", () => {
    expect(follows(present(), [domain(side("down", 183_000), up)], 200_000)).toEqual([[183_000, "down", "fastly", 183_000]]);
  });

  it("of a recovery is the slot after the last failed sample", () => {
    expect(follows(selfDown, [domain(side("up", 150_000, 170_000), up)], 200_000)).toEqual([[170_000, "up", null, null]]);
  });

  it("of a move is when it was made", () => {
    expect(follows(upstreamDown, [domain(up, side("down", 150_000), "backup", 192_000)], 200_000)).toEqual([[192_000, "up", null, null]]);
    expect(follows(present(), [domain(side("down", 150_000), up, "backup", 192_000)], 200_000)).toEqual([
      [192_000, "down", "cloudflare", 192_000],
    ]);
    expect(follows(upstreamDown, [domain(unknown, side("down", 150_000), "backup", 192_000)], 200_000)).toEqual([
      [192_000, "unknown", null, 100_000],
    ]);
  });

  it("of an edit is now: the round before knew the records", () => {
    expect(follows(upstreamDown, [domain(up, side("down", 150_000), "backup", 188_000)], 200_000)).toEqual([[200_000, "up", null, null]]);
    expect(follows(selfDown, [domain(unknown, null, "direct", 188_000)], 200_000)).toEqual([[200_000, "unknown", null, 100_000]]);
  });

  it("is never before the present span, nor in the future", () => {
    expect(follows(present(), [domain(side("down", 40_000), up)], 200_000)).toEqual([[100_000, "down", "fastly", 100_000]]);
    expect(follows(present(), [domain(side("down", 240_000), up)], 200_000)).toEqual([[200_000, "down", "fastly", 200_000]]);
    expect(follows(present({ startedAtMs: 210_000 }), [domain(side("down", 1), up)], 200_000)).toEqual([
      [210_000, "down", "fastly", 210_000],
    ]);
  });

  it("is now where what samples say is older than the present span", () => {
    // Of a domain that recovered before the outage began: another one was moved to where it is up.
    expect(follows(selfDown, [domain(side("up", 50_000, 60_000), up)], 200_000)).toEqual([[200_000, "up", null, null]]);
    expect(follows(outageUnknown, [domain(side("down", 60_000), up)], 200_000)).toEqual([[200_000, "down", "fastly", 50_000]]);
    expect(follows(outageUnknown, [domain(side("up", 50_000, 60_000), up)], 200_000)).toEqual([[200_000, "up", null, null]]);
  });

  it("is now where nothing dates it", () => {
    expect(follows(selfDown, [domain(up, up)], 200_000)).toEqual([[200_000, "up", null, null]]);
    expect(follows(present(), [domain(unknown, up)], 200_000)).toEqual([[200_000, "unknown", null, null]]);
    expect(follows(upstreamDown, [domain(side("down", 100_000), unknown)], 200_000)).toEqual([[200_000, "down", "self", 100_000]]);
    expect(follows(present(), [domain(up, up, "backup", null as never)], 200_000)).toEqual([[200_000, "up", null, null]]);
  });

  it("of the first span is the failure that it begins with", () => {
    expect(follows(null, [domain(up, up)], 200_000)).toEqual([[200_000, "up", null, null]]);
    expect(follows(null, [domain(side("down", 150_000), up), domain(side("up", 120_000, 130_000), up)], 200_000)).toEqual([
      [150_000, "down", "fastly", 150_000],
    ]);
  });

  it("of vantages that disagree at first, and agree then, is where it began: the outage is whole", () => {
    // One sees it fail since 183, the other does not yet.
    const [unsure] = nextSpans(
      present(),
      conditionOf([domain(side("unknown", 183_000), up)], cdns),
      [domain(side("unknown", 183_000), up)],
      null,
      190_000,
    );
    expect(unsure).toMatchObject({ startedAtMs: 183_000, state: "unknown", outageAtMs: null });
    expect(follows(unsure ?? null, [domain(side("down", 183_000), up)], 200_000)).toEqual([[183_000, "down", "fastly", 183_000]]);
    // At its end one sees it up before the other does, and neither sees a failure after 260.
    const ending = [domain(side("unknown", 230_000, 260_000), up)];
    const [fading] = nextSpans(upstreamDown, conditionOf(ending, cdns), ending, null, 300_000);
    expect(fading).toMatchObject({ startedAtMs: 260_000, state: "unknown", outageAtMs: 100_000 });
    expect(follows(fading ?? null, [domain(side("up", 250_000, 260_000), up)], 310_000)).toEqual([[260_000, "up", null, null]]);
  });
});

describe("spans of any life", () => {
  it("follow one another without gap or overlap, each unlike the one before, an outage under one beginning", () => {
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const random = chance(seed);
      const spans = spansOfLife(randomLife(random, 1_000_000, random.between(60, 20_000)));
      expect(spans[0]?.startedAtMs).toBe(1_000_000_000);
      for (const [nth, span] of spans.entries()) {
        const before = spans[nth - 1];
        expect(span.attribution !== null).toBe(span.state === "down");
        expect(span.upstreamCdn !== null).toBe(span.attribution === "upstream");
        if (span.state === "up") expect(span.outageAtMs).toBe(null);
        if (span.state === "down") expect(span.outageAtMs).toBe(before?.outageAtMs ?? span.startedAtMs);
        if (span.state === "unknown") expect(span.outageAtMs).toBe(before?.outageAtMs ?? null);
        if (before === undefined) continue;
        expect(span.startedAtMs).toBeGreaterThanOrEqual(before.startedAtMs);
        expect({ ...span, startedAtMs: 0, outageAtMs: 0 }).not.toEqual({ ...before, startedAtMs: 0, outageAtMs: 0 });
      }
    }
  });
});
