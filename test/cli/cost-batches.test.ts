import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { batchesOf } from "../../cli/cost-batches.ts";
import { trailFile, trailRecords } from "../support/cloudtrail.ts";

const fromMs = Date.parse("2026-11-28T01:00:00Z");
const file = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe("a file of events", () => {
  it.each<[string, Buffer]>([
    ["as CloudTrail writes it", trailFile(trailRecords(3, { fromMs }), { fromMs }).body],
    ["unpacked", file({ Records: trailRecords(3, { fromMs }) })],
    ["in the short form", file({ events: trailRecords(3, { fromMs }) })],
    ["as a list", file(trailRecords(3, { fromMs }))],
  ])("%s", (_, bytes) => {
    expect(batchesOf(bytes, "f")).toEqual([{ events: trailRecords(3, { fromMs }), first: 0 }]);
  });

  it("is sent in parts that a request may hold, by number and by size, in its order", () => {
    expect(
      batchesOf(file(Array.from({ length: 2_500 }, (_, index) => index)), "f").map(({ events, first }) => [events.length, first]),
    ).toEqual([
      [1_000, 0],
      [1_000, 1_000],
      [500, 2_000],
    ]);
    const large = batchesOf(file(Array.from({ length: 5 }, () => "é".repeat(200_000))), "f");
    expect(large.map(({ events, first }) => [events.length, first])).toEqual([
      [2, 0],
      [2, 2],
      [1, 4],
    ]);
    for (const { events } of large) expect(Buffer.byteLength(JSON.stringify({ events }))).toBeLessThanOrEqual(1_048_576);
  });

  it.each<[string, Buffer, string]>([
    ["cut in half", gzipSync("x".repeat(5_000)).subarray(0, 20), "is not a whole gzip file"],
    ["no JSON", Buffer.from("{"), "is not valid JSON"],
    ["null", Buffer.from("null"), "has neither Records nor events"],
    ["a digest", file({ digestS3Object: "x", logFiles: [] }), "has neither Records nor events"],
    ["one that is too large by itself", file([1, "x".repeat(1_048_576)]), "the event at 1 has more than 1 MiB"],
  ])("is refused where it is %s", (_, bytes, said) => {
    expect(() => batchesOf(bytes, "f.json")).toThrow(`f.json: ${said}`);
  });
});
