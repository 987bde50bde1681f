import { z } from "@hono/zod-openapi";
import type { StormPolicy } from "../../adapters/ports/detection/policies.ts";
import { id, like, timeText } from "../../http/contract.ts";
import { isoTime } from "../../iso-time.ts";
import { decimal4, factor, nonEmpty, together } from "../schemas.ts";

const kind = z.enum(["http_availability", "http_latency"]);

/** The greatest cap that an admin can set. The customer's own is enforced by the store. */
const greatestFactor = 10;

const latencyMs = z.int().min(1).max(60_000).openapi({ description: "for http_latency: a sample is good up to this" });

export const policySchema = z
  .object({
    id,
    service_id: id,
    kind,
    version: z.int().openapi({ example: 1, description: "rises with each change; a storm keeps the version with which it began" }),
    threshold_avail: like(z.number(), 0.9),
    window_seconds: like(z.int(), 60),
    cooldown_seconds: like(z.int(), 300),
    max_coverage_factor: like(z.number(), 1.5),
    min_samples: like(z.int(), 3),
    min_failures: like(z.int(), 3),
    latency_ms: like(z.int().nullable(), null),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("StormPolicy");

/** @param probeIntervalMs a window shorter than 10 s requires a shorter probe interval */
export const policyBodies = (probeIntervalMs: number) => {
  const fields = {
    threshold_avail: like(decimal4().gt(0).max(1), 0.9),
    window_seconds: like(
      z
        .int()
        .min(Math.min(10, Math.ceil(probeIntervalMs / 1_000)))
        .max(3_600),
      60,
    ),
    cooldown_seconds: like(z.int().min(0).max(86_400), 300),
    max_coverage_factor: factor(greatestFactor),
    min_samples: like(z.int().min(1).max(100), 3),
    min_failures: like(z.int().min(1).max(100), 3),
    latency_ms: latencyMs,
  };
  const input = z
    .strictObject({
      kind: kind.default("http_availability"),
      threshold_avail: fields.threshold_avail.default(0.9),
      window_seconds: fields.window_seconds.default(60),
      cooldown_seconds: fields.cooldown_seconds.default(300),
      max_coverage_factor: fields.max_coverage_factor.default(1.5),
      min_samples: fields.min_samples.default(3),
      min_failures: fields.min_failures.default(3),
      latency_ms: latencyMs.nullable().default(null),
    })
    .refine((policy) => policy.kind === "http_latency" || policy.latency_ms === null, {
      path: ["latency_ms"],
      error: "is for http_latency only",
    })
    .refine((policy) => policy.kind === "http_availability" || policy.latency_ms !== null, {
      path: ["latency_ms"],
      error: "is required for http_latency",
    })
    .openapi(
      together({
        where: { required: ["kind"], properties: { kind: { const: "http_latency" } } },
        must: { required: ["latency_ms"], properties: { latency_ms: { type: "integer" } } },
        otherwise: { properties: { latency_ms: { type: "null" } } },
      }),
    )
    .openapi("StormPolicyInput");
  const patch = nonEmpty(z.strictObject(fields).partial()).openapi("StormPolicyPatch");
  return { input, patch };
};

export const representPolicy = (policy: StormPolicy): z.infer<typeof policySchema> => ({
  id: policy.id,
  service_id: policy.serviceId,
  kind: policy.kind,
  version: policy.version,
  threshold_avail: policy.thresholdAvail,
  window_seconds: policy.windowSeconds,
  cooldown_seconds: policy.cooldownSeconds,
  max_coverage_factor: policy.maxCoverageFactor,
  min_samples: policy.minSamples,
  min_failures: policy.minFailures,
  latency_ms: policy.latencyMs,
  created_at: isoTime(policy.createdAtMs),
  updated_at: isoTime(policy.updatedAtMs),
});
