import type { Deps } from "../../adapters/ports/deps.ts";
import type { ReadinessCheck } from "../../adapters/ports/steering/dns-setup.ts";
import type { Domain } from "../../adapters/ports/tenants/domains.ts";
import type { ServiceDetail } from "../../adapters/ports/tenants/services.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { stateOf } from "../../domain/tenants/ownership.ts";
import type { OwnershipState } from "../../domain/tenants/ownership.ts";

/** The steps of setting a service up, in their order. */
export const steps = ["service", "domains", "records", "verification", "policy", "readiness"] as const;

export type Step = (typeof steps)[number];

export const stepNames: Readonly<Record<Step, string>> = {
  service: "Service",
  domains: "Domains",
  records: "Records",
  verification: "Verification",
  policy: "Policy",
  readiness: "Readiness",
};

/** All that says how far a service is: rows of the database, nothing of a browser. */
export type Standing = {
  readonly detail: ServiceDetail;
  readonly check: ReadinessCheck | null;
  readonly isProven: (domain: Domain) => boolean;
};

/** @param required whether names have to be proven (DOMAIN_VERIFICATION) */
export const ownershipOf = (domain: Domain, required: boolean): OwnershipState => stateOf({ ...domain, absences: 0, dueAtMs: 0 }, required);

/** @throws AppError `not_found` */
export const standingOf = async (deps: Deps, customerId: number, serviceId: number): Promise<Standing> => {
  const [detail, last] = await Promise.all([deps.services.get(customerId, serviceId), deps.dnsSetup.lastCheck(customerId, serviceId)]);
  if (detail === null || last === null) throw noSuchResource();
  const required = deps.config.domainVerification;
  const isProven = (domain: Domain): boolean => ["proven", "lapsing", "held"].includes(ownershipOf(domain, required));
  return { detail, check: last.check, isProven };
};

/** Which steps are done. Records are for the proof first of all: they are where every name is proven; readiness checks the pairs. */
export const doneSteps = ({ detail, check, isProven }: Standing): ReadonlySet<Step> => {
  const { domains, stormPolicies } = detail;
  const areProven = domains.length > 0 && domains.every(isProven);
  const done: readonly (readonly [Step, boolean])[] = [
    ["service", true],
    ["domains", domains.length > 0],
    ["records", areProven],
    ["verification", areProven],
    ["policy", stormPolicies.length > 0],
    ["readiness", check !== null && check.result !== "fail"],
  ];
  return new Set(done.flatMap(([step, isDone]) => (isDone ? [step] : [])));
};

/** The step that a service is at: the first that is not done, else the last. */
export const stepAt = (standing: Standing): Step => {
  const done = doneSteps(standing);
  return steps.find((step) => !done.has(step)) ?? "readiness";
};
