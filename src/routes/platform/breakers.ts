import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { ShownBreaker } from "../../adapters/ports/platform/breakers.ts";
import { mostShownBreakers } from "../../adapters/ports/platform/breakers.ts";
import type { Guards } from "../../auth/guards.ts";
import { breakerKinds, breakerStates } from "../../domain/platform/breaker.ts";
import { jsonAnswer, like, problems, tenantQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";

const schema = z
  .object({
    kind: z.enum([...breakerKinds, "dns"]).openapi({
      example: "cdn",
      description:
        "`cdn`: a CDN's usage figures; `s3`, `ec2`: an AWS account whose costs are watched; `dns`: a DNS account; `archive`: where cost events are kept; " +
        "`timestamp`: the time-stamping authority",
    }),
    customer_id: like(z.int().nullable(), 1).openapi({ description: "null: the operator's own" }),
    account_id: like(z.int().nullable(), 12).openapi({
      description: "of the customer's CDN accounts (`cdn`), cost accounts (`s3`, `ec2`) or DNS accounts (`dns`); null: the operator's",
    }),
    account: like(z.string().nullable(), "fastly").openapi({ description: "what it is called; null: there is but one of its kind" }),
    state: z.enum(breakerStates).openapi({
      example: "open",
      description:
        "`open`: nothing is asked of it until `next_probe_at`; `half-open`: the next call, by one caller, tries again; `closed`: it is asked freely",
    }),
    failures: like(z.int(), 5).openapi({ description: "failures since the last answer; one that took long counts more than once" }),
    since: timeText.nullable().openapi({ description: "since when it is open" }),
    next_probe_at: timeText.nullable(),
    last_error: like(z.string().nullable(), "no answer within 20 s"),
    updated_at: timeText,
  })
  .openapi("Breaker");

const represent = (one: ShownBreaker): z.infer<typeof schema> => ({
  kind: one.kind,
  customer_id: one.customerId,
  account_id: one.accountId,
  account: one.account,
  state: one.state,
  failures: one.failures,
  since: isoTimeOrNull(one.sinceMs),
  next_probe_at: isoTimeOrNull(one.nextProbeMs),
  last_error: one.lastError,
  updated_at: isoTime(one.updatedAtMs),
});

/** `/v1/breakers`: which outside services fail, and are paused. */
export const registerBreakers = (app: App, deps: Pick<Deps, "clock" | "breakerStore">, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path: "/v1/breakers",
    tags: ["operation"],
    summary: "List outside services that fail, and since when they are paused",
    description:
      "A customer sees those of its own accounts; an admin who names no customer sees everybody's, and the operator's own. What answers is not listed. " +
      `Open ones come first, then those that failed last, ${mostShownBreakers} at most.`,
    middleware: [guards.viewerOrAdmin],
    request: { query: tenantQuery },
    responses: { 200: jsonAnswer(z.array(schema).max(mostShownBreakers), "What fails, or failed last"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const { customerId } = c.var;
    const breakers = await deps.breakerStore.list(customerId === 0 ? null : customerId, deps.clock.nowMs());
    return c.json(breakers.map(represent), 200);
  });
};
