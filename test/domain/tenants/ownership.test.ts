import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim, ClaimChange, Look } from "../../../src/domain/tenants/ownership.ts";
import { afterDecision, afterLook, afterWaiver, isFresh, stateOf } from "../../../src/domain/tenants/ownership.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const bare = (id: number, over: Partial<Claim> = {}): Claim => ({
  id,
  verifiedAtMs: null,
  verifiedBy: null,
  seenAtMs: null,
  lapsedAtMs: null,
  absences: 0,
  heldAtMs: null,
  disputedAtMs: null,
  lostAtMs: null,
  dueAtMs: 0,
  ...over,
});

const apply = (claims: readonly Claim[], changes: readonly ClaimChange[] | null): readonly Claim[] =>
  claims.map((claim) => changes?.find((change) => change.claim.id === claim.id)?.claim ?? claim);

/** What a store hands out: claims that hold or dispute the name, and the one that is looked at. */
const asStored = (claims: readonly Claim[], id: number): readonly Claim[] =>
  claims.filter((claim) => claim.id === id || claim.verifiedAtMs !== null || claim.disputedAtMs !== null);

type Event =
  | { kind: "look"; id: number; look: Look; afterMs: number }
  | { kind: "decide"; id: number; decision: "hand_over" | "reject"; afterMs: number }
  | { kind: "remove"; id: number; afterMs: number }
  | { kind: "add"; id: number; afterMs: number };

/**
 * The rules of docs/ownership.md told as a story: who owns the name, who disputes it since when, and every look that there was.
 * It knows no counters and no due times.
 */
const createModel = () => {
  const looks = new Map<number, { look: Look; atMs: number }[]>();
  const disputes = new Map<number, number>();
  const lost = new Set<number>();
  let owner: number | null = null;
  const trailing = (id: number) => {
    const decided = (looks.get(id) ?? []).filter(({ look }) => look !== "undecided");
    const lastSeen = decided.findLastIndex(({ look }) => look === "seen");
    return decided.slice(lastSeen + 1).filter(({ look }) => look === "missing");
  };
  const gone = (id: number, nowMs: number): boolean => {
    const missing = trailing(id);
    return missing.length >= 7 && nowMs - (missing[0]?.atMs ?? nowMs) >= 7 * dayMs;
  };
  const own = (id: number, nowMs: number): void => {
    if (owner !== null && owner !== id) {
      lost.add(owner);
      looks.delete(owner);
    }
    lost.delete(id);
    disputes.delete(id);
    looks.set(id, [{ look: "seen", atMs: nowMs }]);
    owner = id;
  };
  const drop = (id: number): void => {
    disputes.delete(id);
    looks.delete(id);
  };
  return {
    play: (event: Event, live: ReadonlySet<number>, nowMs: number): void => {
      const { id } = event;
      if (event.kind === "add") return;
      if (event.kind === "remove") {
        if (owner === id) owner = null;
        lost.delete(id);
        return drop(id);
      }
      if (!live.has(id)) return;
      if (event.kind === "decide") {
        if (!disputes.has(id)) return;
        if (event.decision === "hand_over") own(id, nowMs);
        else drop(id);
        return;
      }
      if (event.look === "undecided") return;
      const note = (): void => void looks.set(id, [...(looks.get(id) ?? []), { look: event.look, atMs: nowMs }]);
      if (owner === id) {
        note();
        const heirs = [...disputes].filter(
          ([rival]) => nowMs - ((looks.get(rival) ?? []).findLast(({ look }) => look === "seen")?.atMs ?? -Infinity) <= 2 * dayMs,
        );
        const [heir] = heirs.toSorted((a, b) => a[1] - b[1] || a[0] - b[0]);
        if (event.look === "missing" && heir !== undefined && gone(id, nowMs)) {
          const since = looks.get(heir[0]) ?? [];
          own(heir[0], nowMs);
          looks.set(heir[0], since);
        }
      } else if (event.look === "seen") {
        if (owner === null || gone(owner, nowMs)) return own(id, nowMs);
        note();
        if (!disputes.has(id)) disputes.set(id, nowMs);
      } else if (disputes.has(id)) drop(id);
    },
    stateOf: (id: number) => {
      if (owner === id) {
        const missing = trailing(id);
        const [first] = missing;
        if (first === undefined) return "proven";
        return missing.some(({ atMs }) => atMs - first.atMs >= 72 * hourMs) ? "held" : "lapsing";
      }
      return disputes.has(id) ? "disputed" : lost.has(id) ? "lost" : "unproven";
    },
    owner: () => owner,
    isRivalled: () => disputes.size > 0,
  };
};

const ids = fc.integer({ min: 1, max: 3 });
const afterMs = fc.oneof(fc.constantFrom(0, hourMs, 6 * hourMs, dayMs, 2 * dayMs), fc.integer({ min: 0, max: 3 * dayMs }));
const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant("look" as const),
      id: ids,
      look: fc.constantFrom<Look>("seen", "missing", "missing", "undecided"),
      afterMs,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("decide" as const),
      id: ids,
      decision: fc.constantFrom("hand_over" as const, "reject" as const),
      afterMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant("remove" as const), id: ids, afterMs }),
      fc.record({ kind: fc.constant("add" as const), id: ids, afterMs }),
    ),
  },
);
/** Stretches in which an owner is silent: what is rare among random looks. */
const silence: fc.Arbitrary<Event[]> = fc.tuple(ids, ids).map(([gone, other]) =>
  Array.from({ length: 9 }, (_, at): Event[] => [
    { kind: "look", id: gone, look: at === 0 ? "seen" : "missing", afterMs: dayMs },
    { kind: "look", id: other, look: "seen", afterMs: 1 },
  ]).flat(),
);

describe("whose a name is", () => {
  it("is what the rules say, whatever happens in whatever order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: events.map((event) => [event]) }, { weight: 1, arbitrary: silence }), { maxLength: 60 }),
        (schedule) => {
          let claims: readonly Claim[] = [bare(1), bare(2), bare(3)];
          const model = createModel();
          let nowMs = 1_000 * dayMs;
          for (const event of schedule.flat()) {
            nowMs += event.afterMs;
            const before = model.owner();
            const beforeGone = claims.find(({ id }) => id === before);
            model.play(event, new Set(claims.map(({ id }) => id)), nowMs);
            if (event.kind === "remove") claims = claims.filter(({ id }) => id !== event.id);
            else if (event.kind === "add") claims = claims.some(({ id }) => id === event.id) ? claims : [...claims, bare(event.id)];
            else if (event.kind === "decide")
              claims = apply(claims, afterDecision(asStored(claims, event.id), event.id, event.decision, nowMs));
            else claims = apply(claims, afterLook(asStored(claims, event.id), event.id, event.look, nowMs));
            expect(claims.map((claim) => [claim.id, stateOf(claim, true)])).toEqual(claims.map(({ id }) => [id, model.stateOf(id)]));
            expect(claims.filter(({ verifiedAtMs }) => verifiedAtMs !== null).map(({ id }) => id)).toEqual(
              model.owner() === null ? [] : [model.owner()],
            );
            // Nobody loses a name whose record was seen within the last week, but by an admin's word or their own hand.
            if (before !== null && model.owner() !== before && event.kind === "look")
              expect(nowMs - (beforeGone?.lapsedAtMs ?? nowMs)).toBeGreaterThanOrEqual(7 * dayMs);
            // Whoever is looked up sees whether somebody else's proof stands.
            if (event.kind === "look" && event.id === model.owner() && event.look !== "undecided") {
              expect(claims.find(({ id }) => id === event.id)?.disputedAtMs !== null).toBe(model.isRivalled());
            }
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("is not decided by a look that not every resolver answered", () => {
    const owner = bare(1, { verifiedAtMs: 5, verifiedBy: "proof", seenAtMs: 5 });
    const [change] = afterLook([owner], 1, "undecided", 40 * dayMs);
    expect(change?.claim).toEqual({ ...owner, dueAtMs: 40 * dayMs + hourMs });
    expect(afterLook([bare(1)], 1, "undecided", 0)).toEqual([]);
  });

  it("passes on, with another token for who loses it", () => {
    const owner = bare(1, { verifiedAtMs: 5, verifiedBy: "proof", lapsedAtMs: 0, absences: 6 });
    const rival = bare(2, { disputedAtMs: 3, seenAtMs: 7 * dayMs });
    const changes = afterLook([owner, rival], 1, "missing", 7 * dayMs);
    expect(changes.map(({ claim, event, rotate }) => [claim.id, stateOf(claim, true), event, rotate])).toEqual([
      [1, "lost", "unverify", true],
      [2, "proven", "verify", false],
    ]);
    expect(afterLook([{ ...owner, absences: 5 }, rival], 1, "missing", 7 * dayMs).map(({ claim }) => stateOf(claim, true))).toEqual([
      "held",
    ]);
    expect(afterLook([owner, { ...rival, seenAtMs: 4 * dayMs }], 1, "missing", 7 * dayMs).map(({ claim }) => stateOf(claim, true))).toEqual(
      ["held"],
    );
  });

  it("counts without a proof only while none is asked for", () => {
    const [waived] = afterWaiver([bare(1)], 1, 9);
    const own = waived?.claim ?? bare(0);
    expect([stateOf(own, false), stateOf(own, true)]).toEqual(["proven", "unproven"]);
    // A proof of its own keeps it; somebody else's takes it.
    expect(afterLook([own], 1, "seen", 20).map(({ claim }) => [claim.verifiedAtMs, claim.verifiedBy])).toEqual([[9, "proof"]]);
    expect(afterLook([own, bare(2)], 2, "seen", 20).map(({ claim }) => [claim.id, stateOf(claim, true)])).toEqual([
      [1, "lost"],
      [2, "proven"],
    ]);
    expect(afterLook([own], 1, "missing", 20)).toEqual([]);
  });

  it("is fresh by what is seen now, else by when it was last seen", () => {
    const claim = { verifiedAtMs: 0, seenAtMs: 10 * dayMs, lapsedAtMs: null };
    expect([isFresh(claim, "seen", 99 * dayMs), isFresh(claim, "missing", 10 * dayMs)]).toEqual([true, false]);
    expect([isFresh(claim, "undecided", 13 * dayMs), isFresh(claim, "undecided", 13 * dayMs + 1)]).toEqual([true, false]);
    expect(isFresh({ ...claim, lapsedAtMs: 10 * dayMs }, "undecided", 10 * dayMs)).toBe(false);
    expect(isFresh({ ...claim, seenAtMs: null }, "undecided", 3 * dayMs)).toBe(true);
  });
});
