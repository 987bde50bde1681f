import type { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { PolicyPatch, PolicyTerms, StormPolicy } from "../../adapters/ports/detection/policies.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import type { policyBodies } from "./policy-contract.ts";

type Bodies = ReturnType<typeof policyBodies>;
export type PolicyBody = z.infer<Bodies["input"]>;

/** The terms that a body asks for, by the names of the port. */
export const policyTerms = (body: PolicyBody): PolicyTerms => ({
  thresholdAvail: body.threshold_avail,
  windowSeconds: body.window_seconds,
  cooldownSeconds: body.cooldown_seconds,
  maxCoverageFactor: body.max_coverage_factor,
  minSamples: body.min_samples,
  minFailures: body.min_failures,
  latencyMs: body.latency_ms,
});

/**
 * Adds a storm policy to a service. The API and the console do it by the same rules.
 * @throws AppError `conflict` for a second one of its kind, `bad_request` above the customer's cap, `quota`, `not_found`
 */
export const createPolicy = async (
  { policies }: Pick<Deps, "policies">,
  customerId: number,
  serviceId: number,
  body: PolicyBody,
  change: Change,
): Promise<StormPolicy> => {
  const policy = await policies.create(customerId, serviceId, body.kind, policyTerms(body), change);
  if (policy === null) throw noSuchResource();
  return policy;
};

/** Makes a policy's next version. @throws AppError `bad_request`, `not_found` */
export const changePolicy = async (
  { policies }: Pick<Deps, "policies">,
  customerId: number,
  serviceId: number,
  id: number,
  body: z.infer<Bodies["patch"]>,
  change: Change,
): Promise<StormPolicy> => {
  const fields: PolicyPatch = {
    thresholdAvail: body.threshold_avail,
    windowSeconds: body.window_seconds,
    cooldownSeconds: body.cooldown_seconds,
    maxCoverageFactor: body.max_coverage_factor,
    minSamples: body.min_samples,
    minFailures: body.min_failures,
    latencyMs: body.latency_ms,
  };
  const policy = await policies.update(customerId, serviceId, id, fields, change);
  if (policy === null) throw noSuchResource();
  return policy;
};
