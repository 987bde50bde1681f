import type { PairReading } from "../ports/dns.ts";
import { cutsOf, delegationOf } from "./delegations.ts";
import { describe, failureOf, isUnsent } from "./error.ts";
import type { RecordSet, Zone } from "./messages.ts";
import { createLimit } from "./limit.ts";
import { judgePair } from "./pair.ts";
import { readName, readNames } from "./records.ts";
import type { Call } from "./send.ts";
import { type ZoneDirectory, zonesServing } from "./zones.ts";

/** Names, or zones that are walked, that are read at once. */
const sideBySide = 3;
/** With more names than this asked of one zone, walking the zone takes fewer requests than asking for each. */
const walkAbove = 20;

type Readings = ReadonlyMap<string, PairReading>;

/** Reads the pairs of canonical names, each once; names for which there was no time are left out. Never throws. */
export const readPairs = async (call: Call, directory: ZoneDirectory, names: readonly string[]): Promise<Readings> => {
  /** @returns null where nothing was sent, and so nothing is known */
  const failed = (thrown: unknown): PairReading | null => {
    const failure = failureOf(thrown);
    if (isUnsent(failure)) return null;
    if (failure.code === "NoSuchHostedZone") directory.forget();
    // The zone may be another one by now: asking again, for the zones first, tells.
    const retryable = failure.retryable || failure.code === "NoSuchHostedZone";
    return { status: "error", detail: describe(failure), retryable };
  };

  const readWalking = async (zone: Zone, own: readonly string[]): Promise<[string, PairReading][]> => {
    try {
      const found = await readNames(call, zone, new Set(own.flatMap((name) => [name, ...cutsOf(zone, name)])));
      return own.map((name) => [name, judge(name, zone, (one) => found.get(one) ?? [])]);
    } catch (thrown) {
      const reading = failed(thrown);
      return reading === null ? [] : own.map((name) => [name, reading]);
    }
  };

  // Names below one label share the question whether it is delegated. Data of this call only: see `createLimit`.
  const asked = new Map<string, Promise<readonly RecordSet[]>>();
  const readOnce = async (zone: Zone, name: string): Promise<readonly RecordSet[]> => {
    const key = `${zone.id}/${name}`;
    const reading = asked.get(key) ?? readName(call, zone, name);
    asked.set(key, reading);
    return await reading;
  };

  const readSingly = async (zone: Zone, name: string): Promise<[string, PairReading][]> => {
    try {
      const found = new Map<string, readonly RecordSet[]>();
      for (const one of new Set([...cutsOf(zone, name), name])) found.set(one, await readOnce(zone, one));
      return [[name, judge(name, zone, (one) => found.get(one) ?? [])]];
    } catch (thrown) {
      const reading = failed(thrown);
      return reading === null ? [] : [[name, reading]];
    }
  };

  let zones: readonly Zone[];
  try {
    zones = await directory.zones(call);
  } catch (thrown) {
    const reading = failed(thrown);
    return new Map(reading === null ? [] : names.map((name) => [name, reading]));
  }

  const readings = new Map<string, PairReading>();
  const namesByZone = new Map<Zone, string[]>();
  for (const name of names) {
    const serving = oneZone(zones, name);
    if ("detail" in serving) {
      readings.set(name, { status: "unprovisioned", zoneId: null, detail: serving.detail });
      continue;
    }
    const { zone } = serving;
    const known = namesByZone.get(zone);
    if (known === undefined) namesByZone.set(zone, [name]);
    else known.push(name);
  }

  // One name after the other, a few side by side: where there is no time for all, some are read whole rather than all begun.
  const inTurn = createLimit(sideBySide);
  const reads = [...namesByZone].flatMap(([zone, own]) =>
    own.length > walkAbove ? [inTurn(async () => await readWalking(zone, own))] : own.map((name) => inTurn(async () => await readSingly(zone, name))),
  );
  for (const [name, reading] of (await Promise.all(reads)).flat()) readings.set(name, reading);
  return readings;
};

type Serving = { readonly zone: Zone } | { readonly detail: string };

const oneZone = (zones: readonly Zone[], name: string): Serving => {
  const serving = zonesServing(zones, name);
  const [zone] = serving;
  return zone === undefined || serving.length > 1 ? { detail: notOneZone(name, serving) } : { zone };
};

const judge = (name: string, zone: Zone, at: (name: string) => readonly RecordSet[]): PairReading => {
  const delegated = delegationOf(zone, name, at);
  return delegated === null ? judgePair(name, zone, at(name)) : { status: "unprovisioned", zoneId: null, detail: delegated };
};

/** The zone that serves a canonical name, or why none does. @throws Route53Error */
export const findZone = async (call: Call, directory: ZoneDirectory, name: string): Promise<Serving> => {
  const serving = oneZone(await directory.zones(call), name);
  if ("detail" in serving) return serving;
  const found = new Map<string, readonly RecordSet[]>();
  for (const cut of cutsOf(serving.zone, name)) found.set(cut, await readName(call, serving.zone, cut));
  const detail = delegationOf(serving.zone, name, (cut) => found.get(cut) ?? []);
  return detail === null ? serving : { detail };
};

const notOneZone = (name: string, serving: readonly Zone[]): string =>
  serving.length === 0
    ? `no public hosted zone of this AWS account holds ${name}: create it, or use the account that has it`
    : `public hosted zones ${serving.map((zone) => zone.id).join(", ")} are all named ${serving[0]?.name} ` +
      `and only one can be delegated: delete the others`;
