import type { Deps } from "../../adapters/ports/deps.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { HclDocument } from "../../domain/steering/hcl.ts";
import { terraformOf } from "../../domain/steering/terraform.ts";
import type { TerraformService } from "../../domain/steering/terraform.ts";
import { siteOf } from "../../registrable-domain.ts";
import { policyAdvice } from "./iam-policy.ts";
import { ttlSeconds } from "./provisioning.ts";

/** A domain is about 3 kB of the answer: a page is less than a megabyte, unless its records are very long. */
export const domainsPerPage = 200;

const frameOf = async (deps: Deps, customerId: number, serviceId: number): Promise<TerraformService["frame"]> => {
  const domains = await deps.dnsSetup.permitted(customerId, serviceId);
  if (domains === null) throw noSuchResource();
  const [account = null] = await deps.dnsAccounts.list(customerId, { limit: 1, afterId: null });
  return { account, advice: policyAdvice(deps, domains) };
};

/** A page of a service as Terraform configuration. `next`: the cursor of the next one; null: there is none. */
export type TerraformPage = { readonly document: HclDocument; readonly next: number | null };

/**
 * A service as Terraform configuration, from the domain after `cursor` on. The API and the console give the same.
 * @param hasFrame whether versions, policies and role are in it
 * @throws AppError `not_found`
 */
export const terraformPage = async (
  deps: Deps,
  customerId: number,
  serviceId: number,
  cursor: number,
  hasFrame: boolean,
): Promise<TerraformPage> => {
  const setup = await deps.dnsSetup.get(customerId, serviceId, { limit: domainsPerPage, afterDomainId: cursor });
  if (setup === null) throw noSuchResource();
  const document = terraformOf({
    ...setup,
    ttlSeconds,
    isApex: (name) => siteOf(name) === name,
    frame: hasFrame ? await frameOf(deps, customerId, serviceId) : null,
  });
  return { document, next: setup.domainsBehind ? (setup.domains.at(-1)?.domainId ?? null) : null };
};
