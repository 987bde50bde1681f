import type { Clock, SharedClock } from "../adapters/ports/platform/clock.ts";
import type { EvidenceSigner } from "../adapters/ports/evidence/evidence-signer.ts";
import type { DnsDirectory } from "../adapters/ports/steering/dns-access.ts";
import type { Dns } from "../adapters/ports/steering/dns.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Peer } from "../adapters/ports/coordination/peer.ts";
import type { Place, Prober } from "../adapters/ports/detection/probe.ts";
import type { RoundStore, Unreached } from "../adapters/ports/detection/round.ts";
import type { RoundService, ShardView } from "../adapters/ports/detection/round-view.ts";
import type { DnsAccounts, Standings } from "./steering/accounts.ts";
import { accountsOf, createStandings } from "./steering/accounts.ts";
import { applyIntents } from "./steering/apply.ts";
import type { RoundLoad } from "../domain/coordination/shard-load.ts";
import { unmadeClaims } from "./steering/claim.ts";
import type { CreditTerms } from "../domain/billing/credit.ts";
import { everyStorm } from "../domain/billing/credit.ts";
import { decideRound } from "./decide.ts";
import type { FirstProofs } from "./steering/first-proofs.ts";
import { withFirstProofs } from "./steering/first-proofs.ts";
import { patiently } from "./with-timeout.ts";
import { pollOutcomes } from "./steering/polls.ts";
import { lookAround, presenceOf } from "./presence.ts";
import type { ProbeSettings, SlowPaths } from "./detection/probing.ts";
import { loadOf, probeRound, roundNumber } from "./detection/probing.ts";
import { withEvidence } from "./evidence/storm-evidence.ts";
import type { DnsReading } from "./steering/reading.ts";
import { createDnsReading } from "./steering/reading.ts";
import type { RequestAccount } from "./requests.ts";
import { digestReadings, dueNames, ownersOf, sendWithinMs, zoneIdsOf } from "./steering/live-records.ts";
import { accountOfChange, operatorKey } from "./steering/dns-by-customer.ts";
import { unjudgedStates } from "./slo/states.ts";
import { signDecisions, signSwitches } from "./evidence/sign.ts";
import type { Connections } from "./connection-slots.ts";
import { createConnections } from "./connection-slots.ts";

export type RoundDeps = {
  readonly rounds: RoundStore;
  readonly prober: Prober;
  readonly dns: Dns;
  /** Account selection by customer; absent: `dns` is used for all. */
  readonly dnsDirectory?: DnsDirectory;
  readonly clock: Clock;
  /** The same clock where it is synchronised to the database's. */
  readonly sharedClock?: SharedClock;
  /** The provider that probes: the vantage of its samples. */
  readonly vantage: string;
  readonly place?: Place;
  /** The other provider; absent: no check. */
  readonly peer?: Peer;
  readonly slowPaths: SlowPaths;
  readonly probe: ProbeSettings;
  readonly driftCheckMs: number;
  /** The terms by which storms earn a discount; absent: every storm of what was once healthy does. */
  readonly credit?: CreditTerms;
  /** Null, or absent: what is recorded is not signed. */
  readonly evidenceSigner?: EvidenceSigner | null;
  /** The connections of this invocation, shared with its other work; absent: each round has its own. */
  readonly connections?: Connections;
  /** The invocation's remaining requests; absent: no limit. */
  readonly requests?: RequestAccount;
  /** Absent, as where no proof is required: no look-up before a first switch. */
  readonly firstProofs?: FirstProofs;
  /** Starts to deliver messages about what was just stored, in the background. Never throws. */
  readonly tell?: () => void;
  /** Starts to evaluate the error budgets of services in an outage, likewise. Never throws. */
  readonly watch?: () => void;
  /** DNS calls that span rounds under one lease; absent: none outlasts a round. */
  readonly dnsTalk?: DnsTalk;
};

/** The DNS of one lease: the state of its accounts, and their calls in flight. */
export type DnsTalk = { readonly standings: Standings; readonly reading: DnsReading };

export const createDnsTalk = (clock: Clock, connections: Connections): DnsTalk => ({
  standings: createStandings(clock, connections),
  reading: createDnsReading(clock, connections),
});

/** The report of a round; `held` false: the lease was lost, and nothing was decided. */
export type RoundReport = {
  readonly held: boolean;
  readonly samples: number;
  readonly failedSamples: number;
  /** Paths that were not probed for lack of time; the next round begins with others. */
  readonly unprobed: number;
  readonly unreadable: number;
  /** Probes that were not sent because of the invocation's request limit. */
  readonly overBudget: number;
  readonly stormsChanged: number;
  readonly switches: number;
  readonly failedSwitches: number;
  readonly drifts: number;
  /** The round's load, services that could not be evaluated counted as left out; absent where the lease was lost. */
  readonly load?: RoundLoad;
  /** Services whose figures could not be read, and why; absent: there were none. */
  readonly unjudged?: { readonly services: number; readonly error: unknown };
  /** Domains whose visitors do not all reach the backup, of services newly in that state. */
  readonly unreached: readonly Unreached[];
  /** Domains whose weights are newly contested by somebody else. */
  readonly contested: readonly { readonly serviceId: number; readonly domainId: number; readonly name: string }[];
  /** Unexpected exceptions of accounts, to be logged. They affected only their account. */
  readonly thrown: readonly unknown[];
};

/** The part of an interval that a round waits for DNS readings, and for its switches; and the minimum. */
const readingShare = { part: 0.3, leastMs: 2_000 };
/** The same for the proofs of names that are switched for the first time. */
const provingShare = { part: 0.2, leastMs: 2_000 };
const applyingShare = { part: 0.5, leastMs: 5_000 };

const shareOf = (intervalMs: number, { part, leastMs }: typeof readingShare): number =>
  Math.min(sendWithinMs, Math.max(leastMs, part * intervalMs));

const domainsOf = (services: readonly RoundService[]): number => services.reduce((sum, { domains }) => sum + domains.length, 0);

const withoutServices = (services: readonly RoundService[], ids: readonly number[]): readonly RoundService[] => {
  const left = new Set(ids);
  return services.filter(({ serviceId }) => !left.has(serviceId));
};

/** Its budgets are being spent; also while nothing is known. */
const isInOutage = ({ present }: RoundService): boolean => present != null && present.outageAtMs !== null;

/** The accounts of a round's customers, read in one query. */
const openAccounts = async ({ dns, dnsDirectory }: RoundDeps, { standings, reading }: DnsTalk, view: ShardView): Promise<DnsAccounts> => {
  const { services, polls } = view;
  const keys = [...new Set([...services.map(({ customerId }) => customerId), ...polls.map(({ changeId }) => accountOfChange(changeId))])];
  const own = (await dnsDirectory?.ofAll(keys)) ?? new Map<number, Dns>();
  standings.adopt(view.standings, [operatorKey, ...own.keys()]);
  const owners = ownersOf(services);
  const operator = dnsDirectory?.operatorFor?.((name) => owners.get(name) ?? operatorKey) ?? dnsDirectory?.operator ?? dns;
  return accountsOf(standings, operator, own, owners, reading.stopped);
};

/**
 * One round for one shard: probe -> samples -> figures -> storms -> desired weights -> plan -> apply. It costs at most
 * four round trips to the database, whatever the number of services, and a fifth where a storm begins, relapses or ends.
 * @param roundAtMs the start of the round's slot, equal for a duplicate run
 */
export const runRound = async (
  deps: RoundDeps,
  fence: Fence,
  shard: { readonly index: number; readonly count: number },
  roundAtMs: number,
): Promise<RoundReport> => {
  const { rounds, clock } = deps;
  const view = await rounds.load(fence, shard, roundNumber(roundAtMs, deps.probe), clock.nowMs());
  if (view === null) {
    return {
      held: false,
      samples: 0,
      failedSamples: 0,
      unprobed: 0,
      unreadable: 0,
      overBudget: 0,
      stormsChanged: 0,
      switches: 0,
      failedSwitches: 0,
      drifts: 0,
      unreached: [],
      contested: [],
      thrown: [],
    };
  }
  const connections = deps.connections ?? createConnections(clock);
  const talk = deps.dnsTalk ?? createDnsTalk(clock, connections);
  try {
    return await decideAndAct({ ...deps, connections }, talk, fence, shard, view, roundAtMs);
  } finally {
    if (deps.dnsTalk === undefined) talk.reading.stop();
  }
};

const decideAndAct = async (
  deps: RoundDeps & { readonly connections: Connections },
  talk: DnsTalk,
  fence: Fence,
  shard: { readonly index: number; readonly count: number },
  view: ShardView,
  roundAtMs: number,
): Promise<RoundReport> => {
  const { rounds, clock, connections } = deps;
  const { standings, reading } = talk;
  const { intervalMs } = deps.probe;
  // Slow DNS must not delay the evaluation of the probes: later answers are taken by a later round.
  const untilMs = clock.nowMs() + shareOf(intervalMs, readingShare);
  const looking = lookAround(deps, shard, connections, untilMs);
  const opening = openAccounts(deps, talk, view).then((accounts) => {
    reading.begin(
      accounts,
      dueNames(view.services, deps.driftCheckMs, clock.nowMs()),
      view.polls.map(({ changeId }) => changeId),
      zoneIdsOf(view.services),
    );
    return accounts;
  });
  const { samples, unprobed, unreadable, overBudget } = await connections.probing(() =>
    probeRound(deps, view.services, roundAtMs, deps.probe, connections.probes),
  );
  await patiently(clock, Promise.all([opening.then(() => reading.wait(untilMs)), looking]), untilMs - clock.nowMs(), null);
  const news = reading.take();
  const read = digestReadings(view.services, news.readings);
  const nowMs = clock.nowMs();
  const { policies, leftOut, error } = await rounds.saveAndEvaluate(fence, samples, view.services, presenceOf(deps, shard, true, nowMs));
  const services = leftOut.length === 0 ? view.services : withoutServices(view.services, leftOut);
  const vantages = [...view.vantages.filter(({ name }) => name !== deps.vantage), { name: deps.vantage, lastHeardAtMs: nowMs }];
  const signer = deps.evidenceSigner ?? null;
  const judging = { judgedAtMs: view.judgedAtMs ?? null, intervalMs };
  const decide = (own: readonly RoundService[]) =>
    decideRound(own, vantages, policies, samples, read, view.freeze, nowMs, deps.credit, judging);
  const { decisions: judged } = await withFirstProofs(
    deps.firstProofs,
    fence,
    connections,
    services,
    decide,
    nowMs,
    nowMs + shareOf(intervalMs, provingShare),
  );
  const decisions = { ...judged, states: [...judged.states, ...unjudgedStates(view.services, leftOut, read, judging, nowMs)] };
  const grounds = {
    services: view.services,
    vantages,
    read,
    fence,
    credit: deps.credit ?? everyStorm,
    probePath: deps.probe.path,
    vantage: deps.vantage,
    place: deps.place?.known() ?? null,
    nowMs,
  };
  const proven = await signDecisions(signer, view.services, await withEvidence(rounds, grounds, decisions), nowMs);
  const stored = await rounds.saveDecisions(fence, proven, nowMs);
  if (decisions.storms.length + decisions.services.length + decisions.contests.length > 0) deps.tell?.();
  if (decisions.states.length > 0 || view.services.some(isInOutage)) deps.watch?.();
  const sendUntilMs = nowMs + shareOf(intervalMs, applyingShare);
  const { thrown, names, ...applied } = await applyIntents({ clock, connections }, await opening, view, decisions, stored, sendUntilMs);
  reading.touch(names);
  const polls = pollOutcomes(view.polls, news, standings, clock.nowMs());
  const intents = await signSwitches(signer, view.services, decisions, stored, applied.intents);
  const outcomes = { ...applied, intents, ...polls, expire: view.expired ? shard : null, standings: standings.takeChanged() };
  await rounds.saveOutcomes(fence, outcomes, clock.nowMs());
  if (intents.length > 0) deps.tell?.();
  const contested = new Set(decisions.contests.flatMap((one) => (one.contested ? [one.domainId] : [])));
  return {
    held: true,
    samples: samples.length,
    failedSamples: samples.filter((sample) => !sample.ok).length,
    unprobed,
    unreadable,
    overBudget,
    stormsChanged: decisions.storms.length,
    switches: applied.domains.length,
    failedSwitches: applied.failures.length,
    drifts: decisions.drifts.length,
    load: loadOf(services, view.domainsLeftOut + domainsOf(view.services) - domainsOf(services), { samples, unprobed }),
    ...(leftOut.length > 0 && { unjudged: { services: leftOut.length, error } }),
    unreached: [...decisions.unreached, ...unmadeClaims(view, decisions, applied.failures)],
    contested: view.services.flatMap(({ serviceId, domains: own }) =>
      own.flatMap(({ domainId, name }) => (contested.has(domainId) ? [{ serviceId, domainId, name }] : [])),
    ),
    thrown: [...news.thrown, ...thrown],
  };
};
