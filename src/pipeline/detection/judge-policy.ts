import type { StormDecision } from "../../adapters/ports/detection/round.ts";
import type { PolicyView, RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { CreditTerms } from "../../domain/billing/credit.ts";
import { everyStorm, judgeCredit } from "../../domain/billing/credit.ts";
import type { DetectedDomain, DomainHealth } from "../../domain/detection/detect.ts";
import { detect } from "../../domain/detection/detect.ts";
import type { Health } from "../../domain/detection/health.ts";
import type { ProbePath } from "../../domain/detection/probe.ts";
import type { SteeringStorm } from "../../domain/steering/steering.ts";
import type { Vantage } from "../../domain/detection/vantage.ts";
import { creditCase } from "./healthy.ts";
import { hasPath, isMonitorOnly, onTrial } from "./paths.ts";

/** A policy's evaluation of its figures. */
export type Judged = {
  readonly policy: PolicyView;
  readonly decision: StormDecision | null;
  readonly primary: Health;
  readonly backup: Health;
  /** The domains of which `primary` is the worst. */
  readonly domains: readonly DomainHealth[];
  /** The storm after this round; null: calm. */
  readonly storm: SteeringStorm | null;
};

const allPaths: readonly ProbePath[] = ["primary", "backup", "direct"];

/** The domains of a service as detection sees them. */
export const detectedDomains = (service: RoundService): readonly DetectedDomain[] =>
  service.domains.map((domain) => ({
    domainId: domain.domainId,
    paths: allPaths.filter((path) => hasPath(domain, path)),
    primaryOnTrial: onTrial(domain, "primary"),
  }));

/** Judges a service by one of its policies: the state of its storm, and the health of both sides. @param terms of credit */
export const judgePolicy = (
  service: RoundService,
  policy: PolicyView,
  vantages: readonly Vantage[],
  nowMs: number,
  terms: CreditTerms = everyStorm,
): Judged => {
  const detection = detect({
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
  const { primary, backup, domains } = detection;
  const { transition, credit } = judgeCredit(detection, policy.storm, creditCase(service, policy, terms), nowMs);
  const relapses = (policy.storm?.relapses ?? 0) + (transition?.kind === "relapse" ? 1 : 0);
  const stormy = transition?.kind === "begin" || (policy.storm !== null && transition?.kind !== "end");
  return {
    policy,
    decision: transition === null ? null : { policy, transition, monitorOnly: isMonitorOnly(service), credit },
    primary,
    backup,
    domains,
    storm: stormy ? { stormId: policy.storm?.id ?? 0, kind: policy.kind, relapses, backup } : null,
  };
};
