import type { Intent, RoundDecisions, RoundService, ShardView } from "../adapters/ports/round.ts";
import type { Health } from "../domain/health.ts";
import type { Desired, SteeredDomain } from "../domain/steering.ts";
import { desired, equalLatches, equalWeights, inForce, plan, weightsFor } from "../domain/steering.ts";
import type { DriftDecisions } from "./drift.ts";
import { controlDrift } from "./drift.ts";
import type { Judged } from "./judge.ts";
import { hasPath, isMonitorOnly } from "./paths.ts";
import type { DomainReading } from "./records.ts";
import { liveWeights } from "./records.ts";

const allUp = (healths: readonly Health[]): Health => {
  if (healths.length === 0) return "unknown";
  return healths.every((health) => health === "up") ? "up" : healths.includes("down") ? "down" : "unknown";
};

/** Where a service in shadow mode stands by its own decisions: its records never move. Null: nothing was decided yet. */
const shadowPosition = (service: RoundService): Desired["target"] | null => {
  const name = service.shadow ? (service.routing?.shadowTarget ?? null) : null;
  if (name === null) return null;
  return name === "backup" ? { kind: "backup" } : { kind: "normal", percent: Number(name.slice("normal/".length)) };
};

const targetName = (target: Desired["target"]): string | null =>
  target.kind === "hold" ? null : target.kind === "backup" ? "backup" : `normal/${target.percent}`;

type Steered = Pick<DriftDecisions, "drifts" | "contests"> & {
  readonly routing: RoundDecisions["services"][number] | null;
  readonly intents: readonly Intent[];
};

/** What stands of a service that nobody steers: weights stay as they are, whatever was decided before. */
const unsteered = ({ serviceId, routing: before }: RoundService): Steered["routing"] =>
  before === null || (before.state === "held" && before.reason === "monitor_only") ? null : { ...before, serviceId, state: "held", reason: "monitor_only" };

/** Where a service should point, and the switches that take it there. An operator's word counts where tranche has none to say. */
export const steer = (
  service: RoundService,
  judged: readonly Judged[],
  readings: ReadonlyMap<number, DomainReading>,
  freeze: ShardView["freeze"],
  nowMs: number,
): Steered => {
  const isOrdered = service.override !== null && inForce(service.override, nowMs);
  if (isMonitorOnly(service) && !isOrdered) {
    const { drifts, contests } = controlDrift(service, null, [], [], readings, nowMs);
    return { routing: unsteered(service), intents: [], drifts, contests };
  }
  const position = shadowPosition(service);
  const domains = service.domains.map((domain): Omit<SteeredDomain, "mayMove"> & { readonly probed: boolean } => {
    const routing = readings.get(domain.domainId)?.routing ?? domain.routing;
    const live = liveWeights(routing?.records ?? null);
    const { domainId, normal, verified } = domain;
    const probed = hasPath(domain, "backup");
    const shadowed = position === null || !probed ? null : weightsFor(position, normal);
    if (shadowed === null || position === null) return { domainId, normal, verified, probed, live, moved: (routing?.movedAtMs ?? null) !== null };
    const moved = position.kind === "backup" || (position.kind === "normal" && position.percent < 100);
    return { domainId, normal, verified, probed, live: live.map(() => shadowed), moved };
  });
  const decision = desired({
    freeze,
    override: service.override,
    storms: judged.flatMap(({ storm }) => storm ?? []),
    primary: allUp(judged.map(({ primary }) => primary)),
    backup: allUp(judged.map(({ backup }) => backup)),
    availability: judged.find(({ policy }) => policy.kind === "http_availability") ?? null,
    movedToBackup: domains.some(({ moved }) => moved),
    latch: service.routing?.latch ?? null,
    failback: service.routing?.failback ?? null,
    failbackSteps: service.failbackSteps,
    failbackStepSeconds: service.failbackStepSeconds,
    nowMs,
  });
  const { target, state, reason, latch, failback } = decision;
  const planned = plan(domains.map((domain) => ({ ...domain, mayMove: domain.probed || reason === "override" })), target);
  const { changes, drifts, contests } = controlDrift(service, decision, domains, planned, readings, nowMs);
  const shadowTarget = service.shadow ? (targetName(target) ?? service.routing?.shadowTarget ?? null) : null;
  const before = service.routing;
  const same =
    before !== null && before.state === state && before.reason === reason && before.shadowTarget === shadowTarget &&
    equalLatches(before.latch, latch) &&
    before.failback?.step === failback?.step && before.failback?.sinceMs === failback?.sinceMs;
  return {
    drifts,
    contests,
    routing: same ? null : { serviceId: service.serviceId, state, reason, latch, failback, shadowTarget },
    intents: changes.map(({ domainId, from, to }) => {
      // Back to what stood there before somebody changed it; anything else is a decision of its own.
      const drift = readings.get(domainId)?.drift ?? null;
      const drifted = drift !== null && equalWeights(to, drift.previous);
      return {
        serviceId: service.serviceId,
        domainId,
        from,
        to,
        reason: drifted ? "drift" : reason,
        actor: service.override !== null && reason === "override" && !drifted ? service.override.actor : "tranche",
        result: service.shadow ? "shadow" : "intent",
      };
    }),
  };
};
