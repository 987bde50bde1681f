import type { PairReading } from "../ports/steering/dns.ts";
import type { CheckStatuses } from "./health/check-status.ts";
import { cutsOf, delegationOf, unnamed } from "./delegations.ts";
import { describe, failureOf, isUnsent } from "./api/error.ts";
import type { RecordSet, Zone } from "./api/messages.ts";
import { createLimit } from "./api/limit.ts";
import { type ReadName, withHealth } from "./health/name-health.ts";
import { judgePair, withSurroundings } from "./pair.ts";
import { readName, readNames } from "./records.ts";
import type { Call } from "./api/send.ts";
import { type ReadAt, type Serving, servingZone } from "./serving.ts";
import type { ZoneDirectory } from "./zones.ts";

/** Names, or zones that are walked, that are read at once. */
const sideBySide = 3;
/** With more names than this in one zone, listing the zone takes fewer requests than reading each. */
const walkAbove = 20;

type Readings = ReadonlyMap<string, PairReading>;

/** The sources of a reading besides the records. */
export type Sources = { readonly directory: ZoneDirectory; readonly statuses: CheckStatuses };

/** Reads every name in a zone once. Data of one call only: see `createLimit`. */
export const readOnce = (call: Call): ReadAt => {
  const asked = new Map<string, Promise<readonly RecordSet[]>>();
  return async (zone, name) => {
    const key = `${zone.id}/${name}`;
    const reading = asked.get(key) ?? readName(call, zone, name);
    asked.set(key, reading);
    return await reading;
  };
};

/**
 * Reads the pairs of canonical names, each once; names for which there was no time are absent. Never throws.
 * @param askHealth for optional facts, skipped where there is no time
 * @param zoneIds where names were found before; such a name is read although the account's zones cannot be listed
 */
export const readPairs = async (
  call: Call,
  askHealth: Call,
  { directory, statuses }: Sources,
  names: readonly string[],
  zoneIds: ReadonlyMap<string, string>,
): Promise<Readings> => {
  /** @returns null where nothing was sent, and so nothing is known */
  const failed = (thrown: unknown): PairReading | null => {
    const failure = failureOf(thrown);
    if (isUnsent(failure)) return null;
    if (failure.code === "NoSuchHostedZone") directory.forget();
    // The zone may have changed: retried, beginning with the list of zones.
    const retryable = failure.retryable || failure.code === "NoSuchHostedZone";
    return { status: "error", detail: describe(failure), retryable };
  };
  const at = readOnce(call);
  const inTurn = createLimit(sideBySide);
  const readings = new Map<string, PairReading>();
  const note = (name: string, reading: PairReading | null): void => void (reading === null ? undefined : readings.set(name, reading));

  const { zones, problem } = await zonesOf(
    call,
    directory,
    names.every((name) => zoneIds.has(name)),
  );
  const servingOf = async (name: string): Promise<Serving | null> => {
    const knownId = zoneIds.get(name) ?? null;
    const known = zones ?? directory.lastKnown();
    try {
      if (known !== null && (zones !== null || knownId !== null)) return await servingZone(known, name, knownId, at);
      if (knownId !== null) return { zone: { id: knownId, name: unnamed, isPrivate: false }, others: [] };
      note(name, failed(problem));
    } catch (thrown) {
      note(name, failed(thrown));
    }
    return null;
  };

  /** Without a list of the zones, a pair missing from its known zone may mean that another zone serves it. */
  const doubted = (reading: PairReading): PairReading | null =>
    zones === null && reading.status === "unprovisioned" ? failed(problem) : reading;

  const read: ReadName[] = [];
  const found = (
    name: string,
    { zone, others }: Extract<Serving, { zone: Zone }>,
    setsAt: (name: string) => readonly RecordSet[],
  ): void => {
    const judged = doubted(withSurroundings(judge(name, zone, setsAt), { otherZones: others }));
    note(name, judged);
    if (judged !== null) read.push({ name, zone, reading: judged });
  };

  const served = new Map<string, { readonly zone: Zone; readonly names: Map<string, Extract<Serving, { zone: Zone }>> }>();
  const placing = names.map((name) =>
    inTurn(async () => {
      const serving = await servingOf(name);
      if (serving === null) return;
      if ("detail" in serving) return note(name, { status: "unprovisioned", zoneId: null, detail: serving.detail });
      const own = served.get(serving.zone.id) ?? { zone: serving.zone, names: new Map() };
      served.set(serving.zone.id, own);
      own.names.set(name, serving);
    }),
  );
  await Promise.all(placing);

  const readWalking = async (zone: Zone, own: ReadonlyMap<string, Extract<Serving, { zone: Zone }>>): Promise<void> => {
    try {
      const sets = await readNames(call, zone, new Set([...own.keys()].flatMap((name) => [name, ...cutsOf(zone, name)])));
      for (const [name, serving] of own) found(name, serving, (one) => sets.get(one) ?? []);
    } catch (thrown) {
      for (const name of own.keys()) note(name, failed(thrown));
    }
  };
  const readSingly = async (name: string, serving: Extract<Serving, { zone: Zone }>): Promise<void> => {
    try {
      const sets = new Map<string, readonly RecordSet[]>();
      for (const one of new Set([...cutsOf(serving.zone, name), name])) sets.set(one, await at(serving.zone, one));
      found(name, serving, (one) => sets.get(one) ?? []);
    } catch (thrown) {
      note(name, failed(thrown));
    }
  };

  // Sequentially, a few in parallel: where there is no time for all, some are read completely rather than all begun.
  await Promise.all(
    [...served.values()].flatMap(({ zone, names: own }) =>
      own.size > walkAbove
        ? [inTurn(async () => await readWalking(zone, own))]
        : [...own].map(([name, serving]) => inTurn(async () => await readSingly(name, serving))),
    ),
  );
  for (const { name, reading } of await withHealth(askHealth, statuses, readOnce(askHealth), read)) readings.set(name, reading);
  return readings;
};

/** The account's zones; null where they cannot be listed, or that has just failed. */
const zonesOf = async (
  call: Call,
  directory: ZoneDirectory,
  dispensable: boolean,
): Promise<{ readonly zones: readonly Zone[] | null; readonly problem: unknown }> => {
  const recent = directory.recentFailure();
  if (dispensable && recent !== null) return { zones: null, problem: recent };
  try {
    return { zones: await directory.zones(call), problem: null };
  } catch (problem) {
    return { zones: null, problem };
  }
};

const judge = (name: string, zone: Zone, at: (name: string) => readonly RecordSet[]): PairReading => {
  const delegated = delegationOf(zone, name, at);
  return delegated === null ? judgePair(name, zone, at(name)) : { status: "unprovisioned", zoneId: null, detail: delegated };
};

/** The zone that serves a canonical name, or why none does. @throws Route53Error */
export const findZone = async (call: Call, directory: ZoneDirectory, name: string): Promise<Serving> => {
  const at = readOnce(call);
  const serving = await servingZone(await directory.zones(call), name, null, at);
  if ("detail" in serving) return serving;
  const found = new Map<string, readonly RecordSet[]>();
  for (const cut of cutsOf(serving.zone, name)) found.set(cut, await at(serving.zone, cut));
  const detail = delegationOf(serving.zone, name, (cut) => found.get(cut) ?? []);
  return detail === null ? serving : { detail };
};
