import { z } from "@hono/zod-openapi";
import type { KeptReadings, ProbeAgent, ReadingFate } from "../../adapters/ports/detection/probe-agents.ts";
import type { AgentReading, ReadingFault } from "../../domain/detection/agent-reading.ts";
import { mostProbes } from "../../domain/detection/agent-reading.ts";
import { agentVantage } from "../../domain/detection/vantage.ts";
import { id, label, like, time, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

export const agentSchema = z
  .object({
    id,
    name: like(z.string(), "fra-1"),
    location: like(z.string().nullable(), "Frankfurt"),
    vantage: like(z.string(), "agent:fra-1").openapi({ description: "the name of its samples" }),
    created_by: like(z.string(), "admin:alice"),
    created_at: timeText,
    deleted_at: like(timeText.nullable(), null),
    last_sample_at: timeText.nullable().openapi({ description: "when samples of it were last taken; null: never" }),
    clock_skew_seconds: like(z.number().nullable(), 0.04).openapi({
      description: "by how much its clock was ahead of the database's then, which it corrects by itself; null: not measured",
    }),
    version: like(z.string().nullable(), "0.1.0").openapi({ description: "which it runs, as it says" }),
  })
  .openapi("ProbeAgent");

export const newAgentSchema = agentSchema
  .extend({
    secret: z.string().openapi({
      description: "TRANCHE_PROBE_SECRET of its process; shown this once",
      example: "tpa_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE",
    }),
  })
  .openapi("NewProbeAgent");

export const agentInput = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must be 1 to 40 of a-z, 0-9 and -, and begin with a letter or digit")
      .openapi({ example: "fra-1", description: "its samples are of the vantage `agent:<name>`; no other agent ever gets this name" }),
    location: label(100).optional().openapi({ example: "Frankfurt", description: "where it is, for people" }),
  })
  .openapi("ProbeAgentInput");

export const represent = (agent: ProbeAgent): z.infer<typeof agentSchema> => ({
  id: agent.id,
  name: agent.name,
  location: agent.location,
  vantage: agentVantage(agent.name),
  created_by: agent.createdBy,
  created_at: isoTime(agent.createdAtMs),
  deleted_at: isoTimeOrNull(agent.deletedAtMs),
  last_sample_at: isoTimeOrNull(agent.lastSampleAtMs),
  clock_skew_seconds: agent.clockSkewMs === null ? null : agent.clockSkewMs / 1_000,
  version: agent.version,
});

const path = z.enum(["primary", "backup", "direct"]);
const setup = like(z.int().min(0).max(32_767), 0);

const target = z
  .object({
    path,
    url: like(z.string(), "https://example.global.ssl.fastly.net/healthz"),
    setup: setup.openapi({ description: "which of the path's set-ups this is: to be said with its samples" }),
    cdn: like(z.string().nullable(), "fastly"),
  })
  .openapi("ProbeTarget");

export const targetsSchema = z
  .object({
    interval_ms: like(z.int(), 10_000).openapi({ description: "slots begin at the multiples of this, by the database's clock" }),
    timeout_ms: like(z.int(), 5_000),
    domains: z.array(
      z.object({
        domain_id: id,
        service_id: id,
        customer_id: id.openapi({ description: "customers come in turns in a round, as everywhere" }),
        expect_status: like(z.string(), "200-399"),
        paths: z.array(target),
      }),
    ),
  })
  .openapi("ProbeTargets");

const errors = ["timeout", "network", "http_status", "cdn_52x"] as const;

/** One reading as it is sent; each is judged by itself. */
const readingInput = z.strictObject({
  domain_id: z.int().min(1),
  path,
  setup: z.int().min(0).max(32_767),
  slot: time,
  probes: z
    .array(
      z.strictObject({
        probed_at: time,
        status: z.int().min(100).max(599).nullable(),
        latency_ms: z.int().min(0).max(600_000),
        error: z.enum(errors).nullable(),
      }),
    )
    .min(1)
    .max(mostProbes),
});

/** Readings of one request. */
const mostReadings = 1_000;
/** Rejected ones of which an answer says what is wrong. */
const mostRejections = 20;

const sample = {
  domain_id: 1,
  path: "primary",
  setup: 0,
  slot: "2026-11-21T00:00:00Z",
  probes: [{ probed_at: "2026-11-21T00:00:00.412Z", status: 200, latency_ms: 87, error: null }],
};

export const samplesInput = z
  .strictObject({
    version: z
      .string()
      .regex(/^[0-9A-Za-z.+-]{1,40}$/, "must be a version such as 0.1.0")
      .optional()
      .openapi({ example: "0.1.0" }),
    readings: z
      .array(z.unknown())
      .min(1)
      .max(mostReadings)
      .openapi({
        example: [sample],
        description:
          "what was seen of a path in a slot: domain_id, path, setup (as the targets say), slot, and probes: one, or a failed one " +
          "and the two that confirm it, each with probed_at, status, latency_ms, error (timeout, network, http_status, cdn_52x, or null)",
      }),
  })
  .openapi("ProbeSamplesInput");

const fates = ["known", "late", "stale", "gone"] as const;
const count = (example: number) => like(z.int().min(0), example);

export const keptSchema = z
  .object({
    accepted: count(1),
    ignored: z.object(Object.fromEntries(fates.map((name) => [name, count(0)])) as Record<(typeof fates)[number], z.ZodInt>).openapi({
      description:
        "well, and of no use. `known`: there is one of its path and slot; `late`: its slot began more than a minute ago; `stale`: " +
        "the path has another set-up by now; `gone`: it is no path to probe. After the last two the targets are to be read again",
    }),
    rejected: count(0).openapi({ description: `wrong in themselves; of the first ${mostRejections} the list says how` }),
    rejections: z.array(
      z.object({ pointer: like(z.string(), "/readings/3/slot"), detail: like(z.string(), "is ahead of the database's clock") }),
    ),
  })
  .openapi("ProbeSamplesResult", { description: "every reading is counted once" });

/** @returns the reading, or what is wrong with its form */
export const readReading = (value: unknown): AgentReading | ReadingFault => {
  const parsed = readingInput.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const pointer = (issue?.path ?? []).map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
    return { pointer, detail: issue?.message ?? "is not valid" };
  }
  const { domain_id: domainId, slot: slotMs, probes, ...same } = parsed.data;
  return {
    ...same,
    domainId,
    slotMs,
    probes: probes.map(({ probed_at: probedAtMs, latency_ms: latencyMs, ...rest }) => ({ ...rest, probedAtMs, latencyMs })),
  };
};

/** The answer about a batch. @param kept of the readings that were well in themselves, at `places` of the batch */
export const representKept = (
  { taken, fates: found }: KeptReadings,
  places: readonly number[],
  rejected: readonly ReadingFault[],
): z.infer<typeof keptSchema> => {
  const of = (fate: ReadingFate) => [...found].filter(([, one]) => one === fate);
  const early = of("early").map(([at]) => ({ pointer: `/readings/${places[at]}/slot`, detail: "is ahead of the database's clock" }));
  const all = [...rejected, ...early];
  return {
    accepted: taken,
    ignored: { known: of("known").length, late: of("late").length, stale: of("stale").length, gone: of("gone").length },
    rejected: all.length,
    rejections: all.slice(0, mostRejections),
  };
};
