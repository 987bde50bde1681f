import type { AuditEntry } from "../../local/cdn/cloudflare-audit-log.ts";
import type { ReadAuditLogDeps } from "../../src/pipeline/cost/read-audit-log.ts";

/** Nobody has an account at Cloudflare. */
export const noAuditLogs: Pick<ReadAuditLogDeps, "auditLogs" | "auditReadings"> = {
  auditLogs: { page: async () => ({ ok: true, entries: [] }) },
  auditReadings: { due: async () => [], known: async () => new Set(), note: async () => undefined },
};

/** The change of a DNS record, as Cloudflare writes it. @param nth makes it its own */
export const auditEntry = (nth: number | string, atMs: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: `entry-${nth}`,
  when: new Date(atMs).toISOString(),
  action: { type: "rec_set", result: true },
  actor: { id: "f6b5de0326bb5182b8a4840ee01ec774", email: "ops@example.com", type: "user", ip: "192.0.2.1" },
  interface: "API",
  owner: { id: "acc" },
  resource: { type: "DNS_record", id: "372e67954025e0ba6aaa6d586b9e0b59" },
  metadata: { zone_name: "example.com" },
  oldValue: "192.0.2.7",
  newValue: "192.0.2.8",
  ...more,
});
