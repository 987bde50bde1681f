import type { Clock } from "../ports/clock.ts";
import type { DnsAccess } from "../ports/dns-access.ts";
import type { ChangeStatus, PairReading, WeightChange, WeightChangeResult } from "../ports/dns.ts";
import { type Batch, type BatchItem, byZone, groupBatches, recordChanges, refusal } from "./batches.ts";
import { applyBatch, type Outcome } from "./change.ts";
import { callResult, type CallResult, failureOf, Route53Error } from "./error.ts";
import { createHealthChecks } from "./health-checks.ts";
import { createLimit } from "./limit.ts";
import { bareId, readChangeInfo } from "./messages.ts";
import { canonicalName } from "./names.ts";
import { createPace } from "./pace.ts";
import { readPairs } from "./read.ts";
import { withRetry } from "./retry.ts";
import { type Call, createSend, type Credentials, type KeySource } from "./send.ts";
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
  /** Hears what became of every request, repeated ones included. */
  readonly onCall?: (result: CallResult) => void;
  /** Per request; 10 s unless told. */
  readonly timeoutMs?: number;
  /** Of this adapter, all its calls together; 5 unless told (semantics §7). */
  readonly requestsPerSecond?: number;
};

const concurrentRequests = 3;
/** AWS has allowed 10 since July 2026; the account's other users want some, too. */
const budgetPerSecond = 5;

/** Route 53 as the DNS provider (semantics §7). Failures are isolated: per name, per zone, per batch. */
export const createRoute53 = (options: Route53Options): DnsAccess => {
  const { clock, random, credentials, onCall = () => undefined } = options;
  const sendOnce = createSend({ ...options, timeoutMs: options.timeoutMs ?? 10_000 });
  const heard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (thrown) {
      onCall(callResult(failureOf(thrown)));
      throw thrown;
    }
  };
  const directory = createZoneDirectory(clock);
  const pace = createPace(clock, options.requestsPerSecond ?? budgetPerSecond);

  // The retrying, bounded way to the API for the length of one public call; a call that waits to retry holds no place.
  const open = (untilMs = Number.POSITIVE_INFINITY): Call => {
    const limit = createLimit(concurrentRequests);
    const patience = { clock, random };
    return async (request) =>
      await withRetry(async () => await limit(async () => {
        // Before, so that what comes too late takes no turn of the pace; and after, for waiting for one's turn takes time.
        if (clock.nowMs() > untilMs) throw tooLate();
        // A role may have to be assumed first. What does not come to a request takes no turn either.
        if ("get" in credentials) await heard(credentials.get());
        await pace();
        if (clock.nowMs() > untilMs) throw tooLate();
        const answer = await heard(sendOnce(request));
        onCall("ok");
        return answer;
      }), patience);
  };

  return {
    provider: "route53",
    ...createSetupWriter(open, clock, directory),
    ...createHealthChecks(open),

    read: async (domains, untilMs) => {
      const names = [...new Set(domains.map(canonicalName))];
      const readings = names.length > 0 ? await readPairs(open(untilMs), directory, names) : new Map<string, PairReading>();
      return new Map(domains.map((domain) => [domain, readings.get(canonicalName(domain)) ?? unread]));
    },

    apply: async (changes, untilMs) => {
      const call = open(untilMs);
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

    status: async (changeIds, untilMs) => {
      const call = open(untilMs);
      const asked = await Promise.all([...new Set(changeIds)].map(async (id) => await askAfter(call, id)));
      return new Map(asked.flat());
    },
  };
};

const tooLate = (): Route53Error =>
  new Route53Error({
    code: "too_late",
    messages: ["the time in which this may be sent is over"],
    httpStatus: null, requestId: null, retryable: true, uncertain: false,
  });

const unread: PairReading = { status: "error", detail: "the name was not read", retryable: true };
const unsent: Outcome = { status: "failed", detail: "the change was not sent", retryable: true };

/** A change as an item of a batch, or its outcome where there is nothing to send. */
const plan = (change: WeightChange, index: number): BatchItem | Outcome => {
  const problem = refusal(change);
  if (problem !== null) return { status: "failed", detail: problem, retryable: false };
  const changes = recordChanges(change);
  if (changes.length === 0) return { status: "stale", detail: "the records as read carry these weights already" };
  return { index, zoneId: bareId(change.zoneId), name: canonicalName(change.domain), changes };
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
    return failureOf(thrown).code === "NoSuchChange" ? [[id, "unknown"]] : [];
  }
};
