import { describe, expect, it } from "vitest";
import { auditReadFrom, fromAuditEntry } from "../../../src/domain/cost/cloudflare-audit.ts";
import { normaliseBatch } from "../../../src/domain/cost/normalise.ts";
import { auditEntry } from "../../support/audit-logs.ts";

const noon = Date.parse("2026-11-28T12:00:00Z");
const hour = 3_600_000;

/** What is stored of an entry. */
const eventOf = (entry: unknown) => {
  const read = fromAuditEntry(entry, "acc");
  if (!("event" in read)) return read;
  const { events, rejected } = normaliseBatch([read.event], "/events", noon);
  return events[0] ?? rejected[0];
};
const at = (more: Parameters<typeof auditEntry>[2]) => eventOf(auditEntry(1, noon, more));

describe("an entry of Cloudflare's audit log", () => {
  it("says who did it, to what, and not into what it was changed", () => {
    const event = at({});
    expect(event).toMatchObject({
      eventId: "cloudflare:entry-1",
      accountId: "acc",
      resourceType: "cloudflare:dns_record",
      resourceId: "372e67954025e0ba6aaa6d586b9e0b59",
      actor: "ops@example.com",
      hourlyCostCents: null,
      occurredAtMs: noon,
      raw: { action: { type: "rec_set", result: true }, actor: { ip: "192.0.2.1" }, metadata: { zone_name: "example.com" } },
    });
    expect(JSON.stringify(event)).not.toMatch(/192\.0\.2\.[78]|Value/);
  });

  it("names a token by its id, and Cloudflare where nobody else acted", () => {
    expect(at({ actor: { id: "t1", type: "user" } })).toMatchObject({ actor: "token:t1" });
    expect(at({ actor: { type: "Cloudflare" } })).toMatchObject({ actor: "cloudflare" });
    expect(at({ actor: { type: "user" } })).toMatchObject({ actor: null });
  });

  it("that failed, only looks, or is a log-in is of no interest", () => {
    expect(at({ action: { type: "rec_set", result: false } })).toEqual({ ignored: "failed" });
    for (const type of ["login", "logout", "log_in", "view", "API_key_view", "read"])
      expect([type, at({ action: { type, result: true } })]).toEqual([type, { ignored: "read-only" }]);
    for (const type of ["add", "rec_add", "delete", "purge", "token_create", "review", "listen"])
      expect(at({ action: { type, result: true } })).toMatchObject({ eventId: "cloudflare:entry-1" });
  });

  it("has names that are bounded, whatever it has", () => {
    const long = "x".repeat(5_000);
    const wild = at({
      actor: { email: `a\n\0\uD800${long}`, type: "user" },
      resource: { type: `Ä b/${long}`, id: `\u0007${long}` },
      metadata: { text: long },
    });
    expect(wild).toMatchObject({ resourceType: `cloudflare:__b_${"x".repeat(49)}` });
    const { actor, resourceId, raw } = wild as { actor: string; resourceId: string; raw: object };
    expect([actor.length, resourceId.length, "metadata" in raw]).toEqual([2_048, 2_048, false]);
    expect(JSON.stringify(raw).length).toBeLessThan(4_000);
    expect(at({ metadata: { a: "\uD800" } })).not.toHaveProperty("raw.metadata");
    expect(at({ resource: { type: "" } })).toMatchObject({ resourceType: "cloudflare:unknown", resourceId: null });
  });

  it("that makes no sense is none", () => {
    for (const entry of [null, 7, "x", [], {}, { ...auditEntry(1, noon), when: "yesterday" }, { ...auditEntry(1, noon), id: "a b" }])
      expect(fromAuditEntry(entry, "acc")).toEqual({ malformed: true });
    expect(at({ when: "2027-11-28T12:00:00Z" })).toMatchObject({ pointer: "/events/0/occurred_at" });
  });

  it("is looked for in the last hour, and from where the log was read; at first in two weeks", () => {
    expect(auditReadFrom(null, noon, noon)).toBe(noon - 14 * 24 * hour);
    expect(auditReadFrom(noon - 60_000, 0, noon)).toBe(noon - hour);
    expect(auditReadFrom(noon - 2 * hour, 0, noon)).toBe(noon - 2 * hour - 1_000);
    expect(auditReadFrom(noon + 24 * hour, 0, noon)).toBe(noon - hour);
  });
});
