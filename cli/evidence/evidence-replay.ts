import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import type { CreditCase, CreditReason, CreditRule } from "../../src/domain/billing/credit.ts";
import { judgeCredit } from "../../src/domain/billing/credit.ts";
import type { DetectionTerms } from "../../src/domain/detection/detect.ts";
import { detect } from "../../src/domain/detection/detect.ts";
import type { WindowStats } from "../../src/domain/detection/health.ts";
import type { ProbePath } from "../../src/domain/detection/probe.ts";
import { isDecision } from "../../src/domain/evidence/evidence-claim.ts";
import { isGood } from "../../src/domain/detection/replay.ts";
import { isoTime } from "../../src/iso-time.ts";
import type { EvidenceRecord } from "./evidence-bundle.ts";

/** `replayed`: the decision follows from the samples; `partly`: from figures whose samples are not all there; `not`: not determinable. */
export type Replay =
  | { readonly result: "replayed" }
  | { readonly result: "partly" | "not"; readonly why: string }
  | { readonly result: "fault"; readonly why: string };

type List<Entry> = { readonly entries: readonly Entry[]; readonly left_out: number };
type Sample = readonly [
  domainId: number,
  path: ProbePath,
  vantage: string,
  probedAt: string,
  attempt: number,
  ok: boolean,
  status: number | null,
  latencyMs: number,
  error: string | null,
  setup: number,
];

/** A body as `pipeline/evidence/storm-evidence.ts` writes it; read only where the record has `domains`, which older ones have not. */
type Body = {
  readonly decided_at: string;
  readonly decided_by: { readonly vantage: string };
  readonly decision: {
    readonly change: string;
    readonly started_at?: string;
    readonly ended_at?: string;
    readonly reason?: string;
    readonly relapses?: number;
  };
  readonly credit?: { readonly credit: string; readonly reason: string | null; readonly down: List<{ readonly domain_id: number }> };
  readonly credit_terms: {
    readonly rule: CreditRule;
    readonly proof_required: boolean;
    readonly waiting_seconds: number;
    readonly max_gap_seconds: number | null;
    readonly floors: {
      readonly min_samples: number;
      readonly min_failures: number;
      readonly window_seconds: number;
      readonly threshold_avail: number;
      readonly latency_ms: number;
    };
  };
  readonly policy: {
    readonly kind: string;
    readonly threshold_avail: number;
    readonly window_seconds: number;
    readonly cooldown_seconds: number;
    readonly min_samples: number;
    readonly min_failures: number;
    readonly latency_ms: number | null;
  };
  readonly primary: { readonly health: string; readonly below_threshold: boolean };
  readonly backup: { readonly health: string };
  readonly service: { readonly cdns: readonly string[]; readonly monitor_only: boolean };
  readonly vantages: readonly { readonly name: string; readonly last_heard_at: string; readonly counted: boolean }[];
  readonly domains: List<{
    readonly domain_id: number;
    readonly paths: readonly ProbePath[];
    readonly on_trial: boolean;
    readonly verified: boolean;
    readonly never_healthy: boolean;
    readonly edited_at: string | null;
    readonly setups: Readonly<Record<ProbePath, number>>;
  }>;
  readonly window: List<{
    readonly domain_id: number;
    readonly path: ProbePath;
    readonly vantage: string;
    readonly samples: number;
    readonly failures: number;
    readonly first_failed_at: string | null;
  }>;
  readonly newest: List<{
    readonly domain_id: number;
    readonly path: ProbePath;
    readonly vantage: string;
    readonly at: string;
    readonly is_past: boolean;
  }>;
  readonly storm: {
    readonly state: "storm" | "recovering";
    readonly started_at: string;
    readonly recovering_since: string | null;
    readonly relapses: number;
    readonly credit_reason: CreditReason | null;
  } | null;
  readonly previous_ended_at: string | null;
  readonly samples: { readonly entries: readonly Sample[]; readonly most: number } | null;
};

const ms = (text: string): number => Date.parse(text);
const msOrNull = (text: string | null): number | null => (text === null ? null : ms(text));

const statsOf = (body: Body): readonly WindowStats[] =>
  body.window.entries.map((one) => ({
    domainId: one.domain_id,
    path: one.path,
    vantage: one.vantage,
    samples: one.samples,
    failures: one.failures,
    firstFailedAtMs: msOrNull(one.first_failed_at),
  }));

const termsOf = ({ policy }: Body): DetectionTerms => ({
  thresholdAvail: policy.threshold_avail,
  windowSeconds: policy.window_seconds,
  cooldownSeconds: policy.cooldown_seconds,
  minSamples: policy.min_samples,
  minFailures: policy.min_failures,
});

/** What the credit of its storm depends on, by the record. */
const creditCaseOf = (body: Body): CreditCase => {
  const { rule, proof_required: requireVerified, waiting_seconds: waiting, max_gap_seconds: gap, floors } = body.credit_terms;
  return {
    rule,
    monitorOnly: body.service.monitor_only,
    policy: { ...termsOf(body), latencyMs: body.policy.latency_ms },
    terms: {
      rule,
      requireVerified,
      waitingMs: waiting * 1_000,
      maxGapMs: gap === null ? Number.POSITIVE_INFINITY : gap * 1_000,
      floors: {
        minSamples: floors.min_samples,
        minFailures: floors.min_failures,
        minWindowSeconds: floors.window_seconds,
        maxThreshold: floors.threshold_avail,
        minLatencyMs: floors.latency_ms,
      },
    },
    domains: body.domains.entries.map((one) => ({
      domainId: one.domain_id,
      verified: one.verified,
      neverHealthy: one.never_healthy,
      editedAtMs: msOrNull(one.edited_at),
    })),
  };
};

/** What the engine of the rounds decides by these figures, and what it takes both sides to be. */
const decisionFault = (body: Body): string | null => {
  const storm = body.storm && {
    ...body.storm,
    startedAtMs: ms(body.storm.started_at),
    recoveringSinceMs: msOrNull(body.storm.recovering_since),
    creditReason: body.storm.credit_reason,
  };
  const nowMs = ms(body.decided_at);
  const detection = detect({
    cdns: body.service.cdns,
    terms: termsOf(body),
    nowMs,
    stats: statsOf(body),
    active: storm,
    previousEndedAtMs: msOrNull(body.previous_ended_at),
    domains: body.domains.entries.map((one) => ({ domainId: one.domain_id, paths: one.paths, primaryOnTrial: one.on_trial })),
    vantages: body.vantages.map(({ name, last_heard_at: heard }) => ({ name, lastHeardAtMs: ms(heard) })),
    newest: body.newest.entries.map((one) => ({
      domainId: one.domain_id,
      path: one.path,
      vantage: one.vantage,
      atMs: ms(one.at),
      isPast: one.is_past,
    })),
  });
  const { transition, credit } = judgeCredit(detection, storm, creditCaseOf(body), nowMs);
  const { change, started_at: startedAt, ended_at: endedAt, reason, relapses } = body.decision;
  if (transition === null || transition.kind !== change)
    return `does not follow: by its own figures nothing was to ${change}${transition === null ? "" : `, but to ${transition.kind}`}`;
  if (transition.kind === "begin") {
    if (isoTime(transition.startedAtMs) !== startedAt) return `does not follow: the storm began ${isoTime(transition.startedAtMs)}`;
    const told = body.credit;
    if (credit?.credit !== told?.credit || credit?.reason !== told?.reason)
      return `does not follow: its discount is ${credit?.credit ?? "none"} (${credit?.reason ?? "by the rule"})`;
    const down = (told?.down.entries ?? []).map((one) => one.domain_id);
    return (credit?.down ?? []).map(({ domainId }) => domainId).join() === down.join() ? null : "does not follow: other domains were down";
  }
  if (transition.kind === "end" && (isoTime(transition.endedAtMs) !== endedAt || transition.reason !== reason)) {
    return `does not follow: the storm ended ${isoTime(transition.endedAtMs)}, ${transition.reason}`;
  }
  return change === "relapse" && relapses !== (body.storm?.relapses ?? 0) + 1 ? "does not follow: it counts relapses otherwise" : null;
};

type Tally = { samples: number; failures: number; first: string | null };

/** Whether figures are those of samples in the order of time: of all of them or, of another vantage whose last ones were stored meanwhile, of the first ones. */
const isTallyOf = (wanted: Tally, samples: readonly Sample[], latencyMs: number | null, exact: boolean): boolean => {
  const tally: Tally = { samples: 0, failures: 0, first: null };
  const fits = () => tally.samples === wanted.samples && tally.failures === wanted.failures && tally.first === wanted.first;
  for (const [, , , probedAt, , ok, , latency] of samples) {
    if (!exact && fits()) return true;
    tally.samples += 1;
    if (isGood({ ok, latencyMs: latency }, { latencyMs })) continue;
    tally.failures += 1;
    tally.first ??= probedAt;
  }
  return fits();
};

const pathOf = (domainId: number, path: string, vantage: string): string => `${domainId} ${path} ${vantage}`;

/** Whether the figures of the window are those of the samples in it. */
const figuresFault = (body: Body, shown: readonly Sample[]): string | null => {
  const latencyMs = body.policy.kind === "http_latency" ? body.policy.latency_ms : null;
  const [toMs, fromMs] = [ms(body.decided_at), ms(body.decided_at) - body.policy.window_seconds * 1_000];
  const inWindow = shown.filter(([, , , at]) => ms(at) > fromMs && ms(at) <= toMs);
  const samples = Map.groupBy(inWindow, ([domainId, path, vantage]) => pathOf(domainId, path, vantage));
  const figures = new Set<string>();
  for (const one of body.window.entries) {
    const key = pathOf(one.domain_id, one.path, one.vantage);
    if (figures.has(key)) return `does not follow: its figures name a path twice (${key})`;
    figures.add(key);
    const bySetup = [...Map.groupBy(samples.get(key) ?? [], (sample) => sample[9]).values()];
    const wanted = { samples: one.samples, failures: one.failures, first: one.first_failed_at };
    // Which set-up counted was read a moment before: an edit may have come between.
    if (!bySetup.some((own) => isTallyOf(wanted, own, latencyMs, one.vantage === body.decided_by.vantage))) {
      return `does not follow: ${one.failures} of ${one.samples} failed by its figures, but not by its samples (domain ${one.domain_id}, ${one.path}, ${one.vantage})`;
    }
  }
  const setups = new Map(body.domains.entries.map((domain) => [domain.domain_id, domain.setups]));
  const forgotten = [...samples].find(
    ([key, [first, ...rest]]) =>
      first !== undefined &&
      first[2] === body.decided_by.vantage &&
      !figures.has(key) &&
      [first, ...rest].some((sample) => sample[9] === setups.get(first[0])?.[first[1]]),
  );
  return forgotten === undefined ? null : `does not follow: its figures leave out samples that it shows (${forgotten[0]})`;
};

const isBody = (body: JsonValue): boolean =>
  typeof body === "object" && body !== null && "domains" in body && "newest" in body && "window" in body;

/** Replays one record of a decision in the engine of the rounds (`domain/detection/detect.ts`). */
export const replayRecord = ({ kind, body: value }: EvidenceRecord): Replay => {
  if (!isDecision(kind, value)) return { result: "not", why: "is no decision by samples" };
  if (typeof value !== "object" || value === null || !("decided_by" in value) || !("policy" in value))
    return { result: "fault", why: "is empty: it shows nothing that was decided by" };
  if (!isBody(value)) return { result: "not", why: "is from before all that was decided by was recorded" };
  try {
    const body = value as unknown as Body;
    if (body.decision.change !== kind) return { result: "fault", why: `does not follow: it decides to ${body.decision.change}` };
    for (const [name, list] of [
      ["domains", body.domains],
      ["figures", body.window],
      ["newest samples", body.newest],
    ] as const) {
      if (list.left_out > 0) return { result: "not", why: `is not replayable: it has no room for ${list.left_out} of its ${name}` };
    }
    const fault = decisionFault(body);
    if (fault !== null) return { result: "fault", why: fault };
    const { samples } = body;
    if (samples === null) return { result: "partly", why: "is replayable by its figures alone: its samples could not be read" };
    const counted = body.window.entries.reduce((sum, one) => sum + one.samples, 0);
    if (samples.entries.length >= samples.most && counted > samples.entries.length) {
      return { result: "partly", why: `is replayable by its figures alone: it has no room for all of their ${counted} samples` };
    }
    if (samples.entries.length >= samples.most)
      return { result: "partly", why: "is replayable by its figures alone: it may not have had room for all samples" };
    const wrong = figuresFault(body, samples.entries);
    return wrong === null ? { result: "replayed" } : { result: "fault", why: wrong };
  } catch {
    return { result: "fault", why: "is not made as records are: it can not be replayed" };
  }
};
