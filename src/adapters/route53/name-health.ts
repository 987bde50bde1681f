import type { CheckStatus } from "../../domain/dns-answers.ts";
import { aliasKey, healthKeys } from "../../domain/dns-answers.ts";
import type { PairReading, Surroundings } from "../ports/dns.ts";
import type { CheckStatuses } from "./check-status.ts";
import type { RecordSet, Zone } from "./messages.ts";
import { canonicalName } from "./names.ts";
import { withSurroundings } from "./pair.ts";
import type { Call } from "./send.ts";
import type { ReadAt } from "./serving.ts";

/** The health of what an alias within its zone points at: that of any of its records. */
const targetHealth = (sets: readonly RecordSet[], health: Surroundings["health"]): CheckStatus => {
  const each = sets.map((set) => healthKeys(set).map((key) => health[key] ?? "unknown"));
  if (each.length === 0 || each.some((states) => states.every((status) => status === "healthy"))) return each.length === 0 ? "unknown" : "healthy";
  return each.every((states) => states.includes("unhealthy")) ? "unhealthy" : "unknown";
};

/** The reading with what its health checks and evaluated targets are like, asked only where there are any. */
export const withHealth = async (call: Call, statuses: CheckStatuses, zone: Zone, at: ReadAt, reading: PairReading): Promise<PairReading> => {
  const wanted = reading.status === "found" ? Object.keys(reading.surroundings?.health ?? {}) : [];
  if (reading.status !== "found" || wanted.length === 0) return reading;
  const within = reading.records.filter(({ alias }) => alias?.evaluateTargetHealth === true && alias.hostedZoneId === zone.id);
  const targets = new Map<string, readonly RecordSet[]>();
  for (const { type, alias } of within) {
    if (alias === undefined) continue;
    const sets = await at(zone, canonicalName(alias.dnsName)).catch(() => []);
    targets.set(aliasKey(alias.dnsName), sets.filter((set) => set.type === type));
  }
  const checks = [...wanted.filter((key) => !key.startsWith("alias ")), ...[...targets.values()].flat().flatMap(({ healthCheckId }) => healthCheckId ?? [])];
  const { health, dangling } = await statuses.read(call, checks);
  const evaluated = Object.fromEntries([...targets].map(([key, sets]) => [key, targetHealth(sets, health)] as const));
  return withSurroundings(reading, { health: { ...reading.surroundings?.health, ...health, ...evaluated }, dangling });
};
