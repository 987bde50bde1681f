import type { ReadAuditLogDeps } from "../../src/pipeline/cost/read-audit-log.ts";

/** Nobody has an account at Cloudflare. */
export const noAuditLogs: Pick<ReadAuditLogDeps, "auditLogs" | "auditReadings"> = {
  auditLogs: { page: async () => ({ ok: true, entries: [] }) },
  auditReadings: { due: async () => [], known: async () => new Set(), note: async () => undefined },
};
