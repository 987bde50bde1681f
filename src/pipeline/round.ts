import type { Clock, SharedClock } from "../adapters/ports/clock.ts";
import type { DnsDirectory } from "../adapters/ports/dns-access.ts";
import type { ChangeStatus, Dns, WeightChangeResult } from "../adapters/ports/dns.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Peer } from "../adapters/ports/peer.ts";
import type { Place } from "../adapters/ports/place.ts";
import type { Prober } from "../adapters/ports/probe.ts";
import type {
  DomainRouting, Intent, IntentOutcome, RoundDecisions, RoundDomain, RoundService, RoundStore, SettledChange, ShardView,
} from "../adapters/ports/round.ts";
import type { RoundLoad } from "../domain/shard-load.ts";
import { decideRound } from "./decide.ts";
import { patiently } from "./patience.ts";
import { lookAtPeer, presenceOf } from "./presence.ts";
import type { ProbeSettings, SlowPaths } from "./probing.ts";
import { loadOf, probeRound, roundNumber } from "./probing.ts";
import { withEvidence } from "./prove.ts";
import type { DomainReading } from "./records.ts";
import { routedDns } from "./route-dns.ts";
import { movedAt, readDueRecords, sendWithinMs, withWeights } from "./records.ts";
import type { Slots } from "./slots.ts";
import { createSlots, nobody, waitingConnections } from "./slots.ts";

export type RoundDeps = {
  readonly rounds: RoundStore;
  readonly prober: Prober;
  readonly dns: Dns;
  /** Whose DNS account counts for a customer; without it `dns` is everybody's. */
  readonly dnsDirectory?: DnsDirectory;
  readonly clock: Clock;
  /** The same clock where it goes by the database's. */
  readonly sharedClock?: SharedClock;
  /** The provider that probes: the vantage of its samples. */
  readonly vantage: string;
  readonly place?: Place;
  /** The other provider; without it nobody is looked at. */
  readonly peer?: Peer;
  readonly slowPaths: SlowPaths;
  readonly probe: ProbeSettings;
  readonly driftCheckMs: number;
  /** The connections of this invocation, where several shards share it; otherwise each round has its own bound. */
  readonly slots?: Slots;
};

/** What a round did; `held` false: the lease was lost, and nothing was decided. */
export type RoundReport = {
  readonly held: boolean;
  readonly samples: number;
  readonly failedSamples: number;
  /** Paths for which the round had no time left; the next one begins with others. */
  readonly unprobed: number;
  readonly stormsChanged: number;
  readonly switches: number;
  readonly failedSwitches: number;
  readonly drifts: number;
  /** What there was to do, services left out of the evaluation among what was left out; absent where the lease was lost. */
  readonly load?: RoundLoad;
  /** Services whose figures could not be read, and why; absent: there were none. */
  readonly unjudged?: { readonly services: number; readonly error: unknown };
  /** Domains over whose weights somebody else has begun to fight. */
  readonly contested: readonly { readonly serviceId: number; readonly domainId: number; readonly name: string }[];
};

const noStatuses: ReadonlyMap<string, ChangeStatus> = new Map();

const domainsOf = (services: readonly RoundService[]): number => services.reduce((sum, { domains }) => sum + domains.length, 0);

const withoutServices = (services: readonly RoundService[], ids: readonly number[]): readonly RoundService[] => {
  const left = new Set(ids);
  return services.filter(({ serviceId }) => !left.has(serviceId));
};

/** How many connections are left to DNS while it is asked: a probe that the platform made queue would time out through no fault of its CDN. */
const dnsConnections = 3;

const withReserved = async <T>(slots: Slots, work: () => Promise<T>): Promise<T> => {
  const done = Promise.withResolvers<void>();
  for (let held = 0; held < dnsConnections; held += 1) void slots(nobody, true, () => done.promise);
  try {
    return await work();
  } finally {
    done.resolve();
  }
};

type Applied = {
  readonly outcomes: readonly IntentOutcome[];
  readonly domains: RoundDecisions["domains"];
  readonly doubts: readonly { readonly domainId: number; readonly lastError: string }[];
};

/** A stale record or an answer that was lost may mean either way: the next reading tells what became of the switch. */
const outcomeOf = (result: WeightChangeResult, changeRowId: number): IntentOutcome => {
  if (result.status === "accepted") {
    return { changeRowId, result: "accepted", changeId: result.changeId, acceptedAtMs: result.acceptedAtMs, error: null };
  }
  const open = result.status === "stale" || result.retryable;
  return { changeRowId, result: open ? "intent" : "failed", changeId: null, acceptedAtMs: null, error: result.detail };
};

const afterSwitch = (before: DomainRouting, intent: Intent, domain: RoundDomain, acceptedAtMs: number): DomainRouting => ({
  ...before,
  records: withWeights(before.records ?? [], intent.to),
  movedAtMs: movedAt(before.movedAtMs, intent.to, domain.normal, acceptedAtMs),
  lastError: null,
});

const applyIntents = async (
  dns: Dns,
  view: ShardView,
  decisions: RoundDecisions,
  rowIds: ReadonlyMap<number, number>,
  untilMs: number,
): Promise<Applied> => {
  const fresh = new Map(decisions.domains.map((routing) => [routing.domainId, routing]));
  const domains = new Map(view.services.flatMap((service) => service.domains.map((domain) => [domain.domainId, domain])));
  const ready = decisions.intents.flatMap((intent) => {
    const domain = domains.get(intent.domainId);
    const routing = fresh.get(intent.domainId) ?? domain?.routing;
    const rowId = rowIds.get(intent.domainId);
    if (intent.result !== "intent" || domain === undefined || routing == null || routing.records === null || routing.zoneId === null) return [];
    // No row id: the lease was lost while storing the intent, so nothing may be called.
    if (rowId === undefined) return [];
    const change = { domain: domain.name, zoneId: routing.zoneId, records: routing.records, to: intent.to };
    return [{ intent, rowId, domain, routing, change }];
  });
  if (ready.length === 0) return { outcomes: [], domains: [], doubts: [] };
  const results = await dns.apply(ready.map(({ change }) => change), untilMs);
  const settled = ready.flatMap((one, index) => {
    const result = results[index];
    return result === undefined ? [] : [{ ...one, result }];
  });
  return {
    outcomes: settled.map(({ result, rowId }) => outcomeOf(result, rowId)),
    domains: settled.flatMap(({ result, intent, domain, routing }) =>
      result.status !== "accepted" ? [] : [
        { domainId: domain.domainId, serviceId: intent.serviceId, ...afterSwitch(routing, intent, domain, result.acceptedAtMs) },
      ]),
    doubts: settled.flatMap(({ result, domain }) =>
      result.status === "accepted" ? [] : [{ domainId: domain.domainId, lastError: result.detail }]),
  };
};

/**
 * One round for one shard: probe -> samples -> figures -> storms -> desired weights -> plan -> apply. It costs at most
 * four round trips to the database, whatever the number of services, and a fifth where a storm begins, relapses or ends.
 * @param roundAtMs the slot of the round, equal for a doubled run
 */
export const runRound = async (
  deps: RoundDeps,
  fence: Fence,
  shard: { readonly index: number; readonly count: number },
  roundAtMs: number,
): Promise<RoundReport> => {
  const { rounds, clock } = deps;
  const view = await rounds.load(fence, shard, roundNumber(roundAtMs, deps.probe));
  if (view === null) {
    return { held: false, samples: 0, failedSamples: 0, unprobed: 0, stormsChanged: 0, switches: 0, failedSwitches: 0, drifts: 0, contested: [] };
  }
  const dns = deps.dnsDirectory === undefined ? deps.dns : await routedDns(deps.dnsDirectory, view.services);
  // DNS that does not answer must not delay what the probes have to say: what it has not told is left for a later round.
  const patienceMs = deps.probe.timeoutMs + deps.probe.intervalMs;
  const found: DomainReading[] = [];
  const untilMs = clock.nowMs() + patienceMs;
  const slots = deps.slots ?? createSlots(waitingConnections);
  lookAtPeer(deps, shard, slots);
  const [statuses, { samples, unprobed }] = await Promise.all([
    patiently(clock, withReserved(slots, async () => {
      await deps.place?.look();
      await readDueRecords({ dns, clock }, view.services, deps.driftCheckMs, untilMs, found);
      return view.pendingChangeIds.length === 0 ? noStatuses : await dns.status(view.pendingChangeIds, untilMs);
    }), patienceMs, noStatuses),
    probeRound(deps, view.services, roundAtMs, deps.probe, slots),
  ]);
  const nowMs = clock.nowMs();
  const { policies, leftOut, error } = await rounds.saveAndEvaluate(samples, view.services, presenceOf(deps, shard, true, nowMs));
  const services = leftOut.length === 0 ? view.services : withoutServices(view.services, leftOut);
  const vantages = [...view.vantages.filter(({ name }) => name !== deps.vantage), { name: deps.vantage, lastHeardAtMs: nowMs }];
  const decisions = decideRound(services, vantages, policies, samples, [...found], view.freeze, nowMs);
  const grounds = { services: view.services, vantages, read: found, fence, vantage: deps.vantage, place: deps.place?.known() ?? null, nowMs };
  const rowIds = await rounds.saveDecisions(fence, await withEvidence(rounds, grounds, decisions), nowMs);
  const { outcomes, domains, doubts } = await applyIntents(dns, view, decisions, rowIds, nowMs + sendWithinMs);
  const settled = [...statuses].flatMap(([changeId, status]): SettledChange[] =>
    status === "pending" ? [] : [{ changeId, result: status === "insync" ? "insync" : "unconfirmed" }]);
  await rounds.saveOutcomes(fence, outcomes, domains, doubts, settled, clock.nowMs());
  const contested = new Set(decisions.contests.flatMap((one) => (one.contested ? [one.domainId] : [])));
  return {
    held: true,
    samples: samples.length,
    failedSamples: samples.filter((sample) => !sample.ok).length,
    unprobed,
    stormsChanged: decisions.storms.length,
    switches: domains.length,
    failedSwitches: doubts.length,
    drifts: decisions.drifts.length,
    load: loadOf(services, view.domainsLeftOut + domainsOf(view.services) - domainsOf(services), { samples, unprobed }),
    ...(leftOut.length > 0 && { unjudged: { services: leftOut.length, error } }),
    contested: view.services.flatMap(({ serviceId, domains: own }) =>
      own.flatMap(({ domainId, name }) => (contested.has(domainId) ? [{ serviceId, domainId, name }] : []))),
  };
};
