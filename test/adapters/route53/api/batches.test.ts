import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WeightChange, WeightedRecord } from "../../../../src/adapters/ports/steering/dns.ts";
import {
  type BatchItem,
  groupBatches,
  maxRecords,
  maxValueCharacters,
  recordChanges,
  refusal,
} from "../../../../src/adapters/route53/api/batches.ts";
import { cname } from "../support.ts";

const change = (records: readonly WeightedRecord[], primary: number, backup: number): WeightChange => ({
  domain: "www.example.com",
  zoneId: "Z1",
  records,
  to: { primary, backup },
});
const pair = [cname("www.example.com", "Primary", 100, { healthCheckId: "hc" }), cname("www.example.com", "backup", 0)];

describe("recordChanges", () => {
  it("deletes what was read and creates it with the new weight, all else unchanged", () => {
    expect(recordChanges(change(pair, 0, 100))).toEqual([
      { action: "DELETE", record: pair[0] },
      { action: "CREATE", record: { ...pair[0], weight: 0 } },
      { action: "DELETE", record: pair[1] },
      { action: "CREATE", record: { ...pair[1], weight: 100 } },
    ]);
  });

  it("touches only the record whose weight differs, and nothing where none does", () => {
    expect(recordChanges(change(pair, 50, 0)).map(({ record }) => record.setIdentifier)).toEqual(["Primary", "Primary"]);
    expect(recordChanges(change(pair, 100, 0))).toEqual([]);
  });

  const weight = fc.integer({ min: 0, max: 255 });
  const record = fc.record(
    {
      name: fc.constant("www.example.com"),
      type: fc.constantFrom("A", "AAAA", "CNAME"),
      setIdentifier: fc.constantFrom("primary", "PRIMARY", "Backup", "backup", "canary", "primary2", ""),
      weight,
      ttl: fc.nat(3600),
      values: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
      healthCheckId: fc.uuid(),
    },
    { requiredKeys: ["name", "type", "setIdentifier", "weight"] },
  );

  it("never holds an unrelated record set; DELETE is what was read; CREATE differs from it in weight alone", () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), weight, weight, (records, primary, backup) => {
        const changes = recordChanges(change(records, primary, backup));
        const deleted = changes.filter(({ action }) => action === "DELETE").map((one) => one.record);
        const created = changes.filter(({ action }) => action === "CREATE").map((one) => one.record);
        for (const one of deleted) expect(records).toContain(one);
        expect(created.map((one, index) => ({ ...one, weight: deleted[index]?.weight }))).toEqual(deleted);
        for (const one of created) {
          expect(one.weight).toBe(one.setIdentifier.toLowerCase() === "primary" ? primary : backup);
          expect(["primary", "backup"]).toContain(one.setIdentifier.toLowerCase());
        }
        for (const [index, one] of created.entries()) expect(one.weight).not.toBe(deleted[index]?.weight);
      }),
    );
  });
});

describe("refusal", () => {
  it.each([-1, 256, 1.5, Number.NaN])("refuses the weight %s", (bad) => {
    expect(refusal(change(pair, bad, 0))).toMatch(/0 to 255/);
    expect(refusal(change(pair, 0, bad))).toMatch(/0 to 255/);
  });

  it("refuses a record of another name", () => {
    expect(refusal(change([...pair, cname("mail.example.com", "primary", 1)], 0, 1))).toMatch(/mail\.example\.com/);
    expect(refusal(change(pair, 0, 255))).toBeNull();
  });
});

describe("groupBatches", () => {
  const item = (index: number, zoneId: string, records: number, characters: number): BatchItem => {
    const name = `d${index}.example.com`;
    const values = Array.from({ length: records }, (_, place) => (place === 0 ? "x".repeat(characters - records + 1) : "y"));
    return { index, zoneId, name, changes: [{ action: "DELETE", record: cname(name, "primary", 0, { values }) }] };
  };
  const shape = (items: readonly BatchItem[]) => groupBatches(items).map((batch) => [batch.zoneId, batch.items.map(({ index }) => index)]);

  it("keeps zones apart and the order within each", () => {
    expect(shape([item(0, "A", 1, 1), item(1, "B", 1, 1), item(2, "A", 1, 1)])).toEqual([
      ["A", [0, 2]],
      ["B", [1]],
    ]);
  });

  it("fills a batch to exactly 1,000 values and 32,000 characters, and not beyond", () => {
    expect(shape([item(0, "A", 999, 999), item(1, "A", 1, 1)])).toEqual([["A", [0, 1]]]);
    expect(shape([item(0, "A", 999, 999), item(1, "A", 2, 2)])).toEqual([
      ["A", [0]],
      ["A", [1]],
    ]);
    expect(shape([item(0, "A", 1, 31_999), item(1, "A", 1, 1)])).toEqual([["A", [0, 1]]]);
    expect(shape([item(0, "A", 1, 31_999), item(1, "A", 1, 2)])).toEqual([
      ["A", [0]],
      ["A", [1]],
    ]);
  });

  it("leaves a domain too large for any batch alone in its own", () => {
    expect(shape([item(0, "A", 1, 1), item(1, "A", 1, 40_000), item(2, "A", 1, 1)])).toEqual([
      ["A", [0]],
      ["A", [1]],
      ["A", [2]],
    ]);
  });

  it("moves 2,000 CNAME pairs of 3 zones in 9 batches", () => {
    const items = Array.from({ length: 2_000 }, (_, index): BatchItem => {
      const name = `d${index}.example.com`;
      const changes = recordChanges(change([cname(name, "primary", 100), cname(name, "backup", 0)], 0, 100));
      return { index, zoneId: `Z${index % 3}`, name, changes };
    });
    expect(groupBatches(items)).toHaveLength(9);
  });

  it("loses and doubles nothing and keeps the limits, whatever the sizes", () => {
    const sizes = fc.array(fc.tuple(fc.constantFrom("A", "B"), fc.integer({ min: 1, max: 400 }), fc.nat(20_000)), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(sizes, (given) => {
        const items = given.map(([zone, records, extra], index) => item(index, zone, records, records + extra));
        const batches = groupBatches(items);
        const places = batches.flatMap((batch) => batch.items.map(({ index }) => index));
        expect(places.toSorted((a, b) => a - b)).toEqual(items.map(({ index }) => index));
        for (const batch of batches) {
          const values = batch.items.flatMap(({ changes }) => changes.flatMap(({ record }) => record.values ?? []));
          expect(values.length).toBeLessThanOrEqual(maxRecords);
          expect(values.join("").length).toBeLessThanOrEqual(maxValueCharacters);
          expect(new Set(batch.items.map(({ zoneId }) => zoneId))).toEqual(new Set([batch.zoneId]));
        }
      }),
    );
  });
});
