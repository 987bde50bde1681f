import { describe, expect, it } from "vitest";
import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import { statusOf } from "../../../src/domain/slo/status.ts";
import { recorded, talliesOf, tallyOf } from "../../../src/domain/slo/tally.ts";
import type { StateSpan } from "../../../src/domain/slo/tally.ts";
import { chance } from "./chance.ts";
import type { Chance } from "./chance.ts";
import { randomLife, spansOfLife } from "./life.ts";
import { countSeconds, flagged, secondsOf } from "./referee.ts";

const histories = 5_000;

const randomTerms = (random: Chance): ObjectiveTerms => ({
  target: random.one([50, 90, 99, 99.5, 99.9, 99.95, 99.99, 99.99999]),
  window: random.one([
    { days: 1 },
    { days: 1 },
    { days: 2 },
    { days: 7 },
    { days: 30 },
    { calendar: "week" },
    { calendar: "month" },
  ] as const),
  dependencyExclusion: random.one(["strict", "self-only", "self-only"] as const),
  excludedUpstreams: random.one([[], [], ["fastly"], ["cloudflare"], ["fastly", "cloudflare"]]),
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
});

/** Monday 2026-06-01, the first of a month: calendar windows begin there. */
const boundary = Date.UTC(2026, 5, 1) / 1_000;

describe("second by second", () => {
  it(`agrees on ${histories} random histories`, () => {
    const met = { up: 0, down: 0, unknown: 0, forgiven: 0, avoided: 0, corrected: 0, clamped: 0, silent: 0, open: 0 };
    for (let seed = 1; seed <= histories; seed += 1) {
      const random = chance(seed);
      const terms = randomTerms(random);
      const length = random.is(3) ? random.between(90_000, 150_000) : random.between(60, 14_400);
      const life = randomLife(random, boundary - random.below(length), length);
      const corrections = Array.from({ length: random.one([0, 0, 1, 2, 4]) }, () => {
        const from = life.from + random.between(-3_600, length);
        return { from, to: from + random.between(1, random.one([60, 3_600, 20_000])) };
      });
      const now = life.until + (random.is(10) ? random.below(400) : 0);
      const judged = now === life.until || now - life.until <= 120 ? now : life.until;
      const seconds = secondsOf({ ...life, until: judged });
      const tallies = talliesOf(
        {
          spans: recorded(spansOfLife(life)),
          corrections: corrections.map(({ from, to }) => ({ fromUs: from * 1e6, toUs: to * 1e6 })),
          judgedUs: life.until * 1e6,
        },
        terms,
        now * 1e6,
      );
      const corrected = flagged(corrections, life.from, now);
      const count = (since: number) => countSeconds(seconds, corrected, terms, life.from, since);

      const { window } = statusOf(terms, tallies, now * 1e6);
      const expected = count(window.fromUs / 1e6);
      const blamed = Object.fromEntries(Object.entries(tallies.byUpstream).map(([cdn, us]) => [cdn, us / 1e6]));
      expect([seed, tallies.window, blamed, tallies.avoidedUs]).toEqual([
        seed,
        {
          elapsedUs: expected.elapsed * 1e6,
          measuredUs: expected.measured * 1e6,
          downUs: expected.down * 1e6,
          consumedUs: expected.consumed * 1e6,
        },
        expected.blamed,
        expected.avoided * 1e6,
      ]);
      const scale = "days" in terms.window && terms.window.days < 7 ? terms.window.days : 30;
      for (const [name, full] of [
        ["5m", 300],
        ["30m", 1_800],
        ["1h", 3_600],
        ["6h", 21_600],
        ["3d", 259_200],
      ] as const) {
        const since = now - (full / 30) * scale;
        const { measured, consumed } = count(since);
        // Before it was first measured nothing is known to have failed.
        const measuredUs = (measured + Math.max(0, life.from - since)) * 1e6;
        expect([seed, name, tallies.burn[name]]).toEqual([seed, name, { measuredUs, consumedUs: consumed * 1e6 }]);
      }
      const last = seconds.at(-1);
      expect([seed, tallies.openSinceUs !== null]).toEqual([seed, last?.inOutage]);

      // The same figures again, from seconds, in the ways of someone who knows only the page.
      const status = statusOf(terms, tallies, now * 1e6);
      const total = (window.toUs - window.fromUs) / 1e6;
      const allowed = ((100 - terms.target) / 100) * total;
      expect(status.allowed.us / 1e6).toBeCloseTo(allowed, 5);
      expect(status.remaining.us).toBe(status.allowed.us - expected.consumed * 1e6);
      if (expected.measured > 0) {
        expect(status.availability).toBeCloseTo(100 * (1 - expected.consumed / expected.measured), 4);
        expect(status.strictAvailability).toBeCloseTo(100 * (1 - expected.down / expected.measured), 4);
        expect(status.isBreaching).toBe((status.availability ?? 0) < terms.target);
      } else expect([status.availability, status.isBreaching]).toEqual([null, false]);
      const known = expected.elapsed > 0 && expected.measured / expected.elapsed >= 0.9;
      const left = status.remaining.us / 1e6 / allowed;
      expect([seed, status.state]).toEqual([
        seed,
        !known
          ? "insufficient_data"
          : status.isBreaching
            ? "breaching"
            : last?.inOutage === true
              ? "degraded"
              : left <= 0.2
                ? "at_risk"
                : "healthy",
      ]);

      met.up += expected.measured - expected.down;
      met.down += expected.down;
      met.unknown += expected.elapsed - expected.measured;
      met.forgiven += expected.down - expected.consumed;
      met.avoided += expected.avoided;
      if (corrections.length > 0) met.corrected += 1;
      if (window.fromUs / 1e6 > life.from) met.clamped += 1;
      if (life.silences.length > 0 || judged < now) met.silent += 1;
      if (last?.inOutage === true) met.open += 1;
    }
    // Nothing of it is rare.
    for (const [what, times] of Object.entries(met)) expect([what, times > histories / 20]).toEqual([what, true]);
  });
});

describe("to the microsecond", () => {
  it(`agrees on ${histories} random histories, piece by piece`, () => {
    for (let seed = 1; seed <= histories; seed += 1) {
      const random = chance(-seed);
      const terms = randomTerms(random);
      const reach = random.one([50, 5_000, 5_000_000_000]);
      const spans: StateSpan[] = [];
      let at = random.below(reach);
      for (let nth = random.between(0, 12); nth > 0; nth -= 1) {
        const toUs = at + random.below(reach / 4);
        const state = random.one(["up", "down", "unknown"] as const);
        spans.push({
          fromUs: at,
          toUs: nth === 1 && random.is(50) ? null : toUs,
          state,
          upstreamCdn: state === "down" ? random.one([null, "fastly", "cloudflare"]) : null,
          avoided: state === "up" && random.is(30),
          outageAtUs: state === "down" ? at : null,
        });
        at = toUs;
      }
      const fromUs = random.below(reach);
      const span = { fromUs, toUs: fromUs + random.below(3 * reach) };
      const corrections = Array.from({ length: random.below(5) }, () => {
        const from = random.below(3 * reach);
        return { fromUs: from, toUs: from + random.below(reach / 2) };
      });
      // Between two neighbouring edges nothing changes, so that one look is enough for a piece.
      const edges = [
        ...new Set([span.fromUs, span.toUs, ...[...spans, ...corrections].flatMap((one) => [one.fromUs, one.toUs ?? span.toUs])]),
      ].toSorted((a, b) => a - b);
      const expected = { elapsedUs: 0, measuredUs: 0, downUs: 0, consumedUs: 0, avoidedUs: 0, byUpstream: {} as Record<string, number> };
      for (const [nth, from] of edges.entries()) {
        const us = (edges[nth + 1] ?? from) - from;
        if (us === 0 || from < span.fromUs || from >= span.toUs) continue;
        if (corrections.some((one) => one.fromUs <= from && from < one.toUs)) continue;
        if (spans[0] !== undefined && from >= spans[0].fromUs) expected.elapsedUs += us;
        const here = spans.find((one) => one.fromUs <= from && (one.toUs === null || from < one.toUs));
        if (here === undefined || here.state === "unknown") continue;
        expected.measuredUs += us;
        if (here.avoided) expected.avoidedUs += us;
        if (here.state !== "down") continue;
        expected.downUs += us;
        const cdn = here.upstreamCdn ?? "";
        expected.byUpstream[cdn] = (expected.byUpstream[cdn] ?? 0) + us;
        if (terms.dependencyExclusion === "strict" || cdn === "" || terms.excludedUpstreams.includes(cdn)) expected.consumedUs += us;
      }
      const { reconstructed, ...tally } = tallyOf(spans, corrections, span, terms);
      expect([seed, tally, reconstructed]).toEqual([seed, expected, false]);
    }
  });
});
