import type { FailedSwitch, Intent, RoundDecisions, Unreached } from "../../adapters/ports/detection/round.ts";
import type { DomainRouting, RoundDomain, RoundService, ShardView } from "../../adapters/ports/detection/round-view.ts";
import { reachOf } from "../../domain/steering/backup-reach.ts";
import { stormWeights } from "../../domain/steering/steering.ts";
import { surroundingsAfter } from "./members.ts";
import type { DomainReading } from "./live-records.ts";
import { liveWeights, withWeights } from "./live-records.ts";

type Routing = RoundDecisions["services"][number];

/** Reasons of switches that were wanted before and not made. */
const unmadeReasons: readonly string[] = ["switch_failed", "weights"];

/** A switch counts as made in the round that first wants it only: one that is still wanted was not made. */
const isRepeated = ({ routing }: RoundService): boolean =>
  routing?.state === "shifted" || routing?.state === "partial" || unmadeReasons.includes(routing?.reason ?? "");

const obstacleOf = (
  domain: RoundDomain,
  routing: DomainRouting | null,
  intent: Intent | undefined,
): Pick<Unreached, "reason" | "detail" | "moved"> | null => {
  const records = routing?.records ?? null;
  if (records === null) {
    const isRead = (routing?.readAtMs ?? null) !== null;
    return { reason: isRead ? "unprovisioned" : "unread", detail: routing?.lastError ?? "its records have not been read", moved: false };
  }
  const failed = domain.failedAttempts.length > 0 || domain.openIntents.length > 0;
  const standing = intent === undefined || failed ? records : withWeights(records, intent.to);
  const around =
    routing === null
      ? null
      : { ...routing.surroundings, ...(intent === undefined || failed ? {} : surroundingsAfter(routing, intent.members).surroundings) };
  const { obstacle } = reachOf("backup", [...standing, ...(around?.neighbours ?? [])], around?.health ?? {});
  if (obstacle === null) return null;
  const moved = liveWeights(standing).some(({ primary, backup }) => primary === stormWeights.primary && backup > 0);
  if (obstacle.reason !== "weights" || moved) return { ...obstacle, moved };
  // No switch would change its weights: the reason is given where known.
  if (intent === undefined && domain.proof != null && (domain.proof.held || domain.proof.lapsed || domain.proof.refused === true))
    return { ...obstacle, reason: "proof_lapsed", moved };
  if (domain.contestedAtMs !== null) return { ...obstacle, reason: "contested", moved };
  return { ...obstacle, reason: failed || routing?.lastError != null ? "switch_failed" : "weights", moved };
};

/**
 * `shifted` is a claim about visitors, not about weights (semantics §6): a service whose visitors are not all
 * expected at the backup after this round's switches is `partial`, or where nothing moves, `held`; with the reason.
 * @param intents the switches that this round makes
 */
export const claimFor = (
  service: RoundService,
  routing: Routing,
  readings: ReadonlyMap<number, DomainReading>,
  intents: readonly Intent[],
): { readonly routing: Routing; readonly unreached: readonly Unreached[] } => {
  // Nor is it back to normal while the failback is refused.
  const isStuck = service.domains.some(
    ({ domainId, verified, failedAttempts, routing: known }) =>
      verified && failedAttempts.length > 0 && ((readings.get(domainId)?.routing ?? known)?.movedAtMs ?? null) !== null,
  );
  if (routing.state === "normal" && isStuck && !service.shadow)
    return { routing: { ...routing, state: "held", reason: "switch_failed" }, unreached: [] };
  if (routing.state !== "shifted" || service.shadow) return { routing, unreached: [] };
  // An unproven name is never moved: it is ignored, unless there is no other.
  const proven = service.domains.filter(({ verified }) => verified);
  if (proven.length === 0) return { routing: { ...routing, state: "held", reason: "unverified" }, unreached: [] };
  const unreached = proven.flatMap((domain): Unreached[] => {
    const { domainId, name } = domain;
    const current = readings.get(domainId)?.routing ?? domain.routing;
    const intent = isRepeated(service) ? undefined : intents.find((one) => one.domainId === domainId && one.result === "intent");
    const obstacle = obstacleOf(domain, current, intent);
    return obstacle === null ? [] : [{ serviceId: service.serviceId, domainId, name, ...obstacle }];
  });
  const [first] = unreached;
  if (first === undefined) return { routing, unreached };
  const isMoving = unreached.length < proven.length || unreached.some(({ moved }) => moved);
  return { routing: { ...routing, state: isMoving ? "partial" : "held", reason: first.reason }, unreached };
};

/** Domains whose switch failed after their service was claimed to be on its backup. */
export const unmadeClaims = (
  { services }: ShardView,
  decisions: RoundDecisions,
  failures: readonly FailedSwitch[],
): readonly Unreached[] => {
  if (failures.length === 0) return [];
  const failed = new Map(failures.map(({ domainId, lastError }) => [domainId, lastError]));
  const decided = new Map(decisions.services.map((routing) => [routing.serviceId, routing.state]));
  const claimed = services.filter(({ serviceId, routing }) => (decided.get(serviceId) ?? routing?.state) === "shifted");
  return claimed.flatMap(({ serviceId, domains }) =>
    domains.flatMap(({ domainId, name }): Unreached[] => {
      const detail = failed.get(domainId);
      return detail === undefined ? [] : [{ serviceId, domainId, name, reason: "switch_failed", detail, moved: false }];
    }),
  );
};
