import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Edge, EdgeSample, RoundDecisions, RoundStore, StormDecision } from "../../adapters/ports/detection/round.ts";
import type { RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { JsonValue } from "../../domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../domain/evidence/canonical-json.ts";
import type { CreditGrounds, CreditTerms } from "../../domain/billing/credit.ts";
import { readService } from "../../domain/detection/detect.ts";
import type { StormTransition } from "../../domain/detection/storm.ts";
import type { Vantage } from "../../domain/detection/vantage.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { isNeverHealthy, isVerified } from "../detection/healthy.ts";
import { detectedDomains } from "../detection/judge-policy.ts";
import { asFound } from "../detection/paths.ts";
import { probedUrls } from "../detection/probing.ts";
import type { DomainReading } from "../steering/live-records.ts";
import { liveWeights } from "../steering/live-records.ts";

/** Entries of each list in all records of a round, and in one record: a request to Neon has 10 MiB. */
const entriesPerRound = 8_000;
const [fewest, most] = [6, 400];

/** The round's knowledge at the decision. */
export type Grounds = {
  readonly services: readonly RoundService[];
  readonly vantages: readonly Vantage[];
  readonly read: readonly DomainReading[];
  readonly fence: Fence;
  /** The terms by which storms earn a discount. */
  readonly credit: CreditTerms;
  /** The default probe path. */
  readonly probePath: string;
  /** The vantage that this round probed from. */
  readonly vantage: string;
  /** Its data centre or region, where known. */
  readonly place: string | null;
  readonly nowMs: number;
};

const isRecorded = ({ transition: { kind } }: StormDecision): boolean => kind === "begin" || kind === "relapse" || kind === "end";

const edgeMsOf = (transition: StormTransition, nowMs: number): number =>
  transition.kind === "begin" ? transition.startedAtMs : transition.kind === "end" ? transition.endedAtMs : nowMs;

const edgeOf = ({ policy, transition }: StormDecision, nowMs: number, limit: number): Edge => {
  const edgeMs = edgeMsOf(transition, nowMs);
  // A storm ends when its failures have left the window: they are one window earlier.
  const fromMs = edgeMs - policy.windowSeconds * 1_000 * (transition.kind === "end" ? 2 : 1);
  const windowFromMs = nowMs - policy.windowSeconds * 1_000;
  return { serviceId: policy.serviceId, edgeMs, windowFromMs, fromMs: Math.min(fromMs, windowFromMs), untilMs: nowMs, limit };
};

const decisionJson = ({ transition, policy }: StormDecision): JsonValue => {
  if (transition.kind === "begin") return { change: "begin", started_at: isoTime(transition.startedAtMs) };
  if (transition.kind === "end") return { change: "end", ended_at: isoTime(transition.endedAtMs), reason: transition.reason };
  return { change: transition.kind, relapses: (policy.storm?.relapses ?? 0) + 1 };
};

const bounded = <T>(list: readonly T[], limit: number, json: (item: T) => JsonValue): JsonValue => ({
  entries: list.slice(0, limit).map(json),
  left_out: Math.max(0, list.length - limit),
});

/** The terms of a storm's discount: the rule and the operator's terms. `max_gap_seconds` null: unlimited. */
const creditTermsJson = ({ waitingMs, maxGapMs, requireVerified, floors }: CreditTerms, rule: CreditTerms["rule"]): JsonValue => ({
  rule,
  proof_required: requireVerified,
  waiting_seconds: waitingMs / 1_000,
  max_gap_seconds: Number.isFinite(maxGapMs) ? maxGapMs / 1_000 : null,
  floors: {
    min_samples: floors.minSamples,
    min_failures: floors.minFailures,
    window_seconds: floors.minWindowSeconds,
    threshold_avail: floors.maxThreshold,
    latency_ms: floors.minLatencyMs,
  },
});

/** The decision on the storm's discount, and the domains that were down. */
const creditJson = ({ credit, reason, down }: CreditGrounds, limit: number): JsonValue => ({
  credit,
  reason,
  down: bounded(down, limit, (one) => ({
    domain_id: one.domainId,
    verified: one.verified,
    edited_at: isoTimeOrNull(one.editedAtMs),
    never_healthy: one.neverHealthy,
  })),
});

/** `setup`: which of the path's set-ups was probed. The figures are those of the latest. */
const sampleFields = ["domain_id", "path", "vantage", "probed_at", "attempt", "ok", "status", "latency_ms", "error", "setup"] as const;

const sampleJson = (one: EdgeSample): JsonValue => [
  one.domainId,
  one.path,
  one.vantage,
  isoTime(one.probedAtMs),
  one.attempt,
  one.ok,
  one.status,
  one.latencyMs,
  one.error,
  one.setup,
];

/** The evidence of one transition: terms, figures, samples, decision, and its effect on the weights. */
const bodyOf = (
  grounds: Grounds,
  known: RoundService,
  decision: StormDecision,
  decisions: RoundDecisions,
  samples: readonly EdgeSample[] | null,
  limit: number,
): JsonValue => {
  const { policy } = decision;
  const { nowMs } = grounds;
  const read = new Map(grounds.read.map((reading) => [reading.domainId, reading]));
  const service = { ...known, domains: known.domains.map((domain) => asFound(domain, read.get(domain.domainId)?.routing)) };
  const detected = detectedDomains(service);
  const heard = readService({ cdns: service.cdns, domains: detected, vantages: grounds.vantages, stats: policy.stats, nowMs }, policy);
  const unhealthy = new Set(service.domains.filter(isNeverHealthy).map(({ domainId }) => domainId));
  const paths = new Map(detected.map((domain) => [domain.domainId, domain]));
  const intents = new Map(decisions.intents.map((intent) => [intent.domainId, intent]));
  const routing = decisions.services.find(({ serviceId }) => serviceId === service.serviceId) ?? service.routing;
  return {
    decided_at: isoTime(nowMs),
    decided_by: { epoch: grounds.fence.epoch, lease: grounds.fence.name, place: grounds.place, vantage: grounds.vantage },
    decision: decisionJson(decision),
    credit_terms: creditTermsJson(grounds.credit, service.creditRule ?? grounds.credit.rule),
    ...(decision.credit !== null && { credit: creditJson(decision.credit, limit) }),
    // The inputs for replaying a decision, besides the figures.
    domains: bounded(known.domains, limit, (domain) => ({
      domain_id: domain.domainId,
      name: domain.name,
      urls: probedUrls(domain, grounds.probePath).map(({ path, url }) => ({ path, url })),
      expect_status: domain.expectStatus,
      verified: isVerified(domain),
      edited_at: isoTimeOrNull(domain.editedAtMs),
      never_healthy: unhealthy.has(domain.domainId),
      paths: [...(paths.get(domain.domainId)?.paths ?? [])],
      on_trial: paths.get(domain.domainId)?.primaryOnTrial === true,
      setups: { backup: domain.setups?.backup ?? 0, direct: domain.setups?.direct ?? 0, primary: domain.setups?.primary ?? 0 },
    })),
    storm: policy.storm && {
      state: policy.storm.state,
      started_at: isoTime(policy.storm.startedAtMs),
      recovering_since: isoTimeOrNull(policy.storm.recoveringSinceMs),
      relapses: policy.storm.relapses,
      credit_reason: policy.storm.creditReason,
    },
    previous_ended_at: isoTimeOrNull(policy.previousEndedAtMs),
    newest: bounded(
      [...policy.newest].sort((a, b) => b.atMs - a.atMs),
      limit,
      (one) => ({
        domain_id: one.domainId,
        path: one.path,
        vantage: one.vantage,
        at: isoTime(one.atMs),
        is_past: one.isPast === true,
      }),
    ),
    policy: {
      id: policy.policyId,
      version: policy.version,
      kind: policy.kind,
      threshold_avail: policy.thresholdAvail,
      window_seconds: policy.windowSeconds,
      cooldown_seconds: policy.cooldownSeconds,
      max_coverage_factor: policy.maxCoverageFactor,
      min_samples: policy.minSamples,
      min_failures: policy.minFailures,
      latency_ms: policy.latencyMs,
    },
    primary: {
      health: heard.evidence.health,
      below_threshold: heard.evidence.below,
      first_failed_at: isoTimeOrNull(heard.evidence.firstFailedAtMs),
    },
    backup: { health: heard.backup.health },
    service: {
      cdns: [...service.cdns],
      monitor_only: decision.monitorOnly,
      steering: service.shadow ? "shadow" : "auto",
      override: service.override?.mode ?? null,
      routing_state: routing?.state ?? null,
      routing_reason: routing?.reason ?? null,
    },
    vantages: grounds.vantages.map(({ name, lastHeardAtMs }) => ({
      name,
      last_heard_at: isoTime(lastHeardAtMs),
      counted: heard.counted.has(name),
    })),
    window: bounded(
      [...policy.stats].sort((a, b) => b.failures - a.failures || a.domainId - b.domainId),
      limit,
      (one) => ({
        domain_id: one.domainId,
        path: one.path,
        vantage: one.vantage,
        samples: one.samples,
        failures: one.failures,
        first_failed_at: isoTimeOrNull(one.firstFailedAtMs),
      }),
    ),
    weights: bounded(service.domains, limit, (domain) => {
      const intent = intents.get(domain.domainId);
      const live = liveWeights((read.get(domain.domainId)?.routing ?? domain.routing)?.records ?? null);
      const now = intent?.from ?? live[0] ?? null;
      return {
        domain_id: domain.domainId,
        domain: domain.name,
        before: now && { primary: now.primary, backup: now.backup },
        after:
          intent === undefined
            ? now && { primary: now.primary, backup: now.backup }
            : { primary: intent.to.primary, backup: intent.to.backup },
      };
    }),
    samples: samples && { fields: [...sampleFields], entries: samples.map(sampleJson), most: limit },
  };
};

/**
 * The decisions with evidence for every storm that begins, relapses or ends. Without any, nothing is read.
 * Unreadable samples do not prevent a decision: the evidence then says so.
 */
export const withEvidence = async (
  rounds: Pick<RoundStore, "edgeSamples">,
  grounds: Grounds,
  decisions: RoundDecisions,
): Promise<RoundDecisions> => {
  const recorded = decisions.storms.filter(isRecorded);
  if (recorded.length === 0) return decisions;
  const limit = Math.min(most, Math.max(fewest, Math.floor(entriesPerRound / recorded.length)));
  const edges = recorded.map((decision) => edgeOf(decision, grounds.nowMs, limit));
  const samples = await rounds.edgeSamples(edges).catch(() => null);
  const services = new Map(grounds.services.map((service) => [service.serviceId, service]));
  const proven = new Map(
    recorded.map((decision, at) => {
      const service = services.get(decision.policy.serviceId);
      const shown = samples === null ? null : (samples[at] ?? []);
      const evidence = service && canonicalJson(bodyOf(grounds, service, decision, decisions, shown, limit));
      return [decision, evidence === undefined ? decision : { ...decision, evidence }];
    }),
  );
  return { ...decisions, storms: decisions.storms.map((decision) => proven.get(decision) ?? decision) };
};
