import type { Clock } from "../ports/platform/clock.ts";
import type { DnsAccess } from "../ports/steering/dns-access.ts";
import type { CallResult, ChangeStatus, DnsBudget, PairReading, WeightChange, WeightChangeResult } from "../ports/steering/dns.ts";
import { type Batch, type BatchItem, byZone, groupBatches, recordChanges, refusal } from "./api/batches.ts";
import { applyBatch, type Outcome } from "./change.ts";
import { callResult, describe, failureOf, isCredentialFailure, isDenied, isUnsent, unansweredError, unsentError } from "./api/error.ts";
import { createCheckStatuses } from "./health/check-status.ts";
import { createHealthChecks } from "./health/health-checks.ts";
import { createInventory } from "./inventory.ts";
import { createLimit } from "./api/limit.ts";
import { bareId, readChangeInfo } from "./api/messages.ts";
import { canonicalName } from "./names.ts";
import { createPace } from "./api/pace.ts";
import { readPairs } from "./read.ts";
import { withRetry } from "./api/retry.ts";
import type { Credentials, KeySource } from "../aws/keys.ts";
import { type Call, createSend, type Route53Request } from "./api/send.ts";
import { createSetupWriter } from "./setup.ts";
import { createZoneDirectory } from "./zones.ts";

export type Route53Options = {
  /** Such as `https://route53.amazonaws.com`. */
  readonly endpoint: string;
  /** The region requests are signed for: us-east-1, except in GovCloud and China. */
  readonly region: string;
  readonly credentials: Credentials | KeySource;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** 0 <= x < 1, for the jitter of retries. */
  readonly random: () => number;
  /** Called with the result of every request, retries included. */
  readonly onCall?: (result: CallResult) => void;
  /** Per request; default 8 s. */
  readonly timeoutMs?: number;
  /** Of this adapter, all its calls together; default 5 (semantics §7). */
  readonly requestsPerSecond?: number;
};

const concurrentRequests = 3;
const briefMs = 2_000;
/** AWS has allowed 10 since July 2026; the rest is left to the account's other users. */
const budgetPerSecond = 5;

/** Route 53 as the DNS provider (semantics §7). Failures are isolated: per name, per zone, per batch. */
export const createRoute53 = (options: Route53Options): DnsAccess => {
  const { clock, random, credentials, onCall = () => undefined, timeoutMs = 8_000 } = options;
  const sendOnce = createSend({ ...options, timeoutMs });
  const directory = createZoneDirectory(clock);
  const statuses = createCheckStatuses(clock);
  const pace = createPace(clock, options.requestsPerSecond ?? budgetPerSecond);

  /** Credentials and pacing come before the connection: a request that is not sent takes none. */
  const attempt = async <T>(request: Route53Request<T>, budget: DnsBudget): Promise<T> => {
    const keys = "get" in credentials ? await credentials.get(budget) : credentials;
    if (!(await pace(budget.untilMs))) throw tooLate();
    try {
      const sent = await budget.connection(
        { untilMs: budget.untilMs, answerMs: timeoutMs },
        async (signal) => await sendOnce(request, keys, signal),
      );
      if (sent.status === "sent") return sent.value;
      throw sent.status === "unsent" ? tooLate() : unansweredError("Route 53", timeoutMs);
    } catch (thrown) {
      if ("get" in credentials && isCredentialFailure(failureOf(thrown))) credentials.drop(keys);
      throw thrown;
    }
  };

  const guarded = async <T>(request: Route53Request<T>, budget: DnsBudget): Promise<T> => {
    if (clock.nowMs() > budget.untilMs) throw tooLate();
    const pass = await budget.gate.enter(budget.untilMs);
    if ("refusal" in pass) throw unsentError("paused", pass.refusal);
    let told: [CallResult | "unsent", string | null] = ["ok", null];
    try {
      return await attempt(request, budget);
    } catch (thrown) {
      const failure = failureOf(thrown);
      told = isUnsent(failure) ? ["unsent", null] : [callResult(failure), describe(failure)];
      throw thrown;
    } finally {
      pass.leave(...told);
      if (told[0] !== "unsent") onCall(told[0]);
    }
  };

  // Access to the API with retries and bounded concurrency, for one public call; a call that waits to retry holds no slot.
  const open = (budget: DnsBudget): Call => {
    const limit = createLimit(concurrentRequests);
    const patience = { clock, random, untilMs: budget.untilMs };
    return async (request) => await withRetry(async () => await limit(async () => await guarded(request, budget)), patience);
  };

  /** The same for optional reads: a single attempt, with part of the remaining time. */
  const openBriefly = (budget: DnsBudget): Call => {
    const connection: DnsBudget["connection"] = async (times, request) =>
      await budget.connection({ ...times, answerMs: Math.min(times.answerMs, briefMs) }, request);
    const brief = { ...budget, connection, untilMs: budget.untilMs - briefMs };
    return async (request) => await guarded(request, brief);
  };

  return {
    provider: "route53",
    ...createSetupWriter(open, clock, directory),
    ...createHealthChecks(open),
    inventory: createInventory(open),

    read: async (domains, budget, zoneIds = new Map()) => {
      const names = [...new Set(domains.map(canonicalName))];
      const known = new Map([...zoneIds].map(([domain, id]) => [canonicalName(domain), bareId(id)]));
      const readings =
        names.length > 0
          ? await readPairs(open(budget), openBriefly(budget), { directory, statuses }, names, known)
          : new Map<string, PairReading>();
      return new Map(
        domains.flatMap((domain): [string, PairReading][] => {
          const reading = readings.get(canonicalName(domain));
          return reading === undefined ? [] : [[domain, reading]];
        }),
      );
    },

    apply: async (changes, budget) => {
      const call = open(budget);
      const planned = changes.map(plan);
      const items = planned.flatMap((one) => ("status" in one ? [] : [one]));
      const zones = byZone(groupBatches(items));
      const applied = await Promise.all([...zones.values()].map(async (own) => await applyZone(call, clock, own)));
      const outcomes = new Map(applied.flat());
      return changes.map(({ domain }, index): WeightChangeResult => {
        const one = planned[index];
        const outcome = one !== undefined && "status" in one ? one : outcomes.get(index);
        return { domain, ...(outcome ?? unsent) };
      });
    },

    status: async (changeIds, budget) => {
      const call = open(budget);
      const asked = await Promise.all([...new Set(changeIds)].map(async (id) => await askAfter(call, id)));
      return new Map(asked.flat());
    },
  };
};

const tooLate = () => unsentError("too_late", "the time in which this may be sent is over");

const unsent: Outcome = { status: "failed", detail: "the change was not sent", retryable: true, effect: "unsent" };

/** A change as an item of a batch, or its outcome where there is nothing to send. */
const plan = (change: WeightChange, index: number): BatchItem | Outcome => {
  const problem = refusal(change);
  if (problem !== null) return { status: "failed", detail: problem, retryable: false, effect: "none" };
  const changes = recordChanges(change);
  if (changes.length === 0) return { status: "stale", detail: "the records as read carry these weights already" };
  return {
    index,
    zoneId: bareId(change.zoneId),
    name: canonicalName(change.domain),
    changes,
    ...(change.mayDropChecks === true && { mayDropChecks: true }),
  };
};

// Route 53 works on one change per zone at a time (PriorRequestNotComplete): a zone's batches go one after another.
const applyZone = async (call: Call, clock: Clock, batches: readonly Batch[]): Promise<[number, Outcome][]> => {
  const outcomes: [number, Outcome][] = [];
  for (const batch of batches) outcomes.push(...(await applyBatch(call, clock, batch)));
  return outcomes;
};

const askAfter = async (call: Call, id: string): Promise<[string, ChangeStatus][]> => {
  try {
    const path = `change/${bareId(id)}`;
    const info = await call({ method: "GET", path, root: "GetChangeResponse", read: readChangeInfo });
    return [[id, info.status]];
  } catch (thrown) {
    const failure = failureOf(thrown);
    if (failure.code === "NoSuchChange") return [[id, "unknown"]];
    return isDenied(failure) || isCredentialFailure(failure) ? [[id, { refused: describe(failure) }]] : [];
  }
};
