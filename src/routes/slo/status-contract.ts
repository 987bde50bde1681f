import { z } from "@hono/zod-openapi";
import type { MeasuredObjective } from "../../adapters/ports/slo/objectives.ts";
import { burnRate, fastBurnUnreachable, tiers } from "../../domain/slo/burn.ts";
import { consumes } from "../../domain/slo/objective.ts";
import type { ObjectiveTerms } from "../../domain/slo/objective.ts";
import { statusOf } from "../../domain/slo/status.ts";
import type { Tallies } from "../../domain/slo/status.ts";
import { lengthOf } from "../../domain/slo/figures.ts";
import { like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { objectiveSchema, representObjective } from "./objective-contract.ts";

/** Minutes to six decimals. */
export const minutes = (value: number) => like(z.number(), value);
/** Percent to five decimals, rounded down; null: nothing was measured. */
export const share = (value: number) => like(z.number().nullable(), value);
export const stateName = z.enum(["insufficient_data", "breaching", "degraded", "at_risk", "healthy"]);
export const cdnText = like(z.string(), "fastly");

const burn = like(z.number().nullable(), 2.3).openapi({
  description: "how many times as fast as it allows the budget burns; null: nothing was measured",
});
const unreachable = like(z.string().nullable(), null).openapi({ description: "why the alert can never fire; null: it can" });

const tierSchema = z.object({
  alert: z.enum(["1h", "6h", "3d"]),
  long_minutes: minutes(60),
  long_burn: burn,
  short_minutes: minutes(5),
  short_burn: burn,
  factor: like(z.number(), 14.4).openapi({ description: "it fires when both burn more than this many times as fast as the budget allows" }),
  unreachable,
});

export const statusSchema = z
  .object({
    as_of: timeText,
    state: stateName.openapi({ description: "the worst that is true; insufficient_data: under 90 % of the elapsed time was measured" }),
    window_start: timeText,
    window_end: timeText.openapi({ description: "of a calendar window to come" }),
    total_minutes: minutes(43_200).openapi({ description: "the whole window" }),
    elapsed_minutes: minutes(43_200).openapi({ description: "of it so far, since the service was first measured; without corrections" }),
    window_elapsed_percent: like(z.number(), 100),
    measured_minutes: minutes(43_200).openapi({ description: "of the elapsed time what was up or down" }),
    coverage: like(z.number().nullable(), 1).openapi({ description: "measured / elapsed; null: nothing has elapsed" }),
    allowed_minutes: minutes(43.2).openapi({ description: "the error budget" }),
    consumed_minutes: minutes(10),
    remaining_minutes: minutes(33.2).openapi({ description: "negative where more was spent than there was" }),
    remaining_percent: like(z.number(), 76.85185),
    good_minutes: minutes(43_190).openapi({ description: "of the measured time what consumed nothing" }),
    availability: share(99.97685),
    up_minutes: minutes(43_170).openapi({ description: "of the measured time what was up" }),
    strict_availability: share(99.93055),
    is_breaching: z.boolean().openapi({ description: "the availability is below the target, exactly" }),
    is_open: z.boolean().openapi({ description: "there is an outage that is not over, also while nothing is known" }),
    open_since: like(timeText.nullable(), null),
    downtime: z.object({
      minutes: minutes(30).openapi({ description: "in all" }),
      self_minutes: minutes(10).openapi({ description: "the service's own, or nobody's that is proven" }),
      upstreams: z
        .array(z.object({ cdn: cdnText, minutes: minutes(20), consumes: z.boolean() }))
        .openapi({ description: "what upstreams are to blame for, while the other side was up, and whether it consumes the budget" }),
    }),
    burn_tiers: z.array(tierSchema),
    fast_burn: z.object({ minutes: minutes(60), burn, multiplier: like(z.number(), 5), unreachable }),
    exhausted_in_minutes: like(z.number().nullable(), null).openapi({
      description: "when the budget is spent at the pace of the last hour; 0: it is; null: never, or not known",
    }),
    avoided_minutes: minutes(0).openapi({ description: "in which visitors were on the backup because the primary was down" }),
    reconstructed: z.boolean().openapi({ description: "part of it was computed from minute rollups, before states were recorded" }),
  })
  .openapi("ObjectiveStatus");

export const objectiveWithStatus = objectiveSchema.extend({ status: statusSchema }).openapi("ObjectiveWithStatus");

const representTiers = (terms: ObjectiveTerms, tallies: Tallies, nowUs: number): z.infer<typeof tierSchema>[] =>
  tiers(terms, nowUs).map(({ name, long, short, longUs, shortUs, factor, unreachable: reason }) => ({
    alert: name,
    long_minutes: lengthOf(longUs).minutes,
    long_burn: burnRate(terms, tallies.burn[long]),
    short_minutes: lengthOf(shortUs).minutes,
    short_burn: burnRate(terms, tallies.burn[short]),
    factor,
    unreachable: reason,
  }));

const timeOf = (us: number): string => isoTime(Math.floor(us / 1_000));

const representStatus = (terms: ObjectiveTerms, tallies: Tallies, nowUs: number): z.infer<typeof statusSchema> => {
  const status = statusOf(terms, tallies, nowUs);
  const burnTiers = representTiers(terms, tallies, nowUs);
  return {
    as_of: timeOf(nowUs),
    state: status.state,
    window_start: timeOf(status.window.fromUs),
    window_end: timeOf(status.window.toUs),
    total_minutes: status.total.minutes,
    elapsed_minutes: status.elapsed.minutes,
    window_elapsed_percent: status.windowElapsedPercent,
    measured_minutes: status.measured.minutes,
    coverage: status.coverage,
    allowed_minutes: status.allowed.minutes,
    consumed_minutes: status.consumed.minutes,
    remaining_minutes: status.remaining.minutes,
    remaining_percent: status.remainingPercent,
    good_minutes: lengthOf(status.measured.us - status.consumed.us).minutes,
    availability: status.availability,
    up_minutes: lengthOf(status.measured.us - status.down.us).minutes,
    strict_availability: status.strictAvailability,
    is_breaching: status.isBreaching,
    is_open: status.isOpen,
    open_since: isoTimeOrNull(status.openSinceUs === null ? null : Math.floor(status.openSinceUs / 1_000)),
    downtime: {
      minutes: status.down.minutes,
      self_minutes: status.self.minutes,
      upstreams: status.upstreams.map(({ cdn, down }) => ({ cdn, minutes: down.minutes, consumes: consumes(terms, cdn) })),
    },
    burn_tiers: burnTiers,
    fast_burn: {
      minutes: burnTiers[0]?.long_minutes ?? 60,
      burn: status.burn["1h"],
      multiplier: terms.fastBurnMultiplier,
      unreachable: fastBurnUnreachable(terms),
    },
    exhausted_in_minutes: status.exhaustedIn?.minutes ?? null,
    avoided_minutes: status.avoided.minutes,
    reconstructed: status.reconstructed,
  };
};

/** @param atUs when it was measured, microseconds since the epoch */
export const representMeasured = ({ objective, tallies }: MeasuredObjective, atUs: number): z.infer<typeof objectiveWithStatus> => ({
  ...representObjective(objective),
  status: representStatus(objective, tallies, atUs),
});
