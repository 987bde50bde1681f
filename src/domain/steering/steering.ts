import { hasLapsed } from "../platform/lapse.ts";
import type { Member, StandingMember } from "./group.ts";
import { groupShares } from "./group.ts";
import type { Health } from "../detection/health.ts";

/** Route 53 weights of a pair, 0..255 each. */
export type Weights = { readonly primary: number; readonly backup: number };

export const stormWeights: Weights = { primary: 0, backup: 100 };

export type Override = { readonly mode: "primary" | "backup" | "frozen"; readonly untilMs: number | null };

export type StormKind = "http_availability" | "http_latency";

/** An active storm as steering sees it: the backup is judged by the window and threshold of the storm's own policy. */
export type SteeringStorm = { readonly stormId: number; readonly kind: StormKind; readonly relapses: number; readonly backup: Health };

type Latched = { readonly stormId: number; readonly relapses: number };

/**
 * The latch of rule 2: no second move to the backup for this storm until it relapses or ends. `also`: other storms
 * active then, with the same latch.
 */
export type Latch = Latched & { readonly also?: readonly Latched[] };

/** The progress of a failback: `step` indexes `steps`, entered at `sinceMs`. */
export type FailbackPosition = { readonly step: number; readonly sinceMs: number };

/** An admin's order to everything: to freeze, or, in a panic, to write nothing to any outside system. */
export type Freeze = { readonly untilMs: number | null; readonly panic?: boolean };

export type SteeringInput = {
  /** Takes precedence over every other rule, a service's override included. */
  readonly freeze: Freeze | null;
  readonly override: Override | null;
  readonly storms: readonly SteeringStorm[];
  /** The primary judged by every live policy of the service: up only when all of them say so. */
  readonly primary: Health;
  /** The backup likewise, for the time after a storm; during one the storms' own policies judge it. */
  readonly backup: Health;
  /** Both sides by the availability policy alone, with or without a storm; absent: there is no such policy. */
  readonly availability?: { readonly primary: Health; readonly backup: Health } | null;
  /** Whether tranche itself has the service on its backup now. */
  readonly movedToBackup: boolean;
  readonly latch: Latch | null;
  readonly failback: FailbackPosition | null;
  /** Percent of the way back, ascending, ending at 100. */
  readonly failbackSteps: readonly number[];
  readonly failbackStepSeconds: number;
  readonly nowMs: number;
};

export type HoldReason = "panic" | "frozen" | "global_freeze" | "backup_down" | "backup_unknown" | "latched" | "primary_not_known_up";

/** Where a service should point. `percent` is how far it is back to normal: 100 is all the way. */
export type Desired = {
  readonly target: { readonly kind: "normal"; readonly percent: number } | { readonly kind: "backup" } | { readonly kind: "hold" };
  /** `shifted`: it is to be on its backup; whether visitors are is decided elsewhere (`pipeline/steering/claim.ts`). */
  readonly state: "normal" | "failback" | "shifted" | "held" | "frozen";
  readonly reason: "calm" | "storm" | "override" | "bad_backup" | "failback" | HoldReason;
  readonly latch: Latch | null;
  readonly failback: FailbackPosition | null;
};

const hold = (state: Desired["state"], reason: HoldReason, latch: Latch | null = null): Desired => ({
  target: { kind: "hold" },
  state,
  reason,
  latch,
  failback: null,
});

/** Severest first: a dead side is worse than a slow one. */
const byHardness = (storms: readonly SteeringStorm[]): readonly SteeringStorm[] =>
  [...storms].sort((a, b) => Number(a.kind === "http_latency") - Number(b.kind === "http_latency"));

/**
 * The backup judged by several storms, severest first (semantics §6): the first decides, unless another knows
 * it to be up. Each policy would have moved traffic by itself, and a further policy must not prevent that.
 */
const backupOf = (storms: readonly SteeringStorm[]): Health =>
  storms.some(({ backup }) => backup === "up") ? "up" : (storms[0]?.backup ?? "unknown");

const latchOf = ([first, ...others]: readonly Latched[]): Latch | null => {
  if (first === undefined) return null;
  const bare = ({ stormId, relapses }: Latched): Latched => ({ stormId, relapses });
  return others.length === 0 ? bare(first) : { ...bare(first), also: others.map(bare) };
};

export const equalLatches = (a: Latch | null, b: Latch | null): boolean => {
  const told = (latch: Latch | null) =>
    (latch === null ? [] : [latch, ...(latch.also ?? [])]).map(({ stormId, relapses }) => `${stormId}/${relapses}`);
  return told(a).join() === told(b).join();
};

const isLatched = (storm: SteeringStorm, latch: Latch | null): boolean =>
  latch !== null &&
  [latch, ...(latch.also ?? [])].some(({ stormId, relapses }) => stormId === storm.stormId && relapses === storm.relapses);

/** The final position is kept too: a domain whose last step fails must not start over. */
const failingBack = (input: SteeringInput): Desired => {
  const last = Math.max(0, input.failbackSteps.length - 1);
  const at = input.failback ?? { step: 0, sinceMs: input.nowMs };
  // Rule 2 also applies after a storm: off a dead backup at once, not by steps.
  if (input.backup === "down") {
    const failback = at.step >= last ? at : { step: last, sinceMs: input.nowMs };
    return { target: { kind: "normal", percent: 100 }, state: "normal", reason: "bad_backup", latch: null, failback };
  }
  const held = input.nowMs - at.sinceMs >= input.failbackStepSeconds * 1_000;
  const failback = held && at.step < last ? { step: at.step + 1, sinceMs: input.nowMs } : at;
  const step = input.failbackSteps[failback.step];
  if (step !== undefined && step >= 0 && step < 100) {
    return { target: { kind: "normal", percent: step }, state: "failback", reason: "failback", latch: null, failback };
  }
  return { target: { kind: "normal", percent: 100 }, state: "normal", reason: "calm", latch: null, failback };
};

/** Whether a freeze or override with an end is in force. */
export const inForce = (order: { readonly untilMs: number | null }, nowMs: number): boolean => !hasLapsed(order.untilMs, nowMs);

/** The weights that a service wants now: the first rule of semantics §6 that fits. */
export const desired = (input: SteeringInput): Desired => {
  const { freeze, override, storms } = input;
  if (freeze !== null && inForce(freeze, input.nowMs)) {
    // Whatever was reached by then is kept: it goes on from there.
    if (freeze.panic === true) return { ...hold("held", "panic", input.latch), failback: input.failback };
    return { ...hold("frozen", "global_freeze", input.latch), failback: input.failback };
  }
  const normal = { kind: "normal", percent: 100 } as const;
  if (override !== null && inForce(override, input.nowMs)) {
    // Weights held midway through failback keep their stored position, too.
    if (override.mode === "frozen") return { ...hold("frozen", "frozen", input.latch), failback: input.failback };
    const target = override.mode === "primary" ? normal : ({ kind: "backup" } as const);
    return { target, state: override.mode === "primary" ? "normal" : "shifted", reason: "override", latch: input.latch, failback: null };
  }
  if (storms.length === 0) {
    if (input.primary !== "up") return { ...hold("held", "primary_not_known_up"), failback: input.failback };
    if (input.movedToBackup) return failingBack(input);
    return { target: normal, state: "normal", reason: "calm", latch: null, failback: null };
  }
  const all = byHardness(storms);
  const free = all.filter((storm) => !isLatched(storm, input.latch));
  const kept = latchOf(all.filter((storm) => isLatched(storm, input.latch)));
  const backup = backupOf(free);
  // A dead backup is worse than a slow primary, whatever the terms of another policy.
  const isWorse = input.availability?.primary === "up" && input.availability.backup === "down";
  if (isWorse && input.movedToBackup) return { target: normal, state: "normal", reason: "bad_backup", latch: latchOf(all), failback: null };
  if (backup === "up" && !isWorse) return { target: { kind: "backup" }, state: "shifted", reason: "storm", latch: kept, failback: null };
  const failed = input.movedToBackup && backup === "down";
  if (input.primary === "up" && (failed || kept !== null)) {
    return { target: normal, state: "normal", reason: "bad_backup", latch: failed ? latchOf(all) : kept, failback: null };
  }
  return hold("held", free.length === 0 ? "latched" : isWorse || backup === "down" ? "backup_down" : "backup_unknown", kept);
};

const mostWeight = 255;
/** The preferred sum of weights, so that they read as percent. */
const usualSum = 100;

/**
 * Weights with which the primary gets this share of all answers of the name, as nearly as integer weights allow.
 * @param share 0..1 @param foreign the sum of the weights of the name's other weighted records
 */
const weightsOfShare = (share: number, foreign: number): Weights => {
  let best = { weights: stormWeights, error: Number.POSITIVE_INFINITY, distance: 0 };
  for (let total = 1; total <= 2 * mostWeight; total += 1) {
    const primary = Math.min(mostWeight, total, Math.round(share * (total + foreign)));
    const backup = total - primary;
    if (backup > mostWeight) continue;
    const [error, distance] = [Math.abs(primary / (total + foreign) - share), Math.abs(total - usualSum)];
    if (error < best.error - 1e-12 || (error < best.error + 1e-12 && distance < best.distance))
      best = { weights: { primary, backup }, error, distance };
  }
  return best.weights;
};

/**
 * The weights of one domain for a service's target; null: leave them as they are. Percent of failback are percent of the
 * primary's normal visitors, whatever the weights add up to.
 * @param foreign the sum of the weights of the name's other weighted records, which get their share of the answers
 */
export const weightsFor = (target: Desired["target"], normal: Weights, foreign = 0): Weights | null => {
  if (target.kind === "hold") return null;
  if (target.kind === "backup") return stormWeights;
  const total = normal.primary + normal.backup + foreign;
  if (target.percent >= 100 || total === 0) return normal;
  return weightsOfShare((target.percent / 100) * (normal.primary / total), foreign);
};

/** The other weighted records of a name where they are steered with its pair. */
export type SteeredGroup = {
  readonly members: readonly StandingMember[];
  /** Whether their weights are 0 while the name is on its backup; else they only have to have their own weights. */
  readonly toZero: boolean;
};

export type SteeredDomain = {
  readonly domainId: number;
  /** The live weights as last read, of each record type of the name; empty where there is no pair to steer. */
  readonly live: readonly Weights[];
  readonly normal: Weights;
  /** The pair has weight 0 besides others that have some: it answers nobody until its owner takes it into service. */
  readonly idle?: boolean;
  /** The sum of the weights of the name's other weighted records that are not steered; absent: there are none. */
  readonly foreign?: number;
  /** Absent: the other weighted records of the name, if any, are not steered. */
  readonly group?: SteeredGroup;
  /** Whether the name is proven. */
  readonly verified: boolean;
  /**
   * What a missing proof still allows (domain/tenants/ownership.ts): `back`, what tranche moved returns to normal;
   * `nothing`, no switch at all. Absent: everything.
   */
  readonly allowed?: "back" | "nothing";
  /** Whether tranche has this domain on its backup: only then is it failed back by steps. */
  readonly moved: boolean;
  /** Whether it may go to its backup: the backup is probed for this domain, or an operator has ordered the switch. */
  readonly mayMove: boolean;
};

/** A domain's desired weights: of its pair, and of each member of its group. */
export type Wanted = { readonly weights: Weights; readonly members: readonly Member[] };

/** This domain's desired weights; null: unchanged. Only what was moved is failed back by steps. */
export const wantedOf = (
  { normal, moved, foreign = 0, group }: Pick<SteeredDomain, "normal" | "moved" | "foreign" | "group">,
  target: Desired["target"],
): Wanted | null => {
  const own = (group?.members ?? []).map(({ type, setIdentifier, own: weight }) => ({ type, setIdentifier, weight }));
  if (target.kind === "backup")
    return { weights: stormWeights, members: group?.toZero === true ? own.map((member) => ({ ...member, weight: 0 })) : own };
  const aim = target.kind === "normal" && !moved ? { ...target, percent: 100 } : target;
  if (aim.kind === "normal" && aim.percent < 100 && group?.toZero === true && own.length > 0) {
    const { pair, members } = groupShares(aim.percent / 100, normal, own, foreign);
    return { weights: pair, members };
  }
  const unsteered = group?.toZero === true ? 0 : mostOfOneType(own);
  const weights = weightsFor(aim, normal, foreign + unsteered);
  return weights === null ? null : { weights, members: own };
};

const mostOfOneType = (members: readonly Member[]): number =>
  Math.max(0, ...[...Map.groupBy(members, ({ type }) => type).values()].map((own) => own.reduce((sum, { weight }) => sum + weight, 0)));

/** The members whose weights differ from the desired ones, with these. */
export const strayMembers = ({ group }: Pick<SteeredDomain, "group">, wanted: Wanted): readonly Member[] => {
  const live = group?.members ?? [];
  return wanted.members.filter((member, at) => live[at]?.weight !== member.weight);
};

export type PlannedChange = {
  readonly domainId: number;
  readonly from: Weights;
  readonly to: Weights;
  readonly members?: readonly Member[];
};

export const equalWeights = (a: Weights, b: Weights): boolean => a.primary === b.primary && a.backup === b.backup;

/** current + desired -> changes: only what differs, only what may be steered. */
export const plan = (domains: readonly SteeredDomain[], target: Desired["target"]): readonly PlannedChange[] =>
  domains.flatMap((domain): readonly PlannedChange[] => {
    const { domainId, live, verified, moved, mayMove, idle, allowed } = domain;
    if (!verified || allowed === "nothing" || (allowed === "back" && (target.kind !== "normal" || !moved))) return [];
    if (idle === true || (target.kind === "backup" && !mayMove)) return [];
    const wanted = wantedOf(domain, target);
    if (wanted === null) return [];
    const members = strayMembers(domain, wanted);
    const from = live.find((weights) => !equalWeights(weights, wanted.weights)) ?? (members.length > 0 ? live[0] : undefined);
    return from === undefined ? [] : [{ domainId, from, to: wanted.weights, ...(members.length > 0 && { members }) }];
  });
