import { describe, expect, it } from "vitest";
import type { Health } from "../../../src/domain/detection/health.ts";
import { judgePath } from "../../../src/domain/detection/health.ts";
import type { SideHealth, Span, VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, longestSilenceMs, nextSpans } from "../../../src/domain/slo/visitors.ts";
import { chance } from "./chance.ts";
import { randomLife, spansOfLife } from "./life.ts";

const cdns = ["fastly", "cloudflare"] as const;

const side = (health: Health, failed: number | null = null, recovered: number | null = null): SideHealth => ({
  health,
  firstFailedAtMs: failed,
  recoveredAtMs: recovered,
});
const domain = (
  user: SideHealth,
  other: SideHealth | null,
  serving: VisitedDomain["serving"] = "primary",
  readAtMs = 0,
): VisitedDomain => ({
  serving,
  user,
  other,
  readAtMs,
});
const up = side("up");
const unknown = side("unknown");

const condition = (...domains: VisitedDomain[]) => {
  const { state, attribution, upstreamCdn, avoided } = conditionOf(domains, cdns);
  return [state, attribution, upstreamCdn, avoided];
};

/** What follows on a span, short: [start, state, whom to blame, the outage's beginning]. */
const follows = (present: Span | null, domains: readonly VisitedDomain[], nowMs: number, judgedAtMs: number | null = nowMs - 10_000) =>
  nextSpans(present, conditionOf(domains, cdns), domains, judgedAtMs, nowMs).map((span) => [
    span.startedAtMs,
    span.state,
    span.attribution === "upstream" ? span.upstreamCdn : span.attribution,
    span.outageAtMs,
  ]);

const present = (own: Partial<Span> = {}): Span => ({
  state: "up",
  serving: "primary",
  attribution: null,
  upstreamCdn: null,
  avoided: false,
  startedAtMs: 100_000,
  outageAtMs: null,
  ...own,
});
const selfDown = present({ state: "down", attribution: "self", outageAtMs: 100_000 });
const upstreamDown = present({ state: "down", attribution: "upstream", upstreamCdn: "fastly", outageAtMs: 100_000 });
const outageUnknown = present({ state: "unknown", outageAtMs: 50_000 });

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
    expect(follows(upstreamDown, [domain(up, side("down", 150_000), "backup", 188_000)], 200_000)).toEqual([[188_000, "up", null, null]]);
    expect(follows(present(), [domain(side("down", 150_000), up, "backup", 188_000)], 200_000)).toEqual([
      [188_000, "down", "cloudflare", 188_000],
    ]);
    expect(follows(upstreamDown, [domain(unknown, side("down", 150_000), "backup", 188_000)], 200_000)).toEqual([
      [188_000, "unknown", null, 100_000],
    ]);
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

describe("the blame", () => {
  it("changes with the other side, at the instant of its first failed sample, or after its last", () => {
    expect(follows(upstreamDown, [domain(side("down", 140_000), side("down", 180_000))], 200_000)).toEqual([
      [180_000, "down", "self", 100_000],
    ]);
    expect(follows(selfDown, [domain(side("down", 140_000), side("up", 140_000, 180_000))], 200_000)).toEqual([
      [180_000, "down", "fastly", 100_000],
    ]);
  });

  it("is the origin's from the start where both sides fail, and one is known to a round later", () => {
    const origin = [domain(side("down", 100_000), side("down", 98_000))];
    expect(follows(upstreamDown, origin, 120_000)).toEqual([[100_000, "down", "self", 100_000]]);
  });

  it("changes with a second domain, when that fails, though its other side failed long before", () => {
    const second = domain(side("down", 185_000), side("down", 140_000));
    expect(follows(upstreamDown, [domain(side("down", 140_000), up), second], 200_000)).toEqual([[185_000, "down", "self", 100_000]]);
    const alone = domain(side("down", 185_000), null);
    expect(follows(upstreamDown, [domain(side("down", 140_000), up), alone], 200_000)).toEqual([[185_000, "down", "self", 100_000]]);
  });

  it("changes when the domain that was not excused recovers", () => {
    expect(follows(selfDown, [domain(side("down", 140_000), up), domain(side("up", 140_000, 170_000), up)], 200_000)).toEqual([
      [170_000, "down", "fastly", 100_000],
    ]);
  });

  it("changes from one CDN to the other", () => {
    const mixed = { ...upstreamDown, serving: "mixed", upstreamCdn: "cloudflare" } as const;
    const backup = domain(side("down", 140_000), up, "backup");
    expect(follows(mixed, [backup, domain(side("down", 190_000), up)], 200_000)).toEqual([[190_000, "down", "fastly", 100_000]]);
    const primary = { ...mixed, upstreamCdn: "fastly" };
    expect(follows(primary, [backup, domain(side("up", 140_000, 175_000), up)], 200_000)).toEqual([
      [175_000, "down", "cloudflare", 100_000],
    ]);
  });
});

describe("what was avoided", () => {
  const onBackup = present({ serving: "backup" });

  it("begins with the primary's failure, but not before visitors were moved", () => {
    const at = (failed: number) => {
      const domains = [domain(up, side("down", failed), "backup")];
      return nextSpans(onBackup, conditionOf(domains, cdns), domains, null, 200_000).map(({ startedAtMs, avoided }) => [
        startedAtMs,
        avoided,
      ]);
    };
    expect([at(180_000), at(60_000)]).toEqual([[[180_000, true]], [[100_000, true]]]);
  });

  it("ends with its recovery, and with the way back", () => {
    const avoiding = { ...onBackup, avoided: true };
    const after = (domains: VisitedDomain[]) =>
      nextSpans(avoiding, conditionOf(domains, cdns), domains, null, 200_000).map(({ startedAtMs, avoided, serving }) => [
        startedAtMs,
        avoided,
        serving,
      ]);
    expect(after([domain(up, side("up", 120_000, 160_000), "backup")])).toEqual([[160_000, false, "backup"]]);
    expect(after([domain(up, side("unknown", 120_000, 160_000), "backup")])).toEqual([[160_000, false, "backup"]]);
    expect(after([domain(up, up, "backup")])).toEqual([[200_000, false, "backup"]]);
    expect(after([domain(side("up", 120_000, 160_000), up, "primary", 190_000)])).toEqual([[190_000, false, "primary"]]);
  });
});

describe("an outage", () => {
  it("goes on through 20 minutes in which nothing is known: they are not measured, and nothing is closed", () => {
    const minutes = (count: number) => count * 60_000;
    const spans: Span[] = [];
    const round = (nowMs: number, user: SideHealth) => {
      const domains = [domain(user, up)];
      spans.push(...nextSpans(spans.at(-1) ?? null, conditionOf(domains, cdns), domains, nowMs - 10_000, nowMs));
    };
    round(0, up);
    round(minutes(5) + 20_000, side("down", minutes(5)));
    // Rounds go on, but too few samples come.
    for (let now = minutes(10); now < minutes(30); now += 10_000)
      round(now, now === minutes(10) ? side("unknown", null, minutes(10)) : unknown);
    round(minutes(30) + 20_000, side("down", minutes(30)));
    round(minutes(40) + 50_000, side("up", minutes(40) - 10_000, minutes(40)));
    expect(spans.map(({ startedAtMs, state, outageAtMs }) => [startedAtMs, state, outageAtMs])).toEqual([
      [0, "up", null],
      [minutes(5), "down", minutes(5)],
      [minutes(10), "unknown", minutes(5)],
      [minutes(30), "down", minutes(5)],
      [minutes(40), "up", null],
    ]);
  });

  it("that ends unseen leaves no trace of the unknown in what follows", () => {
    expect(follows(outageUnknown, [domain(up, up)], 200_000)).toEqual([[200_000, "up", null, null]]);
  });
});

describe("silence", () => {
  const judged = 300_000;

  it("of two minutes is no gap", () => {
    expect(follows(present(), [domain(up, up)], judged + longestSilenceMs, judged)).toEqual([]);
  });

  it("of longer is unknown from the last judged round on, whatever is found then", () => {
    const now = judged + longestSilenceMs + 1;
    expect(follows(present(), [domain(up, up)], now, judged)).toEqual([
      [judged, "unknown", null, null],
      [now, "up", null, null],
    ]);
    // What failed before the silence says nothing of it.
    expect(follows(selfDown, [domain(side("down", judged - 5_000), null)], now, judged)).toEqual([
      [judged, "unknown", null, 100_000],
      [now, "down", "self", 100_000],
    ]);
    expect(follows(present(), [domain(unknown, up)], now, judged)).toEqual([[judged, "unknown", null, null]]);
  });

  it("ends with the first failed sample after it", () => {
    const now = judged + 600_000;
    expect(follows(present(), [domain(side("down", now - 30_000), up)], now, judged)).toEqual([
      [judged, "unknown", null, null],
      [now - 30_000, "down", "fastly", now - 30_000],
    ]);
  });

  it("after nothing was known adds nothing", () => {
    expect(follows(outageUnknown, [domain(unknown, up)], judged + 600_000, judged)).toEqual([]);
    expect(follows(present({ startedAtMs: judged + 1 }), [domain(up, up)], judged + 600_000, judged)[0]?.[0]).toBe(judged + 1);
    expect(follows(present(), [domain(up, up)], judged + 600_000, null)).toEqual([]);
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
