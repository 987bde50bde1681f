import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { CostDirectory } from "../../adapters/ports/cost/access.ts";
import type { AuditAccount } from "../../adapters/ports/cost/audit-logs.ts";
import type { TrailReadings } from "../../adapters/ports/cost/trail-readings.ts";
import type { Breakers } from "../../adapters/ports/platform/breakers.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import { inTurns } from "../../domain/cost/turns.ts";
import { connectionOf, createConnections } from "../../pipeline/connection-slots.ts";
import type { Connections, Lane } from "../../pipeline/connection-slots.ts";
import type { ReadAuditLogDeps } from "../../pipeline/cost/read-audit-log.ts";
import type { ReadAccountDeps } from "../../pipeline/cost/read-account.ts";
import { readAuditLog } from "../../pipeline/cost/read-audit-log.ts";
import { readAccount } from "../../pipeline/cost/read-account.ts";
import { createRunAllowance } from "../../pipeline/cost/run-allowance.ts";
import type { JobReport } from "../job.ts";

export type PollCostsDeps = ReadAccountDeps &
  ReadAuditLogDeps & {
    readonly costDirectory: CostDirectory;
    readonly trailReadings: TrailReadings;
    /** One for each account that is read. */
    readonly breakers: Breakers;
    readonly log: Log;
    /** Absent: a run of its own. */
    readonly connections?: Connections;
    /** The platform's limit of requests per invocation. */
    readonly requestLimit: number;
  };

/** A run ends before the next one is due: after this nothing is begun any more, and what is begun has that long. */
const beginsForMs = 150_000;
const endsWithinMs = 120_000;
/** Accounts of one run. Those that are left come first in the next. */
const mostAccounts = 500;
/** Customers that are read at once: each mostly waits for S3, and one that hangs holds up nobody else. */
const abreast = 4;
/** What an account may take before it is the next one's turn. */
const mostFilesATurn = 40;
/** Of the invocation's requests, as other jobs of the same minute have theirs. */
const shareOfRequests = 0.2;
const mostRequests = 2_000;
const mostBytes = 512 * 1_048_576;

type Account = { readonly customerId: number; readonly id: number };

/**
 * Reads the CloudTrail files of customers' accounts, and beside that the audit logs of theirs at Cloudflare. Whoever fails is noted with its error, and stops nobody; a run that dies is resumed
 * by the next one, which reads again what was not stored whole.
 */
export const pollCosts = async (deps: PollCostsDeps, fence: Fence): Promise<JobReport> =>
  await deps.breakers.during(["s3", "cdn"], async () => {
    const connections = deps.connections ?? createConnections(deps.clock);
    // Beside each other: whoever waits for one service holds up nothing of the other.
    const both = await Promise.allSettled([pollTrails(deps, fence, connections), pollAuditLogs(deps, fence, connections)]);
    const [trails = {}, logs = {}] = both.map((one) => {
      if (one.status === "rejected") throw one.reason;
      return one.value;
    });
    return { ...trails, ...logs };
  });

const pollTrails = async (deps: PollCostsDeps, fence: Fence, connections: Connections): Promise<JobReport> => {
  const { costDirectory, trailReadings, breakers, clock, log } = deps;
  const untilMs = clock.nowMs() + beginsForMs;
  const allowance = createRunAllowance(clock, {
    untilMs,
    requests: Math.min(mostRequests, Math.floor(deps.requestLimit * shareOfRequests)),
    bytes: mostBytes,
  });
  const count = { accounts: 0, files: 0, records: 0, accepted: 0, failures: 0 };

  /** @returns whether there is more of it */
  const read = async ({ customerId, id }: Account): Promise<boolean> => {
    const account = await costDirectory.of(customerId, id);
    if (account === null || account.bucket === null) return false;
    const access = { ...account, line: breakers.line({ kind: "s3", customerId, accountId: id }) };
    const by = (lane: Lane): Budget => ({
      untilMs: untilMs + endsWithinMs,
      connection: connectionOf(connections, { lane, key: customerId }),
    });
    const budgets = { files: by("background"), archive: by("message") };
    const reading = await readAccount(deps, { fence, access, allowance: allowance.turn(mostFilesATurn), budgets });
    count.files += reading.files;
    count.records += reading.records;
    count.accepted += reading.accepted;
    if (reading.error !== null) count.failures += 1;
    await trailReadings.note(fence, id, reading.error, reading.wasRead);
    return reading.hasMore;
  };

  const readSafely = async (account: Account): Promise<boolean> => {
    try {
      return await read(account);
    } catch (thrown) {
      // The database or the archive: whoever else is read fails as well, or does not.
      count.failures += 1;
      log.error("poll_costs", thrown, { accountId: account.id });
      return false;
    }
  };

  const due = await trailReadings.due(mostAccounts);
  count.accounts = due.length;
  await inTurns(
    due,
    ({ customerId }) => customerId,
    abreast,
    () => allowance.isLeft(),
    readSafely,
  );
  return count;
};

/** Of the invocation's requests, and of Cloudflare's patience. */
const auditShareOfRequests = 0.1;
const mostAuditRequests = 1_000;
/** A page takes a multiple of its bytes while it is read. */
const auditsAbreast = 2;

const pollAuditLogs = async (deps: PollCostsDeps, fence: Fence, connections: Connections): Promise<JobReport> => {
  const { auditReadings, clock, log } = deps;
  const untilMs = clock.nowMs() + beginsForMs;
  const allowance = createRunAllowance(clock, {
    untilMs,
    requests: Math.min(mostAuditRequests, Math.floor(deps.requestLimit * auditShareOfRequests)),
    bytes: mostBytes,
  });
  const count = { logs: 0, entries: 0, logEvents: 0, logFailures: 0 };
  const cursors = new Map<number, number | null>();

  /** @returns whether there is more of it */
  const read = async (account: AuditAccount): Promise<boolean> => {
    const { id, customerId } = account;
    const by = (lane: Lane): Budget => ({
      untilMs: untilMs + endsWithinMs,
      connection: connectionOf(connections, { lane, key: customerId }),
    });
    const from = { ...account, cursorMs: cursors.get(id) ?? account.cursorMs };
    const reading = await readAuditLog(deps, from, allowance, { pages: by("background"), archive: by("message") });
    cursors.set(id, reading.cursorMs);
    count.entries += reading.entries;
    count.logEvents += reading.accepted;
    if (reading.isLate) return false;
    if (reading.error !== null) count.logFailures += 1;
    await auditReadings.note(fence, id, reading.error, reading.isRefused);
    return reading.hasMore;
  };

  const readSafely = async (account: AuditAccount): Promise<boolean> => {
    try {
      return await read(account);
    } catch (thrown) {
      count.logFailures += 1;
      log.error("poll_audit_logs", thrown, { cdnAccountId: account.id });
      return false;
    }
  };

  const due = await auditReadings.due(mostAccounts);
  count.logs = due.length;
  await inTurns(
    due,
    ({ customerId }) => customerId,
    auditsAbreast,
    () => allowance.isLeft(),
    readSafely,
  );
  return count;
};
