import type { Deps } from "../../adapters/ports/deps.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import type { StoredClaim } from "../../adapters/ports/tenants/ownership.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { ClaimChange } from "../../domain/tenants/ownership.ts";
import { afterLook, afterWaiver, stateOf } from "../../domain/tenants/ownership.ts";
import type { Proof } from "../../domain/tenants/ownership-record.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { AppError } from "../../errors.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { lookOf, lookUp, settle } from "../../pipeline/tenants/ownership.ts";

const retryAfterSeconds = "30";

/** The request itself is recorded in the audit log, even where the claim has not changed. */
const saying = (changes: readonly ClaimChange[], id: number, event: "verify" | "proof_missing"): readonly ClaimChange[] =>
  changes.map((change) => (change.claim.id === id && change.event === null ? { ...change, event } : change));

/** Whether a challenge proves nothing any more: another one has to be handed out. */
export const isExpired = ({ clock, config }: Deps, domain: Domain): boolean =>
  config.domainVerification && domain.verifiedAtMs === null && domain.disputedAtMs === null && domain.challengeExpiresAtMs <= clock.nowMs();

const domainOf = async ({ domains }: Deps, customerId: number, serviceId: number, id: number): Promise<Domain> => {
  const domain = await domains.get(customerId, serviceId, id);
  if (domain === null) throw noSuchResource();
  return domain;
};

/** A domain with a challenge that can be met: one that has expired is replaced by another. @throws AppError `not_found` */
export const challengeOf = async (deps: Deps, customerId: number, serviceId: number, id: number, change: Change): Promise<Domain> => {
  const domain = await domainOf(deps, customerId, serviceId, id);
  if (!isExpired(deps, domain)) return domain;
  await deps.ownership.renew(id, deps.clock.nowMs(), change);
  return await domainOf(deps, customerId, serviceId, id);
};

/** @throws AppError `conflict` where the proof is missing, `unavailable` where it can not be looked up */
const refuseUnproven = (domain: Domain, proof: Proof): void => {
  if (proof.status === "proven") return;
  const resolvers = proof.resolvers.join(", ");
  if (proof.status === "undecided") {
    const headers = { "retry-after": retryAfterSeconds };
    throw new AppError("unavailable", `the public DNS could not be asked (${resolvers})`, { headers });
  }
  throw new AppError(
    "conflict",
    `no TXT record ${challengeName(domain.name)} with the value of the challenge is seen by ${resolvers}; DNS may take minutes`,
  );
};

/** Looks up the record, and stores the result. @throws AppError where the claim does not hold the name afterwards */
const prove = async (deps: Deps, domain: Domain, change: Change): Promise<void> => {
  if (isExpired(deps, domain)) {
    await deps.ownership.renew(domain.id, deps.clock.nowMs(), change);
    throw new AppError("conflict", "the challenge has expired: read the new one and publish that");
  }
  const proof = await lookUp(
    deps,
    { name: domain.name, token: domain.challengeToken },
    requestBudget(deps.clock, createConnections(deps.clock)),
  );
  const look = lookOf(proof);
  const decide = (claims: readonly StoredClaim[], own: StoredClaim) =>
    own.token !== domain.challengeToken
      ? null
      : saying(afterLook(claims, own.id, look, deps.clock.nowMs()), own.id, look === "seen" ? "verify" : "proof_missing");
  const own = look === "undecided" ? null : await settle(deps, domain.id, change, ({ claims }, claim) => decide(claims, claim));
  refuseUnproven(domain, proof);
  if (own === null) throw new AppError("conflict", "the challenge has changed meanwhile: read it again");
  if (stateOf(own, true) !== "disputed") return;
  throw new AppError(
    "conflict",
    "the record is seen, and somebody else holds the name: it is disputed, and stays theirs until an admin decides or their own record is gone for 7 days",
  );
};

/**
 * Looks a domain's challenge up now. The API and the console do it by the same rules.
 * @returns the domain, which is proven to be the customer's
 * @throws AppError `conflict` with what is missing, `unavailable` where the public DNS does not answer, `not_found`
 */
export const verifyDomain = async (deps: Deps, customerId: number, serviceId: number, id: number, change: Change): Promise<Domain> => {
  const domain = await domainOf(deps, customerId, serviceId, id);
  if (deps.config.domainVerification) await prove(deps, domain, change);
  else await settle(deps, id, change, ({ claims }) => afterWaiver(claims, id, deps.clock.nowMs()));
  return await domainOf(deps, customerId, serviceId, id);
};
