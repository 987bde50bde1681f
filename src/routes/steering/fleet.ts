import { createRoute, z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { FleetService } from "../../adapters/ports/steering/fleet.ts";
import type { Guards } from "../../auth/guards.ts";
import type { Trouble } from "../../domain/steering/trouble.ts";
import { silentAfterMs, troubleNames, troubles } from "../../domain/steering/trouble.ts";
import { id, jsonAnswer, like, orNull, problems, tenantCursorQuery, timeText } from "../../http/contract.ts";
import type { App } from "../../http/env.ts";
import { announceNext, isCut } from "../../http/paging.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { overrideSchema, representOverride } from "./routing-contract.ts";

const count = (value: number) => like(z.int(), value);

const stormSchema = z.object({
  id,
  kind: z.enum(["http_availability", "http_latency"]),
  state: z.enum(["storm", "recovering"]),
  monitor_only: z.boolean(),
  started_at: timeText,
  relapses: count(0),
});

const serviceSchema = z
  .object({
    service_id: id,
    customer_id: id,
    customer_name: like(z.string(), "Acme"),
    name: like(z.string(), "web"),
    primary_cdn: like(z.string(), "cloudflare"),
    backup_cdn: like(z.string(), "fastly"),
    steering: z.enum(["auto", "shadow"]),
    trouble: z.enum(troubleNames).openapi({
      example: "on_backup",
      description: `the worst that is true of it, in this order: ${Object.entries(troubles)
        .map(([name, words]) => `\`${name}\`: ${words}`)
        .join("; ")}`,
    }),
    state: like(z.string(), "shifted").openapi({ description: "as of its routing: normal, failback, shifted, partial, held or frozen" }),
    reason: like(z.string(), "storm"),
    storm: orNull(stormSchema).openapi({ description: "the one that is on; of two that of availability" }),
    serving: z
      .enum(["primary", "backup", "both", "unknown"])
      .openapi({ description: "which side the weights of its domains name, as last read" }),
    domains: z
      .object({
        total: count(3),
        primary: count(0),
        backup: count(3),
        both: count(0),
        unread: count(0),
        contested: count(0),
        failing: count(0),
        hindered: count(0),
      })
      .openapi({
        description:
          "how many there are, and how many have weight on one side alone, on both, or were not read; `failing`: DNS refused what was last tried; " +
          "`hindered`: something keeps visitors from the side that the weights name",
      }),
    override: orNull(overrideSchema).openapi({ description: "the one in force" }),
    backup_health: z.enum(["up", "down", "unknown"]).nullable().openapi({ example: "up", description: "as last judged; null: never" }),
    readiness: z.enum(["pass", "warn", "fail", "unchecked"]),
    last_round_at: timeText.nullable().openapi({ description: "when one of its domains was last probed" }),
    last_round_age_seconds: z
      .number()
      .nullable()
      .openapi({ example: 8.2, description: `more than ${silentAfterMs / 1_000} is trouble` }),
  })
  .openapi("FleetService");

/** One side where all that are known are on it. */
const servingOf = ({ domains: { primary, backup, both } }: FleetService): z.infer<typeof serviceSchema>["serving"] => {
  if (primary + backup + both === 0) return "unknown";
  if (both > 0 || (primary > 0 && backup > 0)) return "both";
  return primary > 0 ? "primary" : "backup";
};

const represent = (one: FleetService, nowMs: number): z.infer<typeof serviceSchema> => ({
  service_id: one.serviceId,
  customer_id: one.customerId,
  customer_name: one.customerName,
  name: one.name,
  primary_cdn: one.primaryCdn,
  backup_cdn: one.backupCdn,
  steering: one.steering,
  trouble: one.trouble satisfies Trouble,
  state: one.state,
  reason: one.reason,
  storm:
    one.storm === null
      ? null
      : {
          id: one.storm.id,
          kind: one.storm.kind,
          state: one.storm.state,
          monitor_only: one.storm.monitorOnly,
          started_at: isoTime(one.storm.startedAtMs),
          relapses: one.storm.relapses,
        },
  serving: servingOf(one),
  domains: { ...one.domains },
  override: one.override === null ? null : representOverride(one.override),
  backup_health: one.backupHealth,
  readiness: one.readiness ?? "unchecked",
  last_round_at: isoTimeOrNull(one.lastRoundAtMs),
  last_round_age_seconds: one.lastRoundAtMs === null ? null : Math.max(0, nowMs - one.lastRoundAtMs) / 1_000,
});

/** `/v1/fleet`: all services at a glance, those in trouble first. */
export const registerFleet = (app: App, deps: Pick<Deps, "clock" | "fleet">, guards: Guards): void => {
  const list = createRoute({
    method: "get",
    path: "/v1/fleet",
    tags: ["routing"],
    summary: "Look at all services at once, those in trouble first",
    description:
      "A customer sees its own; an admin who names no customer sees everybody's. A thousand or more come in one answer; where that would be too large, a link leads on.",
    middleware: [guards.viewerOrAdmin],
    request: { query: tenantCursorQuery },
    responses: { 200: jsonAnswer(z.array(serviceSchema), "The services, as many as fit"), ...problems(400, 401, 403) },
  });
  app.openapi(list, async (c) => {
    const nowMs = deps.clock.nowMs();
    const services = await deps.fleet.list(c.var.customerId === 0 ? null : c.var.customerId, c.req.valid("query").cursor ?? null, nowMs);
    if (isCut(services)) announceNext(c, { cursor: services.at(-1)?.place });
    return c.json(
      services.map((one) => represent(one, nowMs)),
      200,
    );
  });
};
