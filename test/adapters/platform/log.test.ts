import { NeonDbError } from "@neondatabase/serverless";
import { afterEach, expect, it, vi } from "vitest";
import { faultError } from "../../../src/adapters/db/platform/faults.ts";
import { createConsoleLog } from "../../../src/adapters/platform/log.ts";

const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };

const printed = (thrown: unknown) => {
  const print = vi.spyOn(console, "error").mockImplementation(() => undefined);
  createConsoleLog(clock, { provider: "local" }).error("failed", thrown, { requestId: "r1" });
  return String(print.mock.calls.at(-1)?.[0]);
};

afterEach(() => vi.restoreAllMocks());

it("prints one JSON line", () => {
  expect(JSON.parse(printed(new TypeError("broken\nline")))).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    level: "error",
    event: "failed",
    provider: "local",
    requestId: "r1",
    error: "TypeError",
    message: "broken\nline",
  });
  expect(printed(new Error("a\nb"))).not.toContain("\n");
});

it("tells a database error by its code, since its message quotes values", () => {
  const error = Object.assign(new NeonDbError('value "4711" is odd'), { code: "23505", constraint: "x_key" });
  const line = printed(error);
  expect(JSON.parse(line)).toMatchObject({ sqlstate: "23505", constraint: "x_key" });
  expect(line).not.toContain("4711");
});

it("names the kind of a refusal, with the code behind it in the place of words that quote", () => {
  const full = faultError("disk_full", Object.assign(new NeonDbError('could not extend "4711"'), { code: "53100" }));
  expect(JSON.parse(printed(full))).toMatchObject({
    error: "AppError",
    kind: "disk_full",
    message: "the database refuses writes: its storage is full",
    sqlstate: "53100",
  });
  expect(printed(full)).not.toContain("4711");
  const away = faultError("unreachable", new TypeError("fetch failed"));
  expect(JSON.parse(printed(away))).toMatchObject({ kind: "unreachable", cause: "fetch failed" });
});

it.each(["postgresql://user:hunter2@host/db", `trn_hunter2${"A".repeat(36)}`, "Bearer hunter2", "eyJhbGciOiJIUzI1NiJ9.hunter2.c2ln"])(
  "never prints %s",
  (secret) => expect(printed(new Error(`could not use ${secret} here`))).not.toContain("hunter2"),
);
