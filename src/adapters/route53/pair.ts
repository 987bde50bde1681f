import { healthKeys } from "../../domain/steering/dns-answers.ts";
import type { Neighbour, PairReading, Surroundings, WeightedRecord } from "../ports/steering/dns.ts";
import type { RecordSet, Zone } from "./api/messages.ts";

/** The types that steering moves; other records of the name are ignored here. */
const steerable: readonly string[] = ["A", "AAAA", "CNAME"];
export const isSteerable = ({ type }: RecordSet): boolean => steerable.includes(type);
const sides = ["primary", "backup"] as const;
const initialWeight = { primary: 100, backup: 0 } as const;

export type Side = (typeof sides)[number];

/** Which half of a pair a record is by its SetIdentifier, in any case; null where it is neither. */
export const sideOf = (setIdentifier: string | undefined): Side | null =>
  sides.find((side) => side === setIdentifier?.toLowerCase()) ?? null;

const nothingBeside: Surroundings = { neighbours: [], health: {}, dangling: [], leftBehind: [], otherZones: [] };

/** A reading with added surroundings; unchanged where there are none. */
export const withSurroundings = (reading: PairReading, more: Partial<Surroundings>): PairReading => {
  if (reading.status !== "found" || Object.values(more).every((part) => Object.keys(part).length === 0)) return reading;
  return { ...reading, surroundings: { ...(reading.surroundings ?? nothingBeside), ...more } };
};

const answering = ({
  type,
  setIdentifier,
  weight,
  ttl,
  otherPolicy,
  failover,
  values,
  alias,
  healthCheckId,
  trafficPolicyInstanceId,
}: RecordSet): Neighbour => ({
  type,
  ...(setIdentifier !== undefined && { setIdentifier }),
  ...(weight !== undefined && { weight }),
  ...(otherPolicy !== undefined && { otherPolicy }),
  ...(failover !== undefined && { failover }),
  ...(values !== undefined && { values }),
  ...(alias !== undefined && { alias }),
  ...(healthCheckId !== undefined && { healthCheckId }),
  ...(weight !== undefined && ttl !== undefined && { ttl }),
  ...(trafficPolicyInstanceId !== undefined && { owned: true }),
});

/**
 * Judges the record sets of one name: a whole weighted pair for each of its steerable types, or what to create
 * (semantics §7). A type without a whole pair is not steered and does not prevent the others. Weighted neighbours under
 * other identifiers are not changed. The status of health checks and evaluated targets is unknown here: it is queried later.
 */
export const judgePair = (name: string, zone: Zone, recordSets: readonly RecordSet[]): PairReading => {
  const types = steerable.filter((type) => recordSets.some((set) => set.type === type));
  if (types.length === 0) return { status: "unprovisioned", zoneId: zone.id, detail: nothingThere(name, zone) };
  const judged = types.map((type) => {
    const own = recordSets.filter((set) => set.type === type);
    return judgeType(name, type, own);
  });
  const problems = judged.flatMap((one) => one.problem ?? []);
  const records = judged.flatMap((one) => one.records);
  if (records.length === 0) {
    return { status: "unprovisioned", zoneId: zone.id, detail: `zone ${zone.name} (${zone.id}): ${problems.join("; ")}` };
  }
  const steered = new Set(records.map(({ type, setIdentifier }) => `${type}/${setIdentifier}`));
  const neighbours = recordSets
    .filter(({ type, setIdentifier }) => types.includes(type) && !steered.has(`${type}/${setIdentifier ?? ""}`))
    .map(answering);
  const keys = [...records, ...neighbours].flatMap(healthKeys);
  const health = Object.fromEntries(keys.map((key) => [key, "unknown"] as const));
  return withSurroundings({ status: "found", zoneId: zone.id, records }, { neighbours, health, leftBehind: problems });
};

const nothingThere = (name: string, zone: Zone): string => {
  const type = name === zone.name ? "A or AAAA (alias; an apex takes no CNAME)" : "CNAME (or A, AAAA, alias)";
  return (
    `zone ${zone.name} (${zone.id}) has no CNAME, A or AAAA record for ${name}: create two weighted record sets of ` +
    `that name and of type ${type}, ${wanted("primary")} and ${wanted("backup")}, both with one TTL of at most 60 s`
  );
};

const wanted = (side: Side): string => `SetIdentifier "${side}" with weight ${initialWeight[side]}`;

type Judgement = { readonly records: readonly WeightedRecord[]; readonly problem?: string };

const judgeType = (name: string, type: string, sets: readonly RecordSet[]): Judgement => {
  const problem = (text: string): Judgement => ({ records: [], problem: text });
  const unweighted = sets.find((set) => set.weight === undefined);
  if (unweighted !== undefined) {
    const routing = unweighted.otherPolicy === undefined ? "simple" : unweighted.otherPolicy;
    return problem(
      `${name} ${type} is routed ${routing}, not weighted: replace it by two weighted ${type} record sets, ` +
        `${wanted("primary")} and ${wanted("backup")}`,
    );
  }
  const halves = sides.map((side) => ({ side, sets: sets.filter((set) => sideOf(set.setIdentifier) === side) }));
  const crowded = halves.find((half) => half.sets.length > 1);
  if (crowded !== undefined) {
    const names = crowded.sets.map((set) => `"${set.setIdentifier}"`).join(" and ");
    return problem(`${name} ${type} has ${names}, which both mean ${crowded.side}: delete all but one`);
  }
  const missing = halves.filter((half) => half.sets.length === 0);
  if (missing.length > 0) {
    const other = halves.find((half) => half.sets.length > 0)?.sets[0];
    const ttl = other?.ttl === undefined ? "" : ` and TTL ${other.ttl}`;
    return problem(missing.map(({ side }) => `create ${name} ${type}, weighted, ${wanted(side)}${ttl}`).join("; "));
  }
  const records = halves.flatMap((half) => half.sets);
  const owned = records.find((set) => set.trafficPolicyInstanceId !== undefined);
  if (owned !== undefined) {
    return problem(
      `${name} ${type} belongs to traffic policy instance ${owned.trafficPolicyInstanceId}, whose records Route 53 ` +
        `does not let anybody change: replace it by plain weighted records`,
    );
  }
  return { records: records.flatMap(toWeighted) };
};

const toWeighted = (set: RecordSet): readonly WeightedRecord[] => {
  const { name, type, setIdentifier, weight, ttl, values, alias, healthCheckId } = set;
  if (setIdentifier === undefined || weight === undefined) return [];
  return [
    {
      name,
      type,
      setIdentifier,
      weight,
      ...(ttl !== undefined && { ttl }),
      ...(values !== undefined && { values }),
      ...(alias !== undefined && { alias }),
      ...(healthCheckId !== undefined && { healthCheckId }),
    },
  ];
};
