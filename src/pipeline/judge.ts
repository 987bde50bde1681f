import type { PolicyView, RoundService, StormDecision } from "../adapters/ports/round.ts";
import type { DetectedDomain } from "../domain/detect.ts";
import { detect } from "../domain/detect.ts";
import type { Health } from "../domain/health.ts";
import type { ProbePath } from "../domain/probe.ts";
import type { SteeringStorm } from "../domain/steering.ts";
import type { Vantage } from "../domain/vantage.ts";
import { hasPath, isMonitorOnly, onTrial } from "./paths.ts";

/** What a policy makes of its figures. */
export type Judged = {
  readonly decision: StormDecision | null;
  readonly primary: Health;
  readonly backup: Health;
  /** The storm as it will be after this round; null: calm. */
  readonly storm: SteeringStorm | null;
};

const allPaths: readonly ProbePath[] = ["primary", "backup", "direct"];

/** The domains of a service as detection knows them. */
export const detectedDomains = (service: RoundService): readonly DetectedDomain[] =>
  service.domains.map((domain) => ({
    domainId: domain.domainId,
    paths: allPaths.filter((path) => hasPath(domain, path)),
    primaryOnTrial: onTrial(domain, "primary"),
  }));

/** Judges a service by one of its policies: the state of its storm, and what is known of both sides. */
export const judgePolicy = (service: RoundService, policy: PolicyView, vantages: readonly Vantage[], nowMs: number): Judged => {
  const { transition, primary, backup } = detect({
    cdns: service.cdns,
    domains: detectedDomains(service),
    vantages,
    stats: policy.stats,
    nowMs,
    terms: policy,
    newest: policy.newest,
    active: policy.storm,
    previousEndedAtMs: policy.previousEndedAtMs,
  });
  const relapses = (policy.storm?.relapses ?? 0) + (transition?.kind === "relapse" ? 1 : 0);
  const stormy = transition?.kind === "begin" || (policy.storm !== null && transition?.kind !== "end");
  return {
    decision: transition === null ? null : { policy, transition, monitorOnly: isMonitorOnly(service) },
    primary,
    backup,
    storm: stormy ? { stormId: policy.storm?.id ?? 0, kind: policy.kind, relapses, backup } : null,
  };
};
