import type { Detection, DomainHealth } from "../detection/detect.ts";
import type { JudgingTerms } from "../detection/health.ts";
import type { ActiveStorm, StormTransition } from "../detection/storm.ts";

/**
 * Which storms earn a discount (semantics §9). `storm`: every one of a primary that was once healthy. `verified`: of a
 * verified domain that could be moved, by terms that are not below the operator's floors and were not edited lately.
 * `corroborated`: and of a CDN that others saw failing, too.
 */
export const creditRules = ["storm", "verified", "corroborated"] as const;
export type CreditRule = (typeof creditRules)[number];

export const credits = ["earned", "pending", "refused"] as const;
export type Credit = (typeof credits)[number];

/** Every `credit_reason`, with its explanation. Of a storm that earns it is null, `corroborated` or `confirmed`. */
export const creditReasons = {
  never_healthy: "a domain that was down had not been seen healthy since its latest set-up",
  unverified: "the ownership of a domain that was down is not proven",
  monitor_only: "the service had nothing to move traffic to",
  terms_below_floor: "the policy asks for less than the operator's floors",
  recent_edit: "what triggers the storm was edited within the waiting period",
  uncorroborated: "nobody else has seen the CDN failing; it waits for that, or for an admin",
  corroborated: "canaries or other customers saw the CDN failing, too",
  confirmed: "an admin confirmed it",
  declined: "an admin refused it",
} as const;
export type CreditReason = keyof typeof creditReasons;

/** What a policy must at least ask for to earn a discount. */
export type CreditFloors = {
  readonly minSamples: number;
  readonly minFailures: number;
  readonly minWindowSeconds: number;
  readonly maxThreshold: number;
  /** Of `http_latency`. */
  readonly minLatencyMs: number;
};

/** The operator's terms of credit. */
export type CreditTerms = {
  /** Of customers whose own terms name none. */
  readonly rule: CreditRule;
  /** False where DOMAIN_VERIFICATION is off: every domain counts as verified then. */
  readonly requireVerified: boolean;
  /** After an edit of what triggers. */
  readonly waitingMs: number;
  /** The longest calm between a recovery and a relapse that is credited as part of the storm, however long its cooldown is. */
  readonly maxGapMs: number;
  readonly floors: CreditFloors;
};

/** The default: no condition but having been healthy. */
export const everyStorm: CreditTerms = {
  rule: "storm",
  requireVerified: false,
  waitingMs: 0,
  maxGapMs: Number.POSITIVE_INFINITY,
  floors: { minSamples: 1, minFailures: 1, minWindowSeconds: 1, maxThreshold: 1, minLatencyMs: 1 },
};

/** A domain that has not been seen healthy since its latest set-up. */
export type NeverHealthy = {
  /** When it, or the CDNs of its service, were last edited (epoch milliseconds); null: never since it was created. */
  readonly editedAtMs: number | null;
};

/** Rounds in flight at an edit still probe the previous set-up, and clocks differ. */
const afterEditMs = 60_000;

/**
 * Whether a policy's reading shows a domain healthy in its present set-up: its path is known to be up, by samples of
 * which none can be of an earlier set-up.
 */
export const showsHealthy = (
  { health }: Pick<DomainHealth, "health">,
  { editedAtMs }: NeverHealthy,
  windowSeconds: number,
  nowMs: number,
): boolean => health === "up" && (editedAtMs === null || nowMs - windowSeconds * 1_000 >= editedAtMs + afterEditMs);

/** A domain's facts for the decision on credit. */
export type CreditDomain = {
  readonly domainId: number;
  readonly verified: boolean;
  /** When what triggers was last edited, its creation and the policies of its service included; null: not lately. */
  readonly editedAtMs: number | null;
  readonly neverHealthy: boolean;
};

/** The terms by which a storm begins. `latencyMs` null: not of latency. */
export type TriggerTerms = JudgingTerms & { readonly windowSeconds: number; readonly latencyMs: number | null };

/** What the credit of a service's storms depends on besides the domains that are down. */
export type CreditCase = {
  readonly terms: CreditTerms;
  /** The customer's own rule, or the operator's. */
  readonly rule: CreditRule;
  readonly monitorOnly: boolean;
  readonly policy: TriggerTerms;
  readonly domains: readonly CreditDomain[];
};

export type CreditVerdict = { readonly credit: Credit; readonly reason: CreditReason | null };

const isBelow = (policy: TriggerTerms, floors: CreditFloors): boolean =>
  policy.minSamples < floors.minSamples ||
  policy.minFailures < floors.minFailures ||
  policy.windowSeconds < floors.minWindowSeconds ||
  policy.thresholdAvail > floors.maxThreshold ||
  (policy.latencyMs !== null && policy.latencyMs < floors.minLatencyMs);

const asksProof = ({ terms, rule }: Pick<CreditCase, "terms" | "rule">): boolean => rule !== "storm" && terms.requireVerified;

const isRecent = ({ editedAtMs }: CreditDomain, { waitingMs }: CreditTerms, nowMs: number): boolean =>
  waitingMs > 0 && editedAtMs !== null && nowMs < editedAtMs + waitingMs;

/** @param down the domains that are down when the storm begins: one of them that does not qualify is enough to refuse it */
export const decideCredit = (of: CreditCase, down: readonly CreditDomain[], nowMs: number): CreditVerdict => {
  const refused = (reason: CreditReason): CreditVerdict => ({ credit: "refused", reason });
  if (down.some(({ neverHealthy }) => neverHealthy)) return refused("never_healthy");
  if (of.rule === "storm") return { credit: "earned", reason: null };
  if (asksProof(of) && down.some(({ verified }) => !verified)) return refused("unverified");
  if (of.monitorOnly) return refused("monitor_only");
  if (isBelow(of.policy, of.terms.floors)) return refused("terms_below_floor");
  if (down.some((domain) => isRecent(domain, of.terms, nowMs))) return refused("recent_edit");
  return of.rule === "corroborated" ? { credit: "pending", reason: "uncorroborated" } : { credit: "earned", reason: null };
};

/** The basis of a storm's credit when it begins. */
export type CreditGrounds = CreditVerdict & {
  readonly case: CreditCase;
  /** Domains whose path is down. */
  readonly down: readonly CreditDomain[];
};

/** An active storm; `creditReason` is why it earns or not, null: it earns. */
export type CreditedStorm = ActiveStorm & { readonly creditReason: CreditReason | null };

/** Reasons that depend on the failing domains, and so may differ for others later. */
const byDomains: ReadonlySet<CreditReason | null> = new Set<CreditReason | null>(["never_healthy", "unverified"]);
const earning: ReadonlySet<CreditReason | null> = new Set<CreditReason | null>([null, "corroborated", "uncorroborated"]);

/** Whether all failing domains would by now decide the credit the other way; with both kinds failing nothing changes. */
const isOtherwise = ({ creditReason }: CreditedStorm, failing: readonly DomainHealth[], of: CreditCase): boolean => {
  const refused = byDomains.has(creditReason);
  if (!refused && !earning.has(creditReason)) return false;
  const disqualified = new Map(
    of.domains.map(({ domainId, neverHealthy, verified }) => [domainId, neverHealthy || (asksProof(of) && !verified)]),
  );
  return (
    failing.some(({ health }) => health === "down") && failing.every(({ domainId }) => (disqualified.get(domainId) ?? false) !== refused)
  );
};

/**
 * A storm's credit is decided when it begins; later only a witness or an admin changes it. Where its domains would decide
 * otherwise by now, and where it relapses after a calm longer than is credited, the storm ends
 * and the next round begins another: no time is credited retroactively, and no real outage refused for a
 * fault that was corrected. `credit` is of a storm that begins, null otherwise.
 */
export const judgeCredit = (
  { transition, domains }: Pick<Detection, "transition" | "domains">,
  active: CreditedStorm | null,
  of: CreditCase,
  nowMs: number,
): { readonly transition: StormTransition | null; readonly credit: CreditGrounds | null } => {
  if (transition?.kind === "begin") {
    const ids = new Set(domains.filter(({ health }) => health === "down").map(({ domainId }) => domainId));
    const down = of.domains.filter(({ domainId }) => ids.has(domainId));
    return { transition, credit: { ...decideCredit(of, down, nowMs), case: of, down } };
  }
  if (active === null || transition?.kind === "end") return { transition, credit: null };
  const sinceMs = active.state === "recovering" ? active.recoveringSinceMs : null;
  const isAnother = transition?.kind === "relapse" && sinceMs !== null && nowMs - sinceMs > of.terms.maxGapMs;
  if (
    !isAnother &&
    !isOtherwise(
      active,
      domains.filter(({ below }) => below),
      of,
    )
  )
    return { transition, credit: null };
  // A recovering storm is credited until the recovery began, whatever ends it.
  return { transition: { kind: "end", endedAtMs: Math.max(sinceMs ?? nowMs, active.startedAtMs), reason: "credit_changed" }, credit: null };
};
