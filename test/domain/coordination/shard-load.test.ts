import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addLoads, noLoad, shardsWanted, utilisationOf } from "../../../src/domain/coordination/shard-load.ts";

const load = { domains: 200, leftOut: 0, paths: 600, answers: 600, answeredMs: 60_000 };
const even = (shards: number, total: number) => Array.from({ length: shards }, () => ({ utilisation: total / shards }));

describe("utilisationOf", () => {
  it("is the share of a round's connections that probing takes", () => {
    expect(utilisationOf(load, 1, 6, 10_000)).toBe(1);
    expect(utilisationOf({ ...load, answeredMs: 6_000 }, 1, 6, 10_000)).toBe(0.1);
    expect(utilisationOf(addLoads(load, load), 2, 6, 10_000)).toBe(1);
  });

  it("counts what there was no time or no room for, and paths that hang as if they were well", () => {
    expect(utilisationOf({ ...load, answers: 300, answeredMs: 30_000 }, 1, 6, 10_000)).toBe(1);
    expect(utilisationOf({ ...load, domains: 800, leftOut: 600 }, 1, 6, 10_000)).toBe(4);
  });

  it("is not known where nothing was answered, and nothing where there is nothing", () => {
    expect(utilisationOf({ ...load, answers: 0, answeredMs: 0 }, 1, 6, 10_000)).toBeNull();
    expect(utilisationOf(noLoad, 1, 6, 10_000)).toBe(0);
    expect(utilisationOf(noLoad, 0, 6, 10_000)).toBeNull();
  });
});

describe("shardsWanted", () => {
  it.each([
    ["nothing is known", 4, [], 4],
    ["half busy", 4, even(4, 2), 4],
    ["busier, but within bounds", 4, even(4, 2.9), 4],
    ["too busy", 4, even(4, 3.2), 7],
    ["far too busy", 1, even(1, 40), 80],
    ["hardly busy", 50, even(50, 2), 4],
    ["a single one, idle", 1, even(1, 0), 1],
    ["one of them beyond its time", 4, [{ utilisation: 1.2 }, ...even(3, 0.9)], 7],
    ["one of them in the way of fewer", 4, [{ utilisation: 0.7 }, ...even(3, 0.1)], 4],
    ["only some are known", 10, even(2, 2), 20],
  ] as const)("%s: %d shards want %j", (_, shards, loads, wanted) => expect(shardsWanted(shards, loads)).toBe(wanted));

  it("is followed once: with the number that was wanted no other is, whatever there is to do", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_024 }), fc.double({ min: 0, max: 500, noNaN: true }), (shards, total) => {
        const wanted = shardsWanted(shards, even(shards, total));
        expect(shardsWanted(wanted, even(wanted, total))).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
  });

  it("stays between one and what the database takes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_024 }),
        fc.array(fc.record({ utilisation: fc.double({ min: 0, max: 1e6, noNaN: true }) })),
        (shards, loads) => {
          const wanted = shardsWanted(shards, loads);
          expect(Number.isInteger(wanted) && wanted >= 1 && wanted <= 1_024).toBe(true);
        },
      ),
    );
  });
});
