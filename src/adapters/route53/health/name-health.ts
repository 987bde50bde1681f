import type { CheckStatus } from "../../../domain/steering/dns-answers.ts";
import { aliasKey, healthKeys } from "../../../domain/steering/dns-answers.ts";
import type { PairReading, Surroundings } from "../../ports/steering/dns.ts";
import type { CheckStatuses } from "./check-status.ts";
import type { RecordSet, Zone } from "../api/messages.ts";
import { canonicalName } from "../names.ts";
import { withSurroundings } from "../pair.ts";
import type { Call } from "../api/send.ts";
import type { ReadAt } from "../serving.ts";

/** The health of an alias's target within its zone: healthy where any of the target's records is. */
const targetHealth = (sets: readonly RecordSet[], health: Surroundings["health"]): CheckStatus => {
  const each = sets.map((set) => healthKeys(set).map((key) => health[key] ?? "unknown"));
  if (each.length === 0 || each.some((states) => states.every((status) => status === "healthy")))
    return each.length === 0 ? "unknown" : "healthy";
  return each.every((states) => states.includes("unhealthy")) ? "unhealthy" : "unknown";
};

/** A name with the zone that it was found in. */
export type ReadName = { readonly name: string; readonly zone: Zone; readonly reading: PairReading };

/** The in-zone targets of a pair's aliases that evaluate target health. */
const evaluatedTargets = async (at: ReadAt, { zone, reading }: ReadName): Promise<ReadonlyMap<string, readonly RecordSet[]>> => {
  const targets = new Map<string, readonly RecordSet[]>();
  if (reading.status !== "found") return targets;
  for (const { type, alias } of reading.records) {
    if (alias?.evaluateTargetHealth !== true || alias.hostedZoneId !== zone.id) continue;
    const sets = await at(zone, canonicalName(alias.dnsName)).catch(() => []);
    targets.set(
      aliasKey(alias.dnsName),
      sets.filter((set) => set.type === type),
    );
  }
  return targets;
};

/**
 * Adds the status of health checks and evaluated targets to readings, queried only where there are any, for all names
 * together: useful, but with lower priority than the records themselves.
 */
export const withHealth = async (
  call: Call,
  statuses: CheckStatuses,
  at: ReadAt,
  read: readonly ReadName[],
): Promise<readonly ReadName[]> => {
  const wanting = read.filter(({ reading }) => reading.status === "found" && Object.keys(reading.surroundings?.health ?? {}).length > 0);
  if (wanting.length === 0) return read;
  const targets = new Map<ReadName, ReadonlyMap<string, readonly RecordSet[]>>();
  for (const one of wanting) targets.set(one, await evaluatedTargets(at, one));
  const checksOf = (one: ReadName): readonly string[] => {
    const keys = one.reading.status === "found" ? Object.keys(one.reading.surroundings?.health ?? {}) : [];
    return [
      ...keys.filter((key) => !key.startsWith("alias ")),
      ...[...(targets.get(one)?.values() ?? [])].flat().flatMap(({ healthCheckId }) => healthCheckId ?? []),
    ];
  };
  const { health, dangling } = await statuses.read(call, wanting.flatMap(checksOf));
  return read.map((one) => {
    const [{ reading }, checks] = [one, targets.has(one) ? checksOf(one) : []];
    if (!targets.has(one) || reading.status !== "found") return one;
    const own = Object.fromEntries(checks.map((id) => [id, health[id] ?? "unknown"] as const));
    const evaluated = Object.fromEntries([...(targets.get(one) ?? [])].map(([key, sets]) => [key, targetHealth(sets, health)] as const));
    const more = {
      health: { ...reading.surroundings?.health, ...own, ...evaluated },
      dangling: dangling.filter((id) => checks.includes(id)),
    };
    return { ...one, reading: withSurroundings(reading, more) };
  });
};
