import { describe, expect, it } from "vitest";
import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import { windowBefore } from "../../../src/domain/slo/objective.ts";
import type { Status } from "../../../src/domain/slo/status.ts";
import { statusIn, statusOf } from "../../../src/domain/slo/status.ts";
import type { StateSpan } from "../../../src/domain/slo/tally.ts";
import { talliesOf } from "../../../src/domain/slo/tally.ts";
import { tallies, terms } from "./terms.ts";

const minute = 60_000_000;
const hour = 60 * minute;
const day = 24 * hour;
const nowUs = Date.UTC(2026, 10, 27, 12) * 1_000;

/** Time relative to now, microseconds; `to` null: it is not over. */
type Piece = { readonly from: number; readonly to: number | null; readonly cdn?: string; readonly unknown?: true };

/** A service that was up for 100 days but for these pieces. */
const history = (pieces: readonly Piece[], since = -100 * day): readonly StateSpan[] => {
  const spans: StateSpan[] = [];
  const add = (from: number, to: number | null, own: Partial<StateSpan>) => {
    spans.push({
      fromUs: nowUs + from,
      toUs: to === null ? null : nowUs + to,
      state: "up",
      upstreamCdn: null,
      avoided: false,
      outageAtUs: null,
      ...own,
    });
  };
  let upFrom: number | null = since;
  for (const { from, to, cdn = null, unknown } of pieces) {
    if (upFrom !== null && from > upFrom) add(upFrom, from, {});
    add(from, to, unknown === true ? { state: "unknown" } : { state: "down", upstreamCdn: cdn, outageAtUs: nowUs + from });
    upFrom = to;
  }
  if (upFrom !== null) add(upFrom, null, {});
  return spans;
};

const stands = (
  pieces: readonly Piece[],
  own: Partial<ObjectiveTerms> = {},
  corrections: readonly Piece[] = [],
  since?: number,
): Status => {
  const corrected = corrections.map(({ from, to }) => ({ fromUs: nowUs + from, toUs: nowUs + (to ?? 0) }));
  const asked = terms(own);
  return statusOf(asked, talliesOf({ spans: history(pieces, since), corrections: corrected, judgedUs: nowUs }, asked, nowUs), nowUs);
};

const selfOnly = { dependencyExclusion: "self-only" } as const;
const ten = { from: -2 * day, to: -2 * day + 10 * minute };
const twenty = { from: -day, to: -day + 20 * minute, cdn: "fastly" };

describe("facts, of 99.9 % over 30 days", () => {
  it("nothing: 43.2 minutes are allowed, and all are left", () => {
    expect(stands([])).toMatchObject({
      allowed: { minutes: 43.2 },
      consumed: { minutes: 0 },
      remaining: { minutes: 43.2 },
      remainingPercent: 100,
      availability: 100,
      state: "healthy",
      coverage: 1,
      windowElapsedPercent: 100,
      exhaustedIn: null,
    });
  });

  it("self 10, upstream 20, self-only: 10 are consumed, strictly 30", () => {
    const status = stands([ten, twenty], selfOnly);
    expect([status.consumed.minutes, status.down.minutes, status.remaining.minutes]).toEqual([10, 30, 33.2]);
    expect([status.self.minutes, status.upstreams]).toEqual([10, [{ cdn: "fastly", down: { us: 20 * minute, minutes: 20 } }]]);
    expect([status.availability, status.strictAvailability]).toEqual([99.97685, 99.93055]);
    expect([status.isBreaching, status.state]).toEqual([false, "healthy"]);
  });

  it("the same, strict: 30", () => {
    const status = stands([ten, twenty]);
    expect([status.consumed.minutes, status.availability]).toEqual([30, status.strictAvailability]);
  });

  it("the same, where that upstream is not forgiven: 30", () => {
    expect(stands([ten, twenty], { ...selfOnly, excludedUpstreams: ["fastly"] }).consumed.minutes).toBe(30);
    expect(stands([ten, twenty], { ...selfOnly, excludedUpstreams: ["cloudflare"] }).consumed.minutes).toBe(10);
  });

  it("self 50: breaching, and more is spent than there was", () => {
    const status = stands([{ from: -day, to: -day + 50 * minute }]);
    expect([status.state, status.isBreaching, status.remaining.minutes]).toEqual(["breaching", true, -6.8]);
    expect(status.remainingPercent).toBe(-15.74075);
    expect(status.exhaustedIn).toEqual({ us: 0, minutes: 0 });
  });

  it("from 31 to 29 days ago: one day", () => {
    expect(stands([{ from: -31 * day, to: -29 * day }]).consumed.minutes).toBe(1_440);
  });

  it("open for 60 days: 30 days", () => {
    expect(stands([{ from: -60 * day, to: null }])).toMatchObject({
      consumed: { minutes: 43_200 },
      isOpen: true,
      availability: 0,
      state: "breaching",
    });
  });

  it("self an hour, upstream another: 60, 60, 120", () => {
    const status = stands([
      { from: -3 * hour, to: -2 * hour, cdn: "fastly" },
      { from: -2 * hour, to: -hour },
    ]);
    expect([status.self.minutes, status.upstreams[0]?.down.minutes, status.down.minutes]).toEqual([60, 60, 120]);
  });

  it("four hours, of which corrections that overlap take out two: two", () => {
    const status = stands([{ from: -4 * hour, to: null }], {}, [
      { from: -3 * hour, to: -1.5 * hour },
      { from: -2 * hour, to: -hour },
    ]);
    expect([status.consumed.minutes, status.measured.minutes, status.coverage]).toEqual([120, 43_200 - 120, 1]);
  });

  it("corrections outside of the window, and in the future, take nothing", () => {
    const status = stands([ten], {}, [
      { from: -50 * day, to: -40 * day },
      { from: day, to: 2 * day },
    ]);
    expect([status.consumed.minutes, status.elapsed.minutes]).toEqual([10, 43_200]);
  });
});

describe("a state", () => {
  const down = (minutes: number) => [{ from: -day, to: -day + minutes * minute }];

  it.each([
    [34.56, "at_risk"],
    [34.559_999, "healthy"],
    [43.2, "at_risk"],
    [43.200_001, "breaching"],
  ])("after %d minutes is %s", (minutes, state) => {
    expect(stands(down(minutes)).state).toBe(state);
  });

  it("is exact where a number is not: a microsecond more than allowed breaches", () => {
    const allowed = 2_592_000_000;
    const after = (consumedUs: number) => statusOf(terms(), tallies({ consumedUs, downUs: consumedUs }), nowUs);
    expect([after(allowed).isBreaching, after(allowed).availability]).toEqual([false, 99.9]);
    // 99.89999996 %: what is below the target is never shown as 99.9.
    expect([after(allowed + 1).isBreaching, after(allowed + 1).availability]).toEqual([true, 99.89999]);
    expect([after(allowed).remaining.us, after(allowed + 1).remaining.us]).toEqual([0, -1]);
    expect(after(allowed + 1).remainingPercent).toBeLessThan(0);
  });

  it("is degraded during an outage, also one that is forgiven, and while nothing is known of it", () => {
    expect(stands([{ from: -minute, to: null, cdn: "fastly" }], selfOnly)).toMatchObject({
      state: "degraded",
      isOpen: true,
      consumed: { us: 0 },
    });
    expect(statusOf(terms(), tallies({}, { openSinceUs: 5 }), nowUs)).toMatchObject({ state: "degraded", openSinceUs: 5 });
  });

  it("is worst first: breaching before degraded before at risk", () => {
    expect(stands([{ from: -50 * minute, to: null }]).state).toBe("breaching");
    expect(stands([{ from: -40 * minute, to: null }]).state).toBe("degraded");
  });

  it("of a service that is new is by what was measured of it", () => {
    const status = stands([{ from: -hour, to: -hour + minute }], {}, [], -day);
    expect([status.windowElapsedPercent, status.coverage, status.elapsed.minutes]).toEqual([3.33333, 1, 1_440]);
    expect([status.isBreaching, status.remaining.minutes]).toEqual([false, 42.2]);
  });
});

describe("what was not measured", () => {
  it.each([
    [3 * day, 0.9, "healthy"],
    [3 * day + 1, 0.899_999_9, "insufficient_data"],
  ])("of %d microseconds leaves a coverage of %d: %s", (unknown, coverage, state) => {
    expect(stands([{ from: -unknown - day, to: -day, unknown: true }])).toMatchObject({ coverage, state, consumed: { us: 0 } });
  });

  it("counts neither as good nor as bad", () => {
    const status = stands([
      { from: -2 * day, to: -day, unknown: true },
      { from: -day, to: -day + 29 * minute },
    ]);
    // 29 minutes of 29 days.
    expect(status.availability).toBe(99.93055);
    expect(status.measured.minutes).toBe(29 * 1_440);
  });

  it("is everything of a service without a round for too long", () => {
    const asked = terms({ window: { days: 1 } });
    const since = (silentUs: number) =>
      statusOf(
        asked,
        talliesOf({ spans: history([{ from: -4 * hour, to: null }]), corrections: [], judgedUs: nowUs - silentUs }, asked, nowUs),
        nowUs,
      );
    expect(since(2 * minute).consumed.us).toBe(4 * hour);
    expect(since(2 * minute + 1).consumed.us).toBe(4 * hour - 2 * minute - 1);
    expect(since(3 * hour)).toMatchObject({
      consumed: { us: hour },
      measured: { us: 21 * hour },
      state: "insufficient_data",
      isOpen: true,
    });
  });

  it("is everything where nothing was ever measured", () => {
    const asked = terms();
    const none = { spans: [], corrections: [], judgedUs: null };
    expect(statusOf(asked, talliesOf(none, asked, nowUs), nowUs)).toMatchObject({
      state: "insufficient_data",
      availability: null,
      strictAvailability: null,
      coverage: null,
      isBreaching: false,
      windowElapsedPercent: 0,
      burn: { "5m": null, "30m": null, "1h": null, "6h": null, "3d": null },
    });
  });
});

describe("a calendar window", () => {
  it("has its whole budget from its first microsecond, and elapses", () => {
    const asked = terms({ window: { calendar: "month" } });
    const at = Date.UTC(2026, 10, 4) * 1_000;
    const first = Date.UTC(2026, 10, 1) * 1_000;
    const status = statusOf(
      asked,
      talliesOf(
        { spans: history([{ from: first - 30 * minute - nowUs, to: first + 10 * minute - nowUs }]), corrections: [], judgedUs: null },
        asked,
        at,
      ),
      at,
    );
    // Of an outage that began in October only what lies in November counts.
    expect([status.allowed.minutes, status.consumed.minutes, status.windowElapsedPercent]).toEqual([43.2, 10, 10]);
    expect(status.availability).toBe(99.76851);
    expect([status.isBreaching, status.remaining.minutes]).toEqual([true, 33.2]);
  });
});

describe("a calendar window at its end", () => {
  it("is judged whole with its last day, not as the one that begins then", () => {
    const asked = terms({ window: { calendar: "month" } });
    const endUs = Date.UTC(2026, 11, 1) * 1_000;
    const window = { elapsedUs: 30 * day, measuredUs: 30 * day, downUs: 50 * minute, consumedUs: 50 * minute };
    const status = statusIn(asked, tallies(window), windowBefore(asked, endUs));
    expect([status.state, status.allowed.minutes, status.windowElapsedPercent]).toEqual(["breaching", 43.2, 100]);
    expect(status.window.toUs).toBe(endUs);
    // December has a day more.
    expect(statusOf(asked, tallies(), endUs).allowed.minutes).toBe(44.64);
  });
});

describe("the budget's end", () => {
  it("is where the pace of the last hour leads", () => {
    // 30 minutes of the last hour: 13.2 minutes are left, and half of each minute takes from them.
    const status = stands([{ from: -30 * minute, to: null }]);
    expect([status.burn["1h"], status.exhaustedIn?.minutes]).toEqual([500, 26.4]);
    expect(status.burn).toEqual({ "5m": 1_000, "30m": 1_000, "1h": 500, "6h": 83.3333, "3d": 6.9444 });
  });

  it("is beyond what can be told at the slowest paces", () => {
    const slow = (consumedUs: number) =>
      statusOf(terms({ target: 1 }), tallies({ consumedUs }, { burn: { "1h": { measuredUs: hour, consumedUs } } }), nowUs).exhaustedIn;
    expect([slow(0), slow(1)]).toEqual([null, null]);
    expect(slow(hour)?.minutes).toBe(42_768 - 60);
  });
});
