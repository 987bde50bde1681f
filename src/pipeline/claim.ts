import type { DomainRouting, Intent, RoundDecisions, RoundDomain, RoundService, Unreached } from "../adapters/ports/round.ts";
import { reachOf } from "../domain/backup-reach.ts";
import { stormWeights } from "../domain/steering.ts";
import type { DomainReading } from "./records.ts";
import { liveWeights, withWeights } from "./records.ts";

type Routing = RoundDecisions["services"][number];

const obstacleOf = (domain: RoundDomain, routing: DomainRouting | null, intent: Intent | undefined): Pick<Unreached, "reason" | "detail" | "moved"> | null => {
  const records = routing?.records ?? null;
  if (records === null) {
    const isRead = (routing?.readAtMs ?? null) !== null;
    return { reason: isRead ? "unprovisioned" : "unread", detail: routing?.lastError ?? "its records have not been read", moved: false };
  }
  // What failed just now is not taken for made because it is tried again.
  const standing = intent === undefined || domain.failedAttempts.length > 0 ? records : withWeights(records, intent.to);
  const around = routing?.surroundings ?? null;
  const { obstacle } = reachOf("backup", [...standing, ...(around?.neighbours ?? [])], around?.health ?? {});
  if (obstacle === null) return null;
  const moved = liveWeights(standing).some(({ primary, backup }) => primary === stormWeights.primary && backup > 0);
  if (obstacle.reason !== "weights" || moved) return { ...obstacle, moved };
  // Nothing is under way that would change its weights: why not is said where it is known.
  if (domain.contestedAtMs !== null) return { ...obstacle, reason: "contested", moved };
  return { ...obstacle, reason: domain.failedAttempts.length > 0 || domain.openIntents.length > 0 ? "switch_failed" : "weights", moved };
};

/**
 * `shifted` is a claim about visitors, not about weights (semantics §6): what is said of a service whose visitors are not all
 * expected at the backup after this round's switches is `partial`, or where nothing moves, `held`; with the reason.
 * @param intents the switches that this round makes
 */
export const claimFor = (
  service: RoundService, routing: Routing, readings: ReadonlyMap<number, DomainReading>, intents: readonly Intent[],
): { readonly routing: Routing; readonly unreached: readonly Unreached[] } => {
  if (routing.state !== "shifted" || service.shadow) return { routing, unreached: [] };
  // Nobody's word can move a name that is not proven: of it nothing is claimed, unless there is no other.
  const proven = service.domains.filter(({ verified }) => verified);
  if (proven.length === 0) return { routing: { ...routing, state: "held", reason: "unverified" }, unreached: [] };
  const unreached = proven.flatMap((domain): Unreached[] => {
    const { domainId, name } = domain;
    const current = readings.get(domainId)?.routing ?? domain.routing;
    const obstacle = obstacleOf(domain, current, intents.find((intent) => intent.domainId === domainId && intent.result === "intent"));
    return obstacle === null ? [] : [{ serviceId: service.serviceId, domainId, name, ...obstacle }];
  });
  const [first] = unreached;
  if (first === undefined) return { routing, unreached };
  const isMoving = unreached.length < proven.length || unreached.some(({ moved }) => moved);
  return { routing: { ...routing, state: isMoving ? "partial" : "held", reason: first.reason }, unreached };
};
