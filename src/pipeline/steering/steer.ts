import type { Intent, RoundDecisions } from "../../adapters/ports/detection/round.ts";
import type { DomainRouting, RoundDomain, RoundService, ShardView } from "../../adapters/ports/detection/round-view.ts";
import type { Member } from "../../domain/steering/group.ts";
import { withOwn } from "../../domain/steering/group.ts";
import type { Health } from "../../domain/detection/health.ts";
import type { Desired, SteeredDomain } from "../../domain/steering/steering.ts";
import { desired, equalLatches, equalWeights, inForce, plan, weightsFor } from "../../domain/steering/steering.ts";
import type { DriftDecisions } from "./drift.ts";
import { controlDrift } from "./drift.ts";
import type { Judged } from "../detection/judge-policy.ts";
import { membersOf } from "./members.ts";
import { hasPath, isMonitorOnly } from "../detection/paths.ts";
import type { DomainReading } from "./live-records.ts";
import { liveWeights } from "./live-records.ts";

const allUp = (healths: readonly Health[]): Health => {
  if (healths.length === 0) return "unknown";
  return healths.every((health) => health === "up") ? "up" : healths.includes("down") ? "down" : "unknown";
};

/**
 * Whether the backup would answer in a storm, by the policy of availability where there is one; null: that is not known now, and
 * what was known before stands, as long as there is a policy to know it by.
 */
const backupNow = (judged: readonly Judged[]): "up" | "down" | null => {
  const ofAvailability = judged.filter(({ policy }) => policy.kind === "http_availability");
  const health = allUp((ofAvailability.length > 0 ? ofAvailability : judged).map(({ backup }) => backup));
  return health === "unknown" ? null : health;
};

/** The simulated position of a service in shadow mode, whose records never move. Null: nothing was decided yet. */
const shadowPosition = (service: RoundService): Desired["target"] | null => {
  const name = service.shadow ? (service.routing?.shadowTarget ?? null) : null;
  if (name === null) return null;
  return name === "backup" ? { kind: "backup" } : { kind: "normal", percent: Number(name.slice("normal/".length)) };
};

const targetName = (target: Desired["target"]): string | null =>
  target.kind === "hold" ? null : target.kind === "backup" ? "backup" : `normal/${target.percent}`;

type Steered = Pick<DriftDecisions, "drifts" | "contests"> & {
  /** The service's routing now, changed or not; null: as before. */
  readonly routing: RoundDecisions["services"][number] | null;
  readonly intents: readonly Intent[];
};

/** What a missing proof still allows: a manual switch requires a valid one. */
const allowedOf = ({ proof }: RoundDomain, isOrdered: boolean): Pick<SteeredDomain, "allowed"> => {
  if (proof?.refused === true) return { allowed: "nothing" };
  return proof?.held === true || (proof?.lapsed === true && isOrdered) ? { allowed: "back" } : {};
};

/** The sum of the weights of the name's other weighted records, for the type with most of them. */
const weightBeside = (routing: DomainRouting | null, members: readonly Member[] = []): number => {
  const steeredToo = new Set(members.map(({ type, setIdentifier }) => `${type}/${setIdentifier}`));
  const others = (routing?.surroundings?.neighbours ?? []).filter(
    ({ type, setIdentifier = "" }) => !steeredToo.has(`${type}/${setIdentifier}`),
  );
  const byType = Map.groupBy(others, ({ type }) => type);
  const steered = new Set((routing?.records ?? []).map(({ type }) => type));
  return Math.max(
    0,
    ...[...byType].flatMap(([type, own]) => (steered.has(type) ? own.reduce((sum, { weight = 0 }) => sum + weight, 0) : [])),
  );
};

/** The group that is steered with a pair: where its owner opts in, and afterwards until every member has its own weight again. */
const groupOf = ({ steerGroup }: RoundDomain, routing: DomainRouting | null): Pick<SteeredDomain, "group" | "foreign"> => {
  const remembered = routing?.group ?? null;
  const members = !steerGroup && remembered === null ? [] : membersOf(routing);
  const foreign = weightBeside(routing, members);
  return members.length === 0 ? { foreign } : { foreign, group: { members: withOwn(members, remembered), toZero: steerGroup } };
};

/** The routing of a service to be stored; null: unchanged. */
export const changedRouting = (
  before: RoundService["routing"],
  after: RoundDecisions["services"][number],
): RoundDecisions["services"][number] | null => {
  const same =
    before !== null &&
    before.state === after.state &&
    before.reason === after.reason &&
    before.shadowTarget === after.shadowTarget &&
    equalLatches(before.latch, after.latch) &&
    (before.backupHealth ?? null) === (after.backupHealth ?? null) &&
    before.failback?.step === after.failback?.step &&
    before.failback?.sinceMs === after.failback?.sinceMs;
  return same ? null : after;
};

/** The routing of an unsteered service: weights stay as they are, whatever was decided before. */
const unsteered = ({ serviceId, routing: before }: RoundService): Steered["routing"] =>
  before === null || (before.state === "held" && before.reason === "monitor_only")
    ? null
    : { ...before, serviceId, state: "held", reason: "monitor_only", backupHealth: null };

/** Where a service should point, and the switches to get there. An override also applies to a monitor-only service. */
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
  const domains = service.domains.map((domain): Omit<SteeredDomain, "mayMove"> & { readonly probed: boolean; readonly beside: number } => {
    const routing = readings.get(domain.domainId)?.routing ?? domain.routing;
    const live = liveWeights(routing?.records ?? null);
    const { domainId, normal, verified } = domain;
    const allowed = allowedOf(domain, isOrdered);
    const probed = hasPath(domain, "backup");
    const shadowed = position === null || !probed ? null : weightsFor(position, normal);
    if (shadowed === null || position === null) {
      // In shadow mode nothing is changed, and switches of a group are not simulated.
      const group = service.shadow ? { foreign: weightBeside(routing) } : groupOf(domain, routing);
      return {
        domainId,
        normal,
        verified,
        ...allowed,
        probed,
        live,
        ...group,
        beside: weightBeside(routing),
        moved: (routing?.movedAtMs ?? null) !== null,
      };
    }
    const moved = position.kind === "backup" || (position.kind === "normal" && position.percent < 100);
    return { domainId, normal, verified, ...allowed, probed, live: live.map(() => shadowed), beside: 0, moved };
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
  const backupHealth = judged.length === 0 ? null : (backupNow(judged) ?? service.routing?.backupHealth ?? null);
  const isIdle = ({ live, beside }: (typeof domains)[number]): boolean =>
    reason !== "override" && beside > 0 && live.length > 0 && live.every(({ primary, backup }) => primary + backup === 0);
  const planned = plan(
    domains.map((domain) => ({ ...domain, mayMove: domain.probed || reason === "override", idle: isIdle(domain) })),
    target,
  );
  const { changes, drifts, contests } = controlDrift(service, decision, domains, planned, readings, nowMs);
  const shadowTarget = service.shadow ? (targetName(target) ?? service.routing?.shadowTarget ?? null) : null;
  return {
    drifts,
    contests,
    routing: { serviceId: service.serviceId, state, reason, latch, failback, shadowTarget, backupHealth },
    intents: changes.map(({ domainId, from, to, members }) => {
      // Restores the weights from before the change; anything else is a decision of its own.
      const drift = readings.get(domainId)?.drift ?? null;
      const drifted = drift !== null && equalWeights(to, drift.previous);
      return {
        serviceId: service.serviceId,
        domainId,
        from,
        to,
        ...(members !== undefined && { members }),
        reason: drifted ? "drift" : reason,
        actor: service.override !== null && reason === "override" && !drifted ? service.override.actor : "tranche",
        result: service.shadow ? "shadow" : "intent",
      };
    }),
  };
};
