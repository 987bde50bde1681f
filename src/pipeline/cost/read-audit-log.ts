import type { AuditAccount, AuditLogs, AuditReadings } from "../../adapters/ports/cost/audit-logs.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import { auditReadFrom, auditTime, fromAuditEntry, isFarBehind, pastTick } from "../../domain/cost/cloudflare-audit.ts";
import type { IngestDeps } from "./ingest.ts";
import { ingestEvents } from "./ingest.ts";
import type { RunAllowance } from "./run-allowance.ts";

export type ReadAuditLogDeps = IngestDeps & { readonly auditLogs: AuditLogs; readonly auditReadings: AuditReadings };

/** For Cloudflare, and for the archive. */
type Budgets = { readonly pages: Budget; readonly archive: Budget };

/** What came of reading a log for a turn. */
export type AuditReading = {
  readonly entries: number;
  readonly accepted: number;
  /** What the customer is told is wrong; null: nothing. */
  readonly error: string | null;
  /** Whether asking again soon would not help. */
  readonly isRefused: boolean;
  /** Whether there was no time left to ask: nothing is said of the account. */
  readonly isLate: boolean;
  /** Up to when it is stored. */
  readonly cursorMs: number | null;
  readonly hasMore: boolean;
};

/** Of a turn. */
const mostPages = 5;
const pageSizes = { usual: 200, small: 20 };
/** Requests: of a page, of asking what is known, of storing and archiving, of noting how it went. */
const requestsOf = { page: 1, known: 1, store: 2, note: 1 };

/** The latest time of the entries, of those that are not of the future. */
const latest = (entries: readonly unknown[], beforeMs: number, fromMs: number): number =>
  entries.reduce<number>((last, entry) => {
    const atMs = auditTime(entry);
    return atMs === null || atMs > beforeMs ? last : Math.max(last, atMs);
  }, fromMs);

/**
 * Reads what is new of an account's audit log, page by page. The cursor is a time that Cloudflare wrote, moves with what was stored, and never
 * beyond our clock. The last hour is always read again; what is known of it is neither archived nor stored again.
 * @throws where the database or the archive is away
 */
export const readAuditLog = async (
  deps: ReadAuditLogDeps,
  account: AuditAccount,
  allowance: RunAllowance,
  budgets: Budgets,
): Promise<AuditReading> => {
  const { id, customerId, accountRef } = account;
  const nowMs = deps.clock.nowMs();
  const beginMs = auditReadFrom(account.cursorMs, account.createdAtMs, nowMs);
  allowance.take(requestsOf.note);
  let { cursorMs } = account;
  let [sinceMs, positionMs, page, perPage] = [beginMs, beginMs, 1, pageSizes.usual];
  let [entries, accepted, malformed] = [0, 0, 0];

  const store = async (values: readonly unknown[]): Promise<void> => {
    const read = values.map((value) => fromAuditEntry(value, accountRef));
    malformed += read.filter((one) => "malformed" in one).length;
    const events = read.flatMap((one) => ("event" in one ? [one.event] : []));
    const ids = events.map((event) => String(event["event_id"]));
    if (ids.length > 0) allowance.take(requestsOf.known);
    const known = ids.length === 0 ? new Set<string>() : await deps.auditReadings.known(customerId, ids);
    const fresh = events.filter((_, at) => !known.has(ids[at] ?? ""));
    const isFurther = positionMs > (cursorMs ?? beginMs);
    if (fresh.length === 0 && !isFurther) return;
    allowance.take(requestsOf.store);
    const cursor = isFurther ? { cdnAccountId: id, readToMs: positionMs } : null;
    const text = JSON.stringify({ events: fresh });
    const ingested = await ingestEvents(
      deps,
      { customerId, source: "cloudflare", text, values: fresh, pointer: "/events", cursor },
      budgets.archive,
    );
    accepted += ingested.accepted;
    malformed += ingested.rejected.length;
    if (isFurther) cursorMs = positionMs;
  };

  const end = (error: string | null, more: Partial<AuditReading> = {}): AuditReading => ({
    entries,
    accepted,
    error: error ?? (malformed > 0 ? `left out ${malformed} entries of the audit log that make no sense` : null),
    isRefused: false,
    isLate: false,
    cursorMs,
    hasMore: false,
    ...more,
  });

  for (let pages = 0; pages < mostPages && allowance.isLeft(); pages += 1) {
    allowance.take(requestsOf.page);
    const answer = await deps.auditLogs.page(account, { sinceMs, beforeMs: nowMs, page, perPage }, budgets.pages);
    if (!answer.ok && answer.problem.kind === "too-large" && perPage === pageSizes.usual) {
      // Smaller pages have other numbers: on from where it is.
      [sinceMs, page, perPage] = [Math.max(beginMs, positionMs - 1_000), 1, pageSizes.small];
      continue;
    }
    if (!answer.ok) {
      const { kind, words } = answer.problem;
      return end(words, { isRefused: kind === "refused", isLate: kind === "late" });
    }
    entries += answer.entries.length;
    positionMs = latest(answer.entries, nowMs, positionMs);
    await store(answer.entries);
    if (answer.entries.length < perPage) return end(null);
    page += 1;
  }
  // More of one moment than a turn reads would be read again and again, and nothing behind it ever.
  const { cursorMs: wasMs } = account;
  if (page > mostPages && wasMs !== null && positionMs <= wasMs && isFarBehind(wasMs, nowMs)) {
    positionMs = pastTick(wasMs);
    await store([]);
    return end("the audit log has more entries of one second than are read: the rest of them is left out", { hasMore: true });
  }
  return end(null, { hasMore: cursorMs !== null && isFarBehind(cursorMs, nowMs) });
};
