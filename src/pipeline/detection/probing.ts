import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Prober } from "../../adapters/ports/detection/probe.ts";
import type { DomainRouting, RoundDomain, RoundService, Sample } from "../../adapters/ports/detection/round-view.ts";
import type { ProbePath, StatusRanges } from "../../domain/detection/probe.ts";
import { confirmations, judgeProbe, parseStatusRanges, probeUrls } from "../../domain/detection/probe.ts";
import type { RoundLoad } from "../../domain/coordination/shard-load.ts";
import type { Restraint } from "../../domain/detection/target.ts";
import { isProbed } from "../../domain/detection/target.ts";
import type { RequestAccount } from "../requests.ts";
import { createProbeAllowance, unlimited } from "../requests.ts";
import { waitingConnections } from "../connection-slots.ts";
import type { Slots } from "../connection-slots.ts";
import { createLane, createSuspicion } from "./suspicion.ts";

/** A path that timed out is given no longer than this until it answers again. */
const impatientTimeoutMs = 2_000;

/** Of six connections, those for paths that are likely to hang while others are still to be probed. */
const connectionsOfWhatHangs = waitingConnections - 2;

const defaultStatuses: StatusRanges = [[200, 399]];

/** What is likely to hang (`suspicion.ts`), with paths as `domainId/path`. Kept between rounds of one isolate. */
export type SlowPaths = Set<string>;

export type ProbeSettings = {
  readonly path: string;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Whether unverified domains are probed only in their assigned rounds, and only with their targets' consent; absent: as all others. */
  readonly restrainsUnverified?: boolean;
};

export type Target = {
  readonly customerId: number;
  readonly serviceId: number;
  readonly domainId: number;
  readonly path: ProbePath;
  readonly url: string;
  readonly expected: StatusRanges;
  /** Which of the path's set-ups this is. */
  readonly setup: number;
  /** The CDN that it goes through; null: whichever the public name leads to. */
  readonly cdn: string | null;
  /** Whether a failure is confirmed: unverified domains get one probe. */
  readonly confirmed: boolean;
};

/** Interleaves customers round-robin, so that one customer's dead CDN does not starve the others of slots. */
const roundRobin = (byCustomer: readonly (readonly Target[])[]): readonly Target[] => {
  const turns = Math.max(0, ...byCustomer.map((targets) => targets.length));
  return Array.from({ length: turns }, (_, turn) => byCustomer.flatMap((targets) => targets[turn] ?? [])).flat();
};

const cdnOf = ({ cdns }: Pick<RoundService, "cdns">, path: ProbePath): string | null =>
  (path === "primary" ? cdns[0] : path === "backup" ? cdns[1] : undefined) ?? null;

type ProbedByRound = Restraint &
  Pick<RoundDomain, "domainId" | "name" | "primaryTarget" | "backupTarget" | "probePath" | "expectStatus" | "setups"> & {
    readonly routing: Pick<DomainRouting, "discoveredPrimaryTarget" | "discoveredBackupTarget"> | null;
  };

/** The probed targets of a domain, by path; those not configured are discovered from its records. */
export const probedUrls = (domain: ProbedByRound, defaultPath: string): ReturnType<typeof probeUrls> =>
  probeUrls({
    name: domain.name,
    primaryTarget: domain.primaryTarget ?? domain.routing?.discoveredPrimaryTarget ?? null,
    backupTarget: domain.backupTarget ?? domain.routing?.discoveredBackupTarget ?? null,
    probePath: domain.probePath ?? defaultPath,
  });

/** What of a service decides which of its paths are probed, and how. */
export type ProbedService = Pick<RoundService, "customerId" | "serviceId" | "cdns"> & { readonly domains: readonly ProbedByRound[] };

export const targetsOf = (service: ProbedService, defaultPath: string, round: number, restrains: boolean): readonly Target[] =>
  service.domains.flatMap((domain) => {
    const expected = parseStatusRanges(domain.expectStatus) ?? defaultStatuses;
    const { customerId, serviceId } = service;
    const confirmed = domain.verified || !restrains;
    return probedUrls(domain, defaultPath).flatMap(({ path, url }) =>
      isProbed(domain, path, round, restrains)
        ? [
            {
              customerId,
              serviceId,
              domainId: domain.domainId,
              path,
              url,
              expected,
              setup: domain.setups?.[path] ?? 0,
              cdn: cdnOf(service, path),
              confirmed,
            },
          ]
        : [],
    );
  });

/** Rotates a list each round, in evenly spreading steps (golden section). */
const rotated = <T>(list: readonly T[], round: number): readonly T[] => {
  const start = Math.floor(((round * 0.618_033_988_75) % 1) * list.length);
  return [...list.slice(start), ...list.slice(0, start)];
};

/** The order of a round: each begins with others, and customers come in turns. */
const inTurns = (targets: readonly Target[], round: number): readonly Target[] => {
  const byCustomer = Map.groupBy(targets, (target) => target.customerId);
  return roundRobin(
    rotated(
      [...byCustomer.values()].map((own) => rotated(own, round)),
      round,
    ),
  );
};

/**
 * What to probe in the round of that number, in order. A target that is not configured is the one discovered from the live
 * records. Each round begins with others, so that rounds without time for all skip different ones.
 * @param restrains whether unverified domains are restricted to their assigned rounds
 */
export const probeTargets = (
  services: readonly RoundService[],
  defaultPath: string,
  round: number,
  restrains = false,
): readonly Target[] => {
  return inTurns(
    services.flatMap((service) => targetsOf(service, defaultPath, round, restrains)),
    round,
  );
};

const countBy = (targets: readonly Target[]): ReadonlyMap<number, number> =>
  new Map([...Map.groupBy(targets, ({ customerId }) => customerId)].map(([customerId, own]) => [customerId, own.length]));

/** The number of the round in a slot: the same for both providers. */
export const roundNumber = (roundAtMs: number, { intervalMs }: ProbeSettings): number => Math.floor(roundAtMs / intervalMs);

/**
 * `unprobed`: paths for which there was no time; `unreadable`: answers that are no samples; `overBudget`:
 * first probes and confirmations not sent because of the invocation's request limit.
 */
export type ProbedRound = {
  readonly samples: readonly Sample[];
  readonly unprobed: number;
  readonly unreadable: number;
  readonly overBudget: number;
};

type ProbingDeps = {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly vantage: string;
  readonly slowPaths: SlowPaths;
  readonly requests?: RequestAccount;
};

/** Probes every path of a shard once, as `probeEach` does. @param services those of the round */
export const probeRound = async (
  deps: ProbingDeps,
  services: readonly RoundService[],
  roundAtMs: number,
  settings: ProbeSettings,
  slots: Slots,
): Promise<ProbedRound> => {
  const targets = probeTargets(services, settings.path, roundNumber(roundAtMs, settings), settings.restrainsUnverified);
  return await probeEach(deps, targets, roundAtMs, settings, slots);
};

/** The round of a process that has its targets from elsewhere: the same, in the same order. */
export const probeGiven = async (
  deps: ProbingDeps,
  targets: readonly Target[],
  roundAtMs: number,
  settings: ProbeSettings,
  slots: Slots,
): Promise<ProbedRound> => await probeEach(deps, inTurns(targets, roundNumber(roundAtMs, settings)), roundAtMs, settings, slots);

/**
 * Probes every target once; one that fails is confirmed by two more, a tenth of an interval apart, in the same
 * round (semantics §4). Nothing is begun after an interval, or a time-out where that is longer: samples
 * must be evaluated while fresh. Resolves when the last answer or time-out is in.
 */
const probeEach = async (
  deps: ProbingDeps,
  targets: readonly Target[],
  roundAtMs: number,
  settings: Pick<ProbeSettings, "timeoutMs" | "intervalMs">,
  slots: Slots,
): Promise<ProbedRound> => {
  const { prober, clock, vantage, slowPaths, requests = unlimited } = deps;
  const lastStartMs = clock.nowMs() + Math.max(settings.intervalMs, settings.timeoutMs);
  let unreadable = 0;
  const hangs = createSuspicion(slowPaths);
  const allowance = createProbeAllowance(requests, countBy(targets));
  // Besides what hangs there is always a connection for the rest: a backup that was not probed is not known to be up.
  let others = targets.filter((target) => !hangs.suspects(target)).length;
  const lane = createLane(() => (others > 0 ? connectionsOfWhatHangs : Number.POSITIVE_INFINITY));
  const otherDone = (): void => {
    others -= 1;
    if (others === 0) lane.widen();
  };
  const probe = async (target: Target, attempt: number): Promise<Sample | "unreadable"> => {
    const { serviceId, domainId, path, setup } = target;
    const key = `${domainId}/${path}`;
    const timeoutMs = slowPaths.has(key) ? Math.min(impatientTimeoutMs, settings.timeoutMs) : settings.timeoutMs;
    const probedAtMs = clock.nowMs();
    const answer = await prober.probe({ url: target.url, timeoutMs });
    hangs.note(target, answer.kind);
    const verdict = judgeProbe(answer, target.expected);
    if (verdict === null) {
      unreadable += 1;
      return "unreadable";
    }
    const { ok, status, error } = verdict;
    return { serviceId, domainId, path, vantage, roundAtMs, attempt, probedAtMs, ok, status, latencyMs: answer.latencyMs, error, setup };
  };
  const confirm = async (target: Target, attempt: number): Promise<Sample | "unreadable" | null> => {
    await clock.sleep((attempt * settings.intervalMs) / 10);
    const run = () =>
      slots(target.customerId, true, async () => (allowance.confirmation(target.customerId) ? await probe(target, attempt) : null));
    return await (hangs.suspects(target) ? lane.run(true, run) : run());
  };
  const begin = async (target: Target): Promise<Sample | "unreadable" | null> => {
    const inTime = async () => {
      if (clock.nowMs() < lastStartMs) return allowance.first(target.customerId) ? await probe(target, 0) : null;
      allowance.skip(target.customerId);
      return null;
    };
    if (!hangs.suspects(target)) {
      // What became suspect while queued goes behind the others.
      const done = await slots(target.customerId, false, async () => (hangs.suspects(target) ? "suspected" : await inTime()));
      otherDone();
      if (done !== "suspected") return done;
    }
    return await lane.run(false, () => slots(target.customerId, false, inTime));
  };
  const perTarget = await Promise.all(
    targets.map(async (target) => {
      const first = await begin(target);
      if (first === null) return null;
      if (first === "unreadable" || first.ok || !target.confirmed) return [first];
      const more = Array.from({ length: confirmations }, (_, index) => confirm(target, index + 1));
      return [first, ...(await Promise.all(more))];
    }),
  );
  const samples = perTarget.flatMap((answers) => answers ?? []).filter((answer) => answer !== "unreadable" && answer !== null);
  return { samples, unprobed: perTarget.filter((answers) => answers === null).length, unreadable, overBudget: allowance.refused() };
};

/** The load of a round, by which a shard is measured. @param services those processed; so many domains were left out */
export const loadOf = (
  services: readonly RoundService[],
  domainsLeftOut: number,
  { samples, unprobed }: Pick<ProbedRound, "samples" | "unprobed">,
): RoundLoad => {
  const first = samples.filter(({ attempt }) => attempt === 0);
  const answered = first.filter(({ ok }) => ok);
  return {
    domains: domainsLeftOut + services.reduce((sum, { domains }) => sum + domains.length, 0),
    leftOut: domainsLeftOut,
    paths: first.length + unprobed,
    answers: answered.length,
    answeredMs: answered.reduce((sum, { latencyMs }) => sum + latencyMs, 0),
  };
};
