import type { SeenHealthy } from "../../adapters/ports/detection/round.ts";
import type { PolicyView, RoundDomain, RoundService } from "../../adapters/ports/detection/round-view.ts";
import type { CreditCase, CreditTerms } from "../../domain/billing/credit.ts";
import { showsHealthy } from "../../domain/billing/credit.ts";
import type { DomainHealth } from "../../domain/detection/detect.ts";
import { isMonitorOnly, onTrial } from "./paths.ts";

/**
 * Whether a domain was not seen healthy since its latest set-up. A primary on trial was not: it has not answered since it was
 * discovered, whatever the name itself did before.
 */
export const isNeverHealthy = (domain: RoundDomain): boolean => domain.neverHealthy !== null || onTrial(domain, "primary");

/** Whether a domain's name qualifies for a discount: it is verified, and its proof is not in the state `held`. */
export const isVerified = ({ verified, proof }: Pick<RoundDomain, "verified" | "proof">): boolean => verified && proof?.held !== true;

/** What the credit of a service's storms depends on, as known to the round. */
export const creditCase = (service: RoundService, policy: PolicyView, terms: CreditTerms): CreditCase => ({
  terms,
  rule: service.creditRule ?? terms.rule,
  monitorOnly: isMonitorOnly(service),
  policy,
  domains: service.domains.map((domain) => ({
    domainId: domain.domainId,
    verified: isVerified(domain),
    editedAtMs: domain.editedAtMs,
    neverHealthy: isNeverHealthy(domain),
  })),
});

/**
 * The domains that are now shown to be healthy for the first time since their latest set-up, by every live policy of their
 * service: the same "up" by which steering lets traffic back. A service without a policy has none.
 */
export const seenHealthy = (
  service: RoundService,
  judged: readonly { readonly policy: Pick<PolicyView, "windowSeconds">; readonly domains: readonly DomainHealth[] }[],
  nowMs: number,
): readonly SeenHealthy[] => {
  const waiting = service.domains.filter((domain) => domain.neverHealthy !== null && !onTrial(domain, "primary"));
  if (waiting.length === 0 || judged.length === 0) return [];
  const views = judged.map(({ policy, domains }) => ({ policy, byDomain: new Map(domains.map((one) => [one.domainId, one])) }));
  return waiting.flatMap(({ domainId, neverHealthy: since, primaryTarget, probePath, expectStatus }) => {
    const shown = views.every(({ policy, byDomain }) => {
      const own = byDomain.get(domainId);
      return own !== undefined && since !== null && showsHealthy(own, since, policy.windowSeconds, nowMs);
    });
    return shown ? [{ domainId, primaryCdn: service.cdns[0] ?? "", primaryTarget, probePath, expectStatus }] : [];
  });
};
