import { describe, expect, it } from "vitest";
import type { SideHealth, Span, VisitedDomain } from "../../../src/domain/slo/visitors.ts";
import { conditionOf, longestSilenceMs, nextSpans } from "../../../src/domain/slo/visitors.ts";
import { cdns, domain, follows, outageUnknown, present, selfDown, side, unknown, up, upstreamDown } from "./visited.ts";

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

  it("begins with the primary's failure; one from before the present span is no date for it", () => {
    const at = (failed: number) => {
      const domains = [domain(up, side("down", failed), "backup")];
      return nextSpans(onBackup, conditionOf(domains, cdns), domains, null, 200_000).map(({ startedAtMs, avoided }) => [
        startedAtMs,
        avoided,
      ]);
    };
    expect([at(180_000), at(60_000)]).toEqual([[[180_000, true]], [[200_000, true]]]);
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
