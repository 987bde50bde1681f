import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { Coverage, StormSpan } from "../../domain/detection/backtest.ts";
import { coverageOf } from "../../domain/detection/backtest.ts";
import { answerOnce } from "../../http/idempotency.ts";
import { jsonBody } from "../../http/body.ts";
import { id, idParams, jsonAnswer, jsonRequest, orNull, problems, tenantQuery, time, timeText } from "../../http/contract.ts";
import { costs, worth } from "../../http/cost.ts";
import type { App } from "../../http/env.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { policyBodies, policySchema, representPolicy } from "./policy-contract.ts";
import { outOfOrder } from "../schemas.ts";
import { longestSpanMs, mostSamples, tryPolicy } from "./try-policy.ts";

const covered = z.object({ total: z.int(), covered: z.int() });

const outcome = {
  storms: z.array(
    z.object({
      started_at: timeText,
      detected_at: timeText,
      detection_delay_seconds: z.number().openapi({ description: "from the first failed sample to the round that found the storm" }),
      recovering_since: timeText.nullable(),
      ended_at: timeText.nullable(),
      ended_reason: z.string().nullable(),
      relapses: z.int(),
    }),
  ),
  relapses: z.int(),
  minutes_covered: z.number().openapi({ description: "time under a storm, as it is credited where it earns" }),
  bad_minutes: covered.openapi({
    description: "minutes in which the primary was down by the policy that is tried, and those with a storm on",
  }),
  minutes_below_threshold: covered.openapi({ description: "the same, be it by a single lost sample" }),
  detection_delay_seconds: orNull(z.object({ median: z.number(), longest: z.number() })),
};

const backtestSchema = z
  .object({
    service_id: id,
    from: timeText,
    to: timeText.openapi({ description: "at most now" }),
    samples: z.int(),
    backtest: z.object(outcome).openapi({ description: "what the policy would have made of the samples" }),
    current: z
      .object({ policy: orNull(policySchema), ...outcome })
      .openapi({ description: "what was recorded: the storms that there were, by whatever version they were judged" }),
  })
  .openapi("Backtest");

const seconds = (ms: number): number => ms / 1_000;

const represent = (storms: readonly (StormSpan & { readonly endedReason: string | null })[], coverage: Coverage) => {
  const delays = coverage.detectionDelaysMs;
  const [median, longest] = [delays[Math.floor((delays.length - 1) / 2)], delays.at(-1)];
  return {
    storms: storms.map((storm) => ({
      started_at: isoTime(storm.startedAtMs),
      detected_at: isoTime(storm.detectedAtMs),
      detection_delay_seconds: seconds(storm.detectedAtMs - storm.startedAtMs),
      recovering_since: isoTimeOrNull(storm.recoveringSinceMs),
      ended_at: isoTimeOrNull(storm.endedAtMs),
      ended_reason: storm.endedReason,
      relapses: storm.relapses,
    })),
    relapses: coverage.relapses,
    minutes_covered: coverage.coveredMs / 60_000,
    bad_minutes: { ...coverage.badMinutes },
    minutes_below_threshold: { ...coverage.lowMinutes },
    detection_delay_seconds: median === undefined || longest === undefined ? null : { median: seconds(median), longest: seconds(longest) },
  };
};

/** `/v1/services/{id}/storm-policies/backtest`: what a policy would have decided on the stored samples. */
export const registerBacktest = (app: App, deps: Deps, guards: Guards): void => {
  const { intervalMs } = deps.config.probe;
  const { input } = policyBodies(intervalMs);
  const body = z
    .strictObject({
      policy: input,
      from: time.openapi({ example: "2026-11-20T06:00:00.000Z" }),
      to: time.openapi({ example: "2026-11-20T18:00:00.000Z" }),
    })
    // Inverted condition, so that NaN is refused as well.
    .refine(({ from, to }) => !(from >= to), outOfOrder)
    .refine(({ from, to }) => !(to - from > longestSpanMs), { path: ["to"], error: "must be at most 48 h after from" })
    .openapi("BacktestInput");

  const run = createRoute({
    method: "post",
    path: "/v1/services/{id}/storm-policies/backtest",
    tags: ["storm-policies"],
    operationId: "backtestStormPolicy",
    summary: "Try a storm policy on recorded samples",
    description:
      "Replays the samples of the primary path (of the name itself where there is no primary target) through the engine that " +
      `judges rounds. Domains count as they are now. Nothing is changed. At most 48 h and ${mostSamples} samples; samples are ` +
      "kept for SAMPLE_RETENTION.",
    middleware: [guards.viewer, worth(deps, costs.computing), jsonBody],
    request: { params: idParams, query: tenantQuery, body: jsonRequest(body) },
    responses: { 200: jsonAnswer(backtestSchema, "Both outcomes"), ...problems(400, 401, 403, 404, 409, 413, 415) },
  });
  app.openapi(run, async (c) => {
    const { customerId } = c.var;
    const serviceId = c.req.valid("param").id;
    const { policy, from, to } = c.req.valid("json");
    // Nothing is stored, so there is nothing to replay: the same request gets the same answer.
    const tried = await tryPolicy(deps, customerId, serviceId, { policy, fromMs: from, toMs: to }, (read) =>
      answerOnce(c, deps, customerId, read),
    );
    const { fromMs, toMs, storms, recorded, lowMinutes } = tried;
    const answer = {
      service_id: serviceId,
      from: isoTime(fromMs),
      to: isoTime(toMs),
      samples: tried.samples,
      backtest: represent(storms, coverageOf(storms, lowMinutes, fromMs, toMs)),
      current: {
        policy: tried.current === null ? null : representPolicy(tried.current),
        ...represent(recorded, coverageOf(recorded, lowMinutes, fromMs, toMs)),
      },
    };
    return c.json(answer, 200);
  });
};
