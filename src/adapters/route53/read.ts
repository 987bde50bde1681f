import type { PairReading } from "../ports/dns.ts";
import { describe, failureOf } from "./error.ts";
import type { Zone } from "./messages.ts";
import { judgePair } from "./pair.ts";
import { readName, readNames } from "./records.ts";
import type { Call } from "./send.ts";
import { type ZoneDirectory, zonesServing } from "./zones.ts";

/** With more names than this asked of one zone, walking the zone takes fewer requests than asking for each. */
const walkAbove = 20;

type Readings = ReadonlyMap<string, PairReading>;

/** Reads the pairs of canonical names, each once; every name is in the answer. Never throws. */
export const readPairs = async (call: Call, directory: ZoneDirectory, names: readonly string[]): Promise<Readings> => {
  const failed = (thrown: unknown): PairReading => {
    const failure = failureOf(thrown);
    if (failure.code === "NoSuchHostedZone") directory.forget();
    return { status: "error", detail: describe(failure), retryable: failure.retryable };
  };

  const readWalking = async (zone: Zone, own: readonly string[]): Promise<[string, PairReading][]> => {
    try {
      const found = await readNames(call, zone, new Set(own));
      return own.map((name) => [name, judgePair(name, zone, found.get(name) ?? [])]);
    } catch (thrown) {
      const reading = failed(thrown);
      return own.map((name) => [name, reading]);
    }
  };

  const readSingly = async (zone: Zone, name: string): Promise<[string, PairReading][]> => {
    try {
      return [[name, judgePair(name, zone, await readName(call, zone, name))]];
    } catch (thrown) {
      return [[name, failed(thrown)]];
    }
  };

  let zones: readonly Zone[];
  try {
    zones = await directory.zones(call);
  } catch (thrown) {
    const reading = failed(thrown);
    return new Map(names.map((name) => [name, reading]));
  }

  const readings = new Map<string, PairReading>();
  const namesByZone = new Map<Zone, string[]>();
  for (const name of names) {
    const serving = zonesServing(zones, name);
    const [zone] = serving;
    if (zone === undefined || serving.length > 1) {
      readings.set(name, { status: "unprovisioned", zoneId: null, detail: notOneZone(name, serving) });
      continue;
    }
    const known = namesByZone.get(zone);
    if (known === undefined) namesByZone.set(zone, [name]);
    else known.push(name);
  }

  const reads = [...namesByZone].flatMap(([zone, own]) =>
    own.length > walkAbove ? [readWalking(zone, own)] : own.map(async (name) => await readSingly(zone, name)),
  );
  for (const [name, reading] of (await Promise.all(reads)).flat()) readings.set(name, reading);
  return readings;
};

const notOneZone = (name: string, serving: readonly Zone[]): string =>
  serving.length === 0
    ? `no public hosted zone of this AWS account holds ${name}: create it, or use the account that has it`
    : `public hosted zones ${serving.map((zone) => zone.id).join(", ")} are all named ${serving[0]?.name} ` +
      `and only one can be delegated: delete the others`;
