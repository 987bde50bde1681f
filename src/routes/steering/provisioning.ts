import type { Deps } from "../../adapters/ports/deps.ts";
import type { ProvisionResult } from "../../adapters/ports/steering/dns-access.ts";
import type { DnsSetup, DnsSetupDomain } from "../../adapters/ports/steering/dns-setup.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { challengeName } from "../../domain/tenants/ownership-record.ts";
import { AppError } from "../../errors.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import { isFreshNow } from "../../pipeline/tenants/ownership.ts";

/** Semantics §7: a switch must take effect within a minute. */
export const ttlSeconds = 60;

const conflict = (detail: string) => new AppError("conflict", detail);

/** The targets of the pair. @throws AppError `conflict` where it must not or cannot be created */
const wishFor = (setup: DnsSetup, domain: DnsSetupDomain) => {
  if (!domain.verified) throw conflict("prove the ownership of the domain first");
  if (setup.frozen) throw conflict("the service is frozen: nothing is written");
  if (setup.shadow) throw conflict("the service is only shadowed: nothing is written");
  const { primaryTarget: primary, backupTarget: backup } = domain;
  if (primary === null || backup === null) throw conflict("PATCH the domain with a primary_target and a backup_target first");
  if (primary.includes(":") || backup.includes(":")) throw conflict("a CNAME points at a hostname, not at an origin or an address");
  return { domain: domain.name, targets: { primary, backup }, weights: domain.normal, ttlSeconds };
};

/** A pair that is there now. */
export type Provisioned = Extract<ProvisionResult, { readonly status: "created" | "exists" }>;

/** Creating records requires a proof that is there now. @throws AppError `conflict` */
const refuseLapsed = async (deps: Deps, { domainId, name }: DnsSetupDomain, change: Change): Promise<void> => {
  if (!deps.config.domainVerification) return;
  const [claim] = await deps.ownership.byIds([domainId]);
  const isFresh = claim !== undefined && (await isFreshNow(deps, claim, change, requestBudget(deps.clock, createConnections(deps.clock))));
  if (!isFresh) throw conflict(`the record ${challengeName(name)} is not seen: the proof of the name has lapsed`);
};

const create = async (deps: Deps, setup: DnsSetup, domain: DnsSetupDomain, change: Change): Promise<{ result: Provisioned }> => {
  const wish = wishFor(setup, domain);
  await refuseLapsed(deps, domain, change);
  await deps.dnsSetup.noteProvisioning(domain.domainId, wish, change);
  const dns = await deps.dnsDirectory.of(setup.customerId);
  const { result } = await deps.dnsSetup.noteProvisioned(
    domain.domainId,
    await dns.provision(wish, requestBudget(deps.clock, createConnections(deps.clock))),
    change,
  );
  if (result.status === "created" || result.status === "exists") return { result };
  if (result.status === "refused" || !result.retryable) throw conflict(result.detail);
  throw new AppError("unavailable", result.detail, { headers: { "retry-after": "30" } });
};

/**
 * Creates a domain's weighted pair, or its missing half. The API and the console do it by the same rules.
 * @param once runs the creation, once per request
 * @throws AppError `conflict` with what stands in the way, `unavailable` where Route 53 does not answer, `not_found`
 */
export const provisionDomain = async (
  deps: Deps,
  customerId: number,
  serviceId: number,
  domainId: number,
  once: (make: (change: Change) => Promise<{ result: Provisioned }>) => Promise<{ result: Provisioned }>,
): Promise<Provisioned> => {
  const setup = await deps.dnsSetup.get(customerId, serviceId, { limit: 1, afterDomainId: domainId - 1 });
  const domain = setup?.domains.find((one) => one.domainId === domainId);
  if (setup == null || domain === undefined) throw noSuchResource();
  const { result } = await once((change) => create(deps, setup, domain, change));
  return result;
};
