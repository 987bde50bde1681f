import { z } from "@hono/zod-openapi";
import type { StormDowntime } from "../../domain/slo/avoided.ts";
import { blamedListed, downtimeCents } from "../../domain/slo/avoided.ts";
import { like } from "../../http/contract.ts";

/** Seconds, exact to the microsecond. */
export const seconds = (value: number) => like(z.number().min(0), value);

export const secondsOf = (us: number): number => us / 1_000_000;

export const priceFields = {
  cents: z.int().min(0).nullable().openapi({
    example: 192_000,
    description: "in minor units of the currency, by what the service says a minute costs; null: it does not say",
  }),
  currency: like(z.string().nullable(), "USD").openapi({ description: "of the customer's terms in force" }),
};

export const avoidedSchema = z.object({ seconds: seconds(11_520), ...priceFields });

export const downtimeSchema = z
  .object({
    seconds: seconds(94.5),
    unmeasured_seconds: seconds(0).openapi({ description: "in which nobody knew what visitors got; neither down nor up" }),
    blamed: z
      .array(
        z.object({
          upstream_cdn: z.string().nullable().openapi({
            example: "cloudflare",
            description: "the CDN in use, while the other side was up; null: the service itself, or nobody proven",
          }),
          seconds: seconds(94.5),
        }),
      )
      .openapi({ description: `by who is to blame, the most first; of many the first ${blamedListed}` }),
  })
  .openapi({ description: "of the storm's time that in which the service was down for its visitors" });

export const representAvoided = ({ avoidedUs, centsPerMinute, currency }: StormDowntime): z.infer<typeof avoidedSchema> => ({
  seconds: secondsOf(avoidedUs),
  cents: downtimeCents(avoidedUs, centsPerMinute),
  currency: centsPerMinute === null ? null : currency,
});

export const representDowntime = ({ downUs, unmeasuredUs, blamed }: StormDowntime): z.infer<typeof downtimeSchema> => ({
  seconds: secondsOf(downUs),
  unmeasured_seconds: secondsOf(unmeasuredUs),
  blamed: blamed.map(({ upstreamCdn, us }) => ({ upstream_cdn: upstreamCdn, seconds: secondsOf(us) })),
});
