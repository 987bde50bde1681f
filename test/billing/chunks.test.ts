import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packChunks } from "../../src/cron/billing/bill.ts";

const due = (windows: readonly number[]) => windows.map((count, index) => ({ customerId: index + 1, windows: count }));

describe("packChunks", () => {
  it.each<[string, number[], number[]]>([
    ["nothing", [], []],
    ["a hundred small customers together", Array.from({ length: 100 }, () => 1), [100]],
    ["the hundred and first apart", Array.from({ length: 101 }, () => 1), [100, 1]],
    ["windows up to the limit", [4_000, 6_000, 1], [2, 1]],
    ["a giant alone", [1, 50_000, 1], [1, 1, 1]],
  ])("packs %s", (_name, windows, sizes) => {
    expect(packChunks(due(windows)).map((chunk) => chunk.length)).toEqual(sizes);
  });

  it("keeps every customer, once and in order", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 300 }), (windows) => {
        expect(packChunks(due(windows)).flat()).toEqual(windows.map((_, index) => index + 1));
      }),
    );
  });
});
