import { describe, expect, it } from "vitest";
import { isStateOf, phaseOf, timeFault } from "../../../src/domain/publish/incident.ts";
import { slugFault } from "../../../src/domain/publish/slug.ts";

const nowMs = Date.UTC(2026, 10, 27);
const hourMs = 3_600_000;

describe("an incident", () => {
  it.each([
    ["minor", "investigating", -1, null, "active"],
    ["critical", "monitoring", -400, null, "active"],
    ["minor", "resolved", -1, null, "over"],
    ["maintenance", "scheduled", 1, 2, "scheduled"],
    ["maintenance", "scheduled", 0, 1, "active"],
    ["maintenance", "scheduled", -2, 0, "over"],
    ["maintenance", "resolved", 1, 2, "over"],
  ] as const)("of %s, %s, that begins in %d h and ends in %s is %s", (impact, state, starts, ends, phase) => {
    const endsAtMs = ends === null ? null : nowMs + ends * hourMs;
    expect(phaseOf({ impact, state, startsAtMs: nowMs + starts * hourMs, endsAtMs }, nowMs)).toBe(phase);
  });

  it.each([
    ["minor", 0, null, null],
    ["minor", -366 * 24, null, null],
    ["minor", -367 * 24, null, "starts_at"],
    ["minor", 1, null, "starts_at"],
    ["minor", 0, 1, "ends_at"],
    ["maintenance", 1, 2, null],
    ["maintenance", 1, null, "ends_at"],
    ["maintenance", 2, 2, "ends_at"],
    ["maintenance", 0, 367 * 24, "ends_at"],
    ["maintenance", 367 * 24, 368 * 24, "starts_at"],
  ] as const)("of %s that begins in %d h and ends in %s is refused at %s", (impact, starts, ends, field) => {
    const endsAtMs = ends === null ? null : nowMs + ends * hourMs;
    expect(timeFault({ impact, startsAtMs: nowMs + starts * hourMs, endsAtMs }, nowMs)?.field ?? null).toBe(field);
  });

  it("has the states of its kind", () => {
    expect([
      isStateOf("maintenance", "scheduled"),
      isStateOf("maintenance", "identified"),
      isStateOf("minor", "scheduled"),
      isStateOf("minor", "resolved"),
    ]).toEqual([true, false, false, true]);
  });
});

describe("an address", () => {
  it.each(["abc", "a-b", "123", "a".repeat(63), "acme-status"])("may be %s", (slug) => expect(slugFault(slug)).toBeNull());
  it.each(["", "ab", "a".repeat(64), "-ab", "ab-", "Abc", "a_b", "a.b", "ünd", "a b", "abc\n", "admin", "console", "www"])(
    "may not be %j",
    (slug) => expect(slugFault(slug)).not.toBeNull(),
  );
});
