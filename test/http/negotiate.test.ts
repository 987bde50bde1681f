import { expect, it } from "vitest";
import { preferred } from "../../src/http/negotiate.ts";

it.each([
  [undefined, "application/json"],
  ["", "application/json"],
  ["*/*", "application/json"],
  ["text/csv", "text/csv"],
  ["TEXT/CSV; charset=utf-8", "text/csv"],
  ["text/*", "text/csv"],
  ["text/csv, application/json", "application/json"],
  ["text/csv, application/json;q=0.9", "text/csv"],
  ["text/csv;q=0.5, */*;q=0.1", "text/csv"],
  ["text/csv;q=0, */*", "application/json"],
  ["text/csv;q=0.2, application/*;q=0.3", "application/json"],
  ["text/csv;q=2", "application/json"],
  ["image/png", "application/json"],
  ["nonsense;;,,", "application/json"],
])("Accept: %s gets %s", (accept, type) => {
  expect(preferred(accept, ["application/json", "text/csv"])).toBe(type);
});
