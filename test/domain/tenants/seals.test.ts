import { expect, it } from "vitest";
import { sealCounts } from "../../../src/domain/tenants/seals.ts";

it("tells seals by the newest key, by older ones, and by keys that are not configured", () => {
  const sealed = [
    { key: "new", count: 3 },
    { key: "old", count: 2 },
    { key: "older", count: 1 },
    { key: "gone", count: 7 },
    { key: "", count: 1 },
  ];
  expect(sealCounts(["new", "old", "older"], sealed)).toEqual({ current: 3, previous: 3, unknown: 8 });
  expect(sealCounts([], sealed)).toEqual({ current: 0, previous: 0, unknown: 14 });
  expect(sealCounts(["new"], [])).toEqual({ current: 0, previous: 0, unknown: 0 });
});
