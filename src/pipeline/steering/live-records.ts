import type { PairReading, WeightedRecord } from "../../adapters/ports/steering/dns.ts";
import type { RoundDecisions } from "../../adapters/ports/detection/round.ts";
import type { DomainRouting, OpenIntent, RoundDomain, RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { Drift } from "../../domain/steering/drift.ts";
import type { Member, OwnWeights } from "../../domain/steering/group.ts";
import { memberDrift, rememberedAfter, stillRemembered } from "../../domain/steering/group.ts";
import type { Weights } from "../../domain/steering/steering.ts";
import { equalWeights } from "../../domain/steering/steering.ts";
import { membersOf } from "./members.ts";
import type { NameReading } from "./reading.ts";

/** A domain's live records as this round found them. */
export type DomainReading = {
  readonly domainId: number;
  readonly serviceId: number;
  readonly routing: DomainRouting;
  /** Somebody else changed the weights since the last reading. */
  readonly drift: Drift | null;
  /** The outcomes of switches in doubt. */
  readonly resolved: RoundDecisions["resolved"];
};

const side = (records: readonly WeightedRecord[], name: "primary" | "backup") =>
  records.find((record) => record.setIdentifier.toLowerCase() === name);

type TypedWeights = { readonly recordType: string; readonly weights: Weights };

const weightsByType = (records: readonly WeightedRecord[] | null): readonly TypedWeights[] =>
  [...Map.groupBy(records ?? [], (record) => record.type)].flatMap(([recordType, pair]) => {
    const [primary, backup] = [side(pair, "primary"), side(pair, "backup")];
    if (primary === undefined || backup === undefined) return [];
    return [{ recordType, weights: { primary: primary.weight, backup: backup.weight } }];
  });

/** The weights of every complete pair, one per record type; somebody else may have set a name's types differently. */
export const liveWeights = (records: readonly WeightedRecord[] | null): readonly Weights[] =>
  weightsByType(records).map(({ weights }) => weights);

/** The same records after a switch that was accepted. */
export const withWeights = (records: readonly WeightedRecord[], to: Weights): readonly WeightedRecord[] =>
  records.map((record) => ({ ...record, weight: record.setIdentifier.toLowerCase() === "primary" ? to.primary : to.backup }));

/** The same records without deleted health checks. */
export const withoutChecks = (records: readonly WeightedRecord[], gone: readonly string[]): readonly WeightedRecord[] =>
  records.map(({ healthCheckId, ...record }) =>
    healthCheckId === undefined || gone.includes(healthCheckId) ? record : { ...record, healthCheckId },
  );

/** On the backup by tranche's switch: set by that, cleared by the last step of failback. */
export const movedAt = (before: number | null, to: Weights, normal: Weights, nowMs: number): number | null => {
  if (equalWeights(to, normal)) return null;
  return to.primary === 0 ? nowMs : before;
};

const cnameTarget = (records: readonly WeightedRecord[], name: "primary" | "backup"): string | null => {
  const value = side(
    records.filter((record) => record.type === "CNAME"),
    name,
  )?.values?.[0];
  return value === undefined ? null : value.replace(/\.$/, "").toLowerCase();
};

const never: DomainRouting = {
  status: "unprovisioned",
  zoneId: null,
  records: null,
  readAtMs: null,
  movedAtMs: null,
  discoveredPrimaryTarget: null,
  discoveredBackupTarget: null,
  discoveredPrimaryOk: false,
  discoveredBackupOk: false,
  lastError: null,
  group: null,
};

/** Whether every type of the name has these weights. */
const stands = (live: readonly Weights[], at: Weights): boolean => live.length > 0 && live.every((one) => equalWeights(one, at));

/** Calls for an intent begin at most this long after it was stored. */
export const sendWithinMs = 30_000;

/** How long an intent may take effect: the above, the longest call begun within it, and the clock skew. */
const lingerMs = 90_000;

/**
 * Whether an intent without effect on the live records can be closed. Of this lease: once its compare-and-set
 * can no longer match. Of an earlier one: its holder may be slow and still calling, so it is watched for a while.
 */
const isSpent = (intent: OpenIntent, live: readonly Weights[], nowMs: number): boolean =>
  nowMs - intent.attemptedAtMs >= lingerMs || (intent.ours && !live.some((weights) => equalWeights(weights, intent.from)));

/** A new type is compared with the others: several types of one name move together. */
const driftOf = (known: readonly TypedWeights[], live: readonly TypedWeights[]): Drift | null => {
  for (const { recordType, weights: found } of live) {
    const previous = (known.find((one) => one.recordType === recordType) ?? known[0])?.weights;
    if (previous !== undefined && !equalWeights(previous, found)) return { recordType, previous, found };
  }
  return null;
};

/** For members of a steered group: changes of their own weights are their owner's, and no drift. */
const driftOfMembers = (
  remembered: OwnWeights | null,
  known: readonly Member[],
  members: readonly Member[],
  at: Weights | undefined,
): Drift | null => {
  const drift = remembered === null ? null : memberDrift(remembered, known, members);
  return drift === null || at === undefined
    ? null
    : { recordType: drift.recordType, previous: at, found: at, others: { previous: drift.previous, found: drift.found } };
};

const digest = (service: RoundService, domain: RoundDomain, reading: PairReading, nowMs: number): DomainReading => {
  const before = domain.routing ?? never;
  const base = { domainId: domain.domainId, serviceId: service.serviceId, drift: null, resolved: [] };
  if (reading.status === "error") {
    // The previous reading is kept. After a transient failure it stays due, so that the next round retries.
    const status = before.records === null ? "error" : before.status;
    const readAtMs = reading.retryable ? before.readAtMs : nowMs;
    return { ...base, routing: { ...before, status, readAtMs, lastError: reading.detail } };
  }
  if (reading.status === "unprovisioned") {
    const routing = {
      ...before,
      status: "unprovisioned",
      zoneId: reading.zoneId,
      records: null,
      surroundings: null,
      readAtMs: nowMs,
      lastError: reading.detail,
    } as const;
    return { ...base, routing, resolved: domain.openIntents.map(({ id }) => ({ id, result: "superseded" as const })) };
  }
  const { records, zoneId } = reading;
  const [live, known] = [liveWeights(records), liveWeights(before.records)];
  const primaryTarget = cnameTarget(records, "primary");
  const backupTarget = cnameTarget(records, "backup");
  // A switch known to be made is not attributed again to another open intent.
  const made = domain.openIntents.filter((intent) => stands(live, intent.to) && !stands(known, intent.to));
  const landed = made.find(({ ours }) => ours) ?? made[0];
  const inDoubt = domain.openIntents.length > 0;
  const remembered = before.group ?? null;
  const [members, knownMembers] = [membersOf({ records, surroundings: reading.surroundings ?? null }), membersOf(before)];
  const rememberedNow = remembered === null ? null : rememberedAfter(remembered, knownMembers, members, landed !== undefined);
  const moved = landed === undefined ? before.movedAtMs : movedAt(before.movedAtMs, landed.to, domain.normal, nowMs);
  const routing: DomainRouting = {
    // A switch in backoff after a refusal keeps its error, even if the records can be read.
    status: "found",
    zoneId,
    records,
    surroundings: reading.surroundings ?? null,
    readAtMs: nowMs,
    lastError: domain.failedAttempts.length > 0 && landed === undefined ? before.lastError : null,
    group: stillRemembered(rememberedNow, members, !inDoubt && stands(live, domain.normal)),
    // At its normal weights a domain is no longer on its backup, whoever set them.
    movedAtMs: stands(live, domain.normal) ? null : moved,
    discoveredPrimaryTarget: primaryTarget,
    discoveredBackupTarget: backupTarget,
    discoveredPrimaryOk: before.discoveredPrimaryOk && primaryTarget === before.discoveredPrimaryTarget,
    discoveredBackupOk: before.discoveredBackupOk && backupTarget === before.discoveredBackupTarget,
  };
  return {
    ...base,
    routing,
    // Without an intent, a domain in doubt may have been changed by tranche itself.
    drift:
      landed === undefined && (before.readAtMs !== null || domain.openIntents.length > 0)
        ? (driftOf(weightsByType(before.records), weightsByType(records)) ?? driftOfMembers(remembered, knownMembers, members, live[0]))
        : null,
    resolved: domain.openIntents.flatMap((intent): RoundDecisions["resolved"] => {
      if (intent === landed) return [{ id: intent.id, result: "accepted" }];
      return isSpent(intent, live, nowMs) ? [{ id: intent.id, result: "superseded" }] : [];
    }),
  };
};

/** How often health that affects the answers is read while a name is on its backup. */
const watchMs = 60_000;

const isWatched = ({ routing }: RoundDomain): boolean =>
  (routing?.movedAtMs ?? null) !== null && Object.keys(routing?.surroundings?.health ?? {}).length > 0;

/**
 * The names whose live pair is to be read: never read, marked to be read again, stale, or left in doubt by a crash.
 * An unverified claim is not read: it must not reveal anybody's records. Those in doubt come first, then the oldest; zone
 * by zone among equals, as a zone is read at once.
 */
export const dueNames = (services: readonly RoundService[], driftCheckMs: number, nowMs: number): readonly string[] => {
  const age = ({ routing, openIntents }: RoundDomain): number =>
    openIntents.length > 0 || (routing?.readAtMs ?? null) === null ? Infinity : nowMs - (routing?.readAtMs ?? 0);
  const due = services
    .flatMap((service) => service.domains.map((domain) => ({ domain, ageMs: age(domain) })))
    .filter(({ domain, ageMs }) => domain.verified && ageMs >= (isWatched(domain) ? Math.min(watchMs, driftCheckMs) : driftCheckMs))
    .map(({ domain: { name }, ageMs }) => ({ name, ageMs, place: name.split(".").toReversed().join(".") }))
    .sort((a, b) => (a.ageMs === b.ageMs ? (a.place < b.place ? -1 : Number(a.place > b.place)) : b.ageMs - a.ageMs));
  return [...new Set(due.map(({ name }) => name))];
};

/** The verified owner of each name: of several claims only one is verified. */
export const ownersOf = (services: readonly RoundService[]): ReadonlyMap<string, number> =>
  new Map(
    services.flatMap(({ customerId, domains }) =>
      domains.flatMap(({ name, verified }): [string, number][] => (verified ? [[name, customerId]] : [])),
    ),
  );

/** In which zone each name was found: used until disproven. */
export const zoneIdsOf = (services: readonly RoundService[]): ReadonlyMap<string, string> =>
  new Map(
    services.flatMap(({ domains }) =>
      domains.flatMap(({ name, verified, routing }): [string, string][] => {
        const zoneId = routing?.zoneId ?? null;
        return verified && zoneId !== null ? [[name, zoneId]] : [];
      }),
    ),
  );

/** Applies readings to the domains as known now. */
export const digestReadings = (services: readonly RoundService[], readings: ReadonlyMap<string, NameReading>): readonly DomainReading[] =>
  services.flatMap((service) =>
    service.domains.flatMap((domain): DomainReading[] => {
      const found = domain.verified ? readings.get(domain.name) : undefined;
      return found === undefined ? [] : [digest(service, domain, found.reading, found.atMs)];
    }),
  );
