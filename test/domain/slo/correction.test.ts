import { expect, it } from "vitest";
import { closedDays } from "../../../src/domain/slo/correction.ts";

const at = (text: string) => Date.parse(text);

it.each([
  ["within a day that is over", "2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z", "2026-11-27T12:00:00Z", ["2026-11-20"]],
  ["today", "2026-11-27T03:00:00Z", "2026-11-27T04:00:00Z", "2026-11-27T12:00:00Z", []],
  ["until midnight, which is no part of it", "2026-11-20T23:00:00Z", "2026-11-21T00:00:00Z", "2026-11-27T12:00:00Z", ["2026-11-20"]],
  ["from midnight", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00.001Z", "2026-11-27T12:00:00Z", ["2026-11-20", "2026-11-21"]],
  ["into today", "2026-11-25T12:00:00Z", "2026-11-27T04:00:00Z", "2026-11-27T12:00:00Z", ["2026-11-25", "2026-11-26"]],
  ["made as the day ends", "2026-11-26T12:00:00Z", "2026-11-26T13:00:00Z", "2026-11-27T00:00:00Z", ["2026-11-26"]],
  ["made before the day has ended", "2026-11-26T12:00:00Z", "2026-11-26T13:00:00Z", "2026-11-26T23:59:59.999Z", []],
  ["over a leap day", "2028-02-28T12:00:00Z", "2028-03-01T00:00:00Z", "2028-03-02T00:00:00Z", ["2028-02-28", "2028-02-29"]],
])("a correction %s leaves these days as they were", (_, from, to, created, days) => {
  expect(closedDays({ fromMs: at(from), toMs: at(to), createdAtMs: at(created) })).toEqual(days);
});
