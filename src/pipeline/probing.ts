import type { Clock } from "../adapters/ports/clock.ts";
import type { Prober } from "../adapters/ports/probe.ts";
import type { RoundService, Sample } from "../adapters/ports/round.ts";
import type { ProbePath, StatusRanges } from "../domain/probe.ts";
import { confirmations, judgeProbe, parseStatusRanges, probeUrls } from "../domain/probe.ts";
import type { RoundLoad } from "../domain/shard-load.ts";
import type { Slots } from "./slots.ts";

/** A path that timed out is given no longer than this until it answers again. */
const impatientTimeoutMs = 2_000;

const defaultStatuses: StatusRanges = [[200, 399]];

/** Paths that timed out when last probed, as `domainId/path`. Kept between rounds of one isolate. */
export type SlowPaths = Set<string>;

export type ProbeSettings = { readonly path: string; readonly timeoutMs: number; readonly intervalMs: number };

export type Target = {
  readonly customerId: number;
  readonly serviceId: number;
  readonly domainId: number;
  readonly path: ProbePath;
  readonly url: string;
  readonly expected: StatusRanges;
  /** Which of the path's set-ups this is. */
  readonly setup: number;
};

/** Takes one of each customer in turn, so that one customer's dead CDN does not starve the others of slots. */
const roundRobin = (byCustomer: readonly (readonly Target[])[]): readonly Target[] => {
  const turns = Math.max(0, ...byCustomer.map((targets) => targets.length));
  return Array.from({ length: turns }, (_, turn) => byCustomer.flatMap((targets) => targets[turn] ?? [])).flat();
};

const targetsOf = (service: RoundService, defaultPath: string): readonly Target[] =>
  service.domains.flatMap((domain) => {
    const expected = parseStatusRanges(domain.expectStatus) ?? defaultStatuses;
    const urls = probeUrls({
      name: domain.name,
      primaryTarget: domain.primaryTarget ?? domain.routing?.discoveredPrimaryTarget ?? null,
      backupTarget: domain.backupTarget ?? domain.routing?.discoveredBackupTarget ?? null,
      probePath: domain.probePath ?? defaultPath,
    });
    const { customerId, serviceId } = service;
    return urls.map(({ path, url }) => ({ customerId, serviceId, domainId: domain.domainId, path, url, expected, setup: domain.setups?.[path] ?? 0 }));
  });

/** Begins a list elsewhere each round, in steps that spread evenly however often they are taken (golden section). */
const rotated = <T>(list: readonly T[], round: number): readonly T[] => {
  const start = Math.floor(((round * 0.618_033_988_75) % 1) * list.length);
  return [...list.slice(start), ...list.slice(0, start)];
};

/**
 * What to probe in the round of that number, in order. A target that was not given is the one discovered from the live
 * records. Each round begins with others, so that one without time for all leaves out others than the last.
 */
export const probeTargets = (services: readonly RoundService[], defaultPath: string, round: number): readonly Target[] => {
  const byCustomer = Map.groupBy(services.flatMap((service) => targetsOf(service, defaultPath)), (target) => target.customerId);
  return roundRobin(rotated([...byCustomer.values()].map((targets) => rotated(targets, round)), round));
};

/** The number of the round in a slot: the same for both providers. */
export const roundNumber = (roundAtMs: number, { intervalMs }: ProbeSettings): number => Math.floor(roundAtMs / intervalMs);

/** `unprobed`: paths for which there was no time. */
export type ProbedRound = { readonly samples: readonly Sample[]; readonly unprobed: number };

/**
 * Probes every path of a shard once; one that fails is confirmed by two more, a tenth of an interval apart, in the same
 * round (semantics §4). Nothing is begun after an interval, or a time-out where that is longer: what is known by then
 * must be judged while it is fresh. Resolves when the last answer or time-out is in.
 */
export const probeRound = async (
  deps: { readonly prober: Prober; readonly clock: Clock; readonly vantage: string; readonly slowPaths: SlowPaths },
  services: readonly RoundService[],
  roundAtMs: number,
  settings: ProbeSettings,
  slots: Slots,
): Promise<ProbedRound> => {
  const { prober, clock, vantage, slowPaths } = deps;
  const lastStartMs = clock.nowMs() + Math.max(settings.intervalMs, settings.timeoutMs);
  const probe = async (target: Target, attempt: number): Promise<Sample> => {
    const { serviceId, domainId, path, setup } = target;
    const key = `${domainId}/${path}`;
    const timeoutMs = slowPaths.has(key) ? Math.min(impatientTimeoutMs, settings.timeoutMs) : settings.timeoutMs;
    const probedAtMs = clock.nowMs();
    const answer = await prober.probe({ url: target.url, timeoutMs });
    if (answer.kind === "timeout") slowPaths.add(key);
    if (answer.kind === "answer") slowPaths.delete(key);
    const { ok, status, error } = judgeProbe(answer, target.expected);
    return { serviceId, domainId, path, vantage, roundAtMs, attempt, probedAtMs, ok, status, latencyMs: answer.latencyMs, error, setup };
  };
  const confirm = async (target: Target, attempt: number): Promise<Sample> => {
    await clock.sleep((attempt * settings.intervalMs) / 10);
    return await slots(target.customerId, true, () => probe(target, attempt));
  };
  const perTarget = await Promise.all(
    probeTargets(services, settings.path, roundNumber(roundAtMs, settings)).map(async (target) => {
      const first = await slots(target.customerId, false, async () => (clock.nowMs() < lastStartMs ? await probe(target, 0) : null));
      if (first === null) return null;
      if (first.ok) return [first];
      const more = Array.from({ length: confirmations }, (_, index) => confirm(target, index + 1));
      return [first, ...(await Promise.all(more))];
    }),
  );
  return { samples: perTarget.flatMap((samples) => samples ?? []), unprobed: perTarget.filter((samples) => samples === null).length };
};

/** What a round had to do: by this a shard is measured. @param services those that were taken, of a shard that left out so many domains */
export const loadOf = (services: readonly RoundService[], domainsLeftOut: number, { samples, unprobed }: ProbedRound): RoundLoad => {
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
