import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entrant } from "../../../src/domain/detection/turns.ts";
import { takeTurns } from "../../../src/domain/detection/turns.ts";

/** So many of each customer, each of that weight. */
const entrants = (counts: readonly number[], weight = 1): readonly Entrant[] =>
  counts.flatMap((count, customerId) =>
    Array.from({ length: count }, (_, index) => ({ id: customerId * 10_000 + index, customerId, weight })),
  );
const ids = (taken: readonly Entrant[]) => taken.map(({ id }) => id);
const ofCustomer = (taken: readonly Entrant[], customerId: number) => taken.filter((one) => one.customerId === customerId).length;

describe("takeTurns", () => {
  it("takes all where there is room for all", () => {
    const all = entrants([3, 4]);
    expect(takeTurns(all, 7, 12)).toBe(all);
  });

  it("lets those wait who have much, and nobody else", () => {
    const all = entrants([9_990, 1, 4, 5]);
    for (let round = 1_000; round < 1_020; round += 1) {
      const taken = takeTurns(all, 2_500, round);
      expect([1, 2, 3].map((customerId) => ofCustomer(taken, customerId))).toEqual([1, 4, 5]);
      expect(ofCustomer(taken, 0)).toBe(2_490);
    }
  });

  it("gives as much to each of several large ones", () => {
    const taken = takeTurns(entrants([5_000, 4_000, 100, 3_000]), 1_000, 7);
    expect([0, 1, 2, 3].map((customerId) => ofCustomer(taken, customerId))).toEqual([300, 300, 100, 300]);
  });

  it("begins each turn where the one before ended: nobody is left out twice before all have been in", () => {
    const worlds = fc.record({
      counts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
      weight: fc.integer({ min: 1, max: 3 }),
      room: fc.integer({ min: 6, max: 60 }),
      round: fc.integer({ min: 0, max: 2 ** 31 }),
    });
    fc.assert(
      fc.property(worlds, ({ counts, weight, room, round }) => {
        const all = entrants(counts, weight);
        const rounds = Array.from({ length: 200 }, (_, ahead) => takeTurns(all, room, round + ahead));
        const heaviest = Math.max(...counts) * weight;
        // As if each had but an equal share, which is the least that it has.
        const longest = Math.ceil(heaviest / Math.floor(room / counts.length)) + 1;
        for (const { id } of all) {
          const turns = rounds.flatMap((taken, at) => (taken.some((one) => one.id === id) ? [at] : []));
          const gaps = turns.slice(1).map((at, index) => at - (turns[index] ?? 0));
          expect(turns.length).toBeGreaterThan(0);
          expect(Math.max(0, ...gaps)).toBeLessThanOrEqual(longest);
        }
        for (const taken of rounds) {
          expect(new Set(ids(taken)).size).toBe(taken.length);
          expect(taken.length * weight).toBeLessThanOrEqual(room + counts.length * weight);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("has something heavier than its share in its turn", () => {
    const all = [{ id: 1, customerId: 1, weight: 900 }, ...entrants([0, 0, 500])];
    const turns = Array.from({ length: 30 }, (_, round) => ids(takeTurns(all, 200, round)).includes(1));
    expect(turns.filter(Boolean).length).toBeGreaterThanOrEqual(3);
  });

  it("lets customers take turns where there are more of them than there is room, each with the next of what it has", () => {
    const all = entrants([2, 1, 3, 1, 2, 1, 1, 4]);
    const seen = new Map<number, number>();
    for (let round = 0; round < 24; round += 1) {
      const taken = takeTurns(all, 3, round);
      expect(taken).toHaveLength(3);
      for (const id of ids(taken)) seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    expect(seen.size).toBe(all.length);
    expect(Math.max(...seen.values()), "one who has but one").toBe(9);
    for (const { id } of all.filter(({ customerId }) => customerId === 7)) expect(seen.get(id)).toBeGreaterThanOrEqual(2);
  });
});
