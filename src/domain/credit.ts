import type { Detection, DomainHealth } from "./detect.ts";
import type { ActiveStorm, StormTransition } from "./storm.ts";

/** A domain that has not been seen healthy since its latest set-up. */
export type NeverHealthy = {
  /** When it, or the CDNs of its service, were last edited (epoch milliseconds); null: never since it was created. */
  readonly editedAtMs: number | null;
};

/** The `credit_reason` of a storm that earns no discount for want of a domain that was ever healthy. */
export const neverHealthyReason = "never_healthy";

/** Rounds that were under way at an edit still probe what stood there before, and clocks differ. */
const afterEditMs = 60_000;

/**
 * Whether a policy's reading shows a domain to be healthy as it is set up now: its path is known to be up, by samples of
 * which none can be of an earlier set-up.
 */
export const showsHealthy = (
  { health }: Pick<DomainHealth, "health">,
  { editedAtMs }: NeverHealthy,
  windowSeconds: number,
  nowMs: number,
): boolean => health === "up" && (editedAtMs === null || nowMs - windowSeconds * 1_000 >= editedAtMs + afterEditMs);

/** What the credit of a storm rests on when it begins. */
export type CreditGrounds = {
  /** Domains whose path is down. */
  readonly down: readonly number[];
  /** Those of them never seen healthy since their latest set-up: with a single one the storm earns no discount. */
  readonly neverHealthy: readonly number[];
};

/** An active storm; `creditReason` is why it earns no discount, null: it earns. */
export type CreditedStorm = ActiveStorm & { readonly creditReason: string | null };

/** Whether all that fails would by now have the credit decided the other way; what fails for both reasons changes nothing. */
const isOtherwise = (storm: CreditedStorm, domains: readonly DomainHealth[], neverHealthy: ReadonlySet<number>): boolean => {
  const failing = domains.filter(({ below }) => below);
  const refused = storm.creditReason === neverHealthyReason;
  return failing.some(({ health }) => health === "down") && failing.every(({ domainId }) => neverHealthy.has(domainId) !== refused);
};

/**
 * A storm's credit is decided when it begins and never changes. Where it would be decided otherwise by now, the storm ends
 * and leaves the next round to begin another: neither is time credited by hindsight, nor a real outage refused for a
 * fault that was corrected. `credit` is of a storm that begins, null otherwise.
 * @param neverHealthy domains not seen healthy since their latest set-up
 */
export const judgeCredit = (
  { transition, domains }: Pick<Detection, "transition" | "domains">,
  active: CreditedStorm | null,
  neverHealthy: ReadonlySet<number>,
  nowMs: number,
): { readonly transition: StormTransition | null; readonly credit: CreditGrounds | null } => {
  if (transition?.kind === "begin") {
    const down = domains.filter(({ health }) => health === "down").map(({ domainId }) => domainId);
    return { transition, credit: { down, neverHealthy: down.filter((domainId) => neverHealthy.has(domainId)) } };
  }
  if (active === null || transition?.kind === "end" || !isOtherwise(active, domains, neverHealthy)) return { transition, credit: null };
  // What was recovering is credited until then, whatever ends it.
  const endedAtMs = active.state === "recovering" ? (active.recoveringSinceMs ?? nowMs) : nowMs;
  return { transition: { kind: "end", endedAtMs: Math.max(endedAtMs, active.startedAtMs), reason: "credit_changed" }, credit: null };
};
