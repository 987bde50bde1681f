import type { StateChange } from "../../adapters/ports/detection/round.ts";
import type { PolicyView, RoundDomain, RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { ProbePath } from "../../domain/detection/probe.ts";
import type { SideJudge } from "../../domain/slo/judge.ts";
import { judgeSides, nothingKnown } from "../../domain/slo/judge.ts";
import type { Vantage } from "../../domain/detection/vantage.ts";
import type { VisitedDomain } from "../../domain/slo/visitors.ts";
import { conditionOf, nextSpans } from "../../domain/slo/visitors.ts";
import { hasPath } from "../detection/paths.ts";
import type { DomainReading } from "../steering/live-records.ts";
import { liveWeights } from "../steering/live-records.ts";

/** `judgedAtMs`: when these services were last judged; null: not known. `intervalMs`: from one round to the next. */
export type Judging = { readonly judgedAtMs: number | null; readonly intervalMs: number };

type Readings = ReadonlyMap<number, Pick<DomainReading, "routing">>;

/** The policy by which visitors are judged: whether they get answers, before how fast. */
const judgingPolicy = (policies: readonly PolicyView[]): PolicyView | undefined =>
  policies.find(({ kind }) => kind === "http_availability") ?? policies[0];

/** The path to which the live weights of all types of the name send most visitors. */
const servingOf = (domain: RoundDomain, routing: RoundDomain["routing"]): ProbePath => {
  const live = liveWeights(routing?.records ?? null);
  const towards = (side: "primary" | "backup"): number => live.reduce((sum, weights) => sum + weights[side], 0);
  const side = towards("backup") > towards("primary") ? "backup" : "primary";
  return hasPath(domain, side) ? side : "direct";
};

const visited = (domain: RoundDomain, readings: Readings, judge: SideJudge): VisitedDomain => {
  const routing = readings.get(domain.domainId)?.routing ?? domain.routing;
  const serving = servingOf(domain, routing);
  const other = serving === "primary" ? "backup" : serving === "backup" ? "primary" : null;
  return {
    serving,
    user: judge(domain.domainId, serving),
    other: other !== null && hasPath(domain, other) ? judge(domain.domainId, other) : null,
    readAtMs: routing?.readAtMs ?? null,
  };
};

const changeOf = (
  service: RoundService,
  readings: Readings,
  judge: SideJudge,
  judgedAtMs: number | null,
  nowMs: number,
): StateChange | null => {
  const { serviceId, present = null } = service;
  const domains = service.domains.map((domain) => visited(domain, readings, judge));
  const [primaryCdn = "", backupCdn = ""] = service.cdns;
  const spans = nextSpans(present, conditionOf(domains, [primaryCdn, backupCdn]), domains, judgedAtMs, nowMs);
  return spans.length === 0 ? null : { serviceId, presentId: present?.id ?? null, spans };
};

/**
 * What the visitors of a service get now, where that is not what was recorded: by the live weights, whoever set them. Without a
 * policy nothing is known.
 * @param service its domains by their present records
 */
export const stateChange = (
  service: RoundService,
  policies: readonly PolicyView[],
  vantages: readonly Vantage[],
  readings: Readings,
  { judgedAtMs, intervalMs }: Judging,
  nowMs: number,
): StateChange | null => {
  const policy = judgingPolicy(policies);
  const judge =
    policy === undefined
      ? nothingKnown
      : judgeSides({ stats: policy.stats, terms: policy, cdns: service.cdns, vantages, intervalMs }, nowMs);
  return changeOf(service, readings, judge, judgedAtMs, nowMs);
};

/** Services whose figures could not be read: nothing is known of them. @param leftOut their ids */
export const unjudgedStates = (
  services: readonly RoundService[],
  leftOut: readonly number[],
  read: readonly DomainReading[],
  { judgedAtMs }: Judging,
  nowMs: number,
): readonly StateChange[] => {
  if (leftOut.length === 0) return [];
  const readings = new Map(read.map((reading) => [reading.domainId, reading]));
  const left = new Set(leftOut);
  return services.flatMap((service) =>
    left.has(service.serviceId) ? (changeOf(service, readings, nothingKnown, judgedAtMs, nowMs) ?? []) : [],
  );
};
