import { z } from "@hono/zod-openapi";
import { ignoredReasons, type IgnoredReason, type Rejection } from "../../domain/cost/cost-event.ts";
import type { Severity } from "../../domain/cost/score.ts";
import { label, like, tenantQuery, time, timeText } from "../../http/contract.ts";
import { ordered, outOfOrder } from "../schemas.ts";

const severities = ["none", "medium", "high", "critical"] as const satisfies readonly Severity[];

/** Most events of one request. */
const mostEvents = 1_000;
/** Most rejected events of which an answer says what is wrong. */
const mostRejections = 100;

const shortEvent = {
  event_id: "ci-4711",
  account_id: "123456789012",
  resource_type: "ec2:instance",
  resource_id: "i-0abcd1234efgh5678",
  actor: "arn:aws:iam::123456789012:role/Deploy",
  hourly_cost_cents: 38.4,
  occurred_at: "2026-11-21T00:00:00Z",
};

const list = z.array(z.unknown()).min(1, "must have an event").max(mostEvents, `must have at most ${mostEvents} events`).optional();

/** What is sent: `events`, or CloudTrail's own `Records`, and nothing else. */
export const eventsInput = z
  .strictObject({
    events: list.openapi({
      description:
        "each as a record of CloudTrail, or in the short form of the example: event_id, account_id, resource_type and occurred_at, and " +
        "where known resource_id, actor, hourly_cost_cents, raw",
      example: [shortEvent],
    }),
    Records: list.openapi({ description: "in the place of `events`: a CloudTrail log file as it is", example: undefined }),
  })
  .refine(({ events, Records }) => events !== undefined || Records !== undefined, {
    path: ["events"],
    error: "is required, or Records in its place",
  })
  .refine(({ events, Records }) => events === undefined || Records === undefined, {
    path: ["Records"],
    error: "is in the place of events: send one of them",
  })
  .openapi("CostEventsInput", { example: { events: [shortEvent] } });

const count = (example: number) => like(z.int().min(0), example);

const ignoredNames = ["read_only", "failed", "not_cost_bearing", "digest", "expired"] as const;
type IgnoredName = (typeof ignoredNames)[number];

export const ingestedSchema = z
  .object({
    accepted: count(1).openapi({ description: "new, stored, and to be scored" }),
    duplicate: count(0).openapi({ description: "known already, by their event id" }),
    ignored: z
      .object(Object.fromEntries(ignoredNames.map((name) => [name, count(0)])) as Record<IgnoredName, z.ZodInt>)
      .openapi({ description: "well, and of no interest: they only read, failed, change no bill, are older than what is kept" }),
    rejected: count(0).openapi({ description: `could not be read; of the first ${mostRejections} the list says why` }),
    rejections: z.array(
      z.object({ pointer: like(z.string(), "/events/3/occurred_at"), detail: like(z.string(), "is more than a day ahead") }),
    ),
  })
  .openapi("CostEventsResult", { description: "every event is counted once" });

/** A reason as a field of the answer. */
export const ignoredCounts = (ignored: Readonly<Record<IgnoredReason, number>>): Record<IgnoredName, number> =>
  Object.fromEntries(ignoredReasons.map((reason) => [reason.replaceAll("-", "_"), ignored[reason]])) as Record<IgnoredName, number>;

export const rejectionList = (rejected: readonly Rejection[]): { pointer: string; detail: string }[] =>
  rejected.slice(0, mostRejections).map(({ pointer, problem }) => ({ pointer, detail: problem }));

export const eventSchema = z
  .object({
    id: like(z.string(), "5f0c9a5e-7c1d-4b5a-9b57-3d1f4f2f7c11"),
    event_id: like(z.string(), shortEvent.event_id),
    account_id: like(z.string(), shortEvent.account_id),
    resource_type: like(z.string(), shortEvent.resource_type),
    resource_id: like(z.string().nullable(), shortEvent.resource_id),
    actor: like(z.string().nullable(), shortEvent.actor).openapi({ description: "of a session its role; null: it is not said" }),
    hourly_cost_cents: like(z.number().nullable(), shortEvent.hourly_cost_cents).openapi({ description: "null: not known" }),
    occurred_at: timeText,
    severity: like(z.enum(severities).nullable(), "none").openapi({
      description: "null: not scored yet, or not by itself, as its cost is not known",
    }),
    raw: z.unknown().openapi({ description: "as it came; null: nothing did besides the fields" }),
    created_at: timeText,
  })
  .openapi("CostEvent");

const place = /^(\d{1,15})\.([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;

const decodePlace = (cursor: string): { occurredAtMs: number; id: string } | null => {
  try {
    const [, at, id] = place.exec(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))) ?? [];
    return at === undefined || id === undefined || Number(at) > 253_402_300_799_999 ? null : { occurredAtMs: Number(at), id };
  } catch {
    return null;
  }
};

/** The cursor behind an event of the list. */
export const encodePlace = (occurredAtMs: number, id: string): string =>
  btoa(`${occurredAtMs}.${id}`).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");

const cursor = z
  .string()
  .max(100)
  .transform((text, ctx) => {
    const found = decodePlace(text);
    if (found !== null) return found;
    ctx.addIssue({ code: "custom", message: "must be a cursor from a Link header" });
    return z.NEVER;
  })
  .openapi({ type: "string", maxLength: 100, description: "from the `next` link of the page before" });

const limit = z
  .string()
  .regex(/^([1-9]\d?|1\d\d|200)$/, "must be an integer from 1 to 200")
  .transform(Number)
  .default(100)
  .openapi({ type: "integer", minimum: 1, maximum: 200, default: 100 });

/** Which events are listed. */
export const eventFilter = tenantQuery
  .extend({
    limit,
    cursor: cursor.optional(),
    account_id: z
      .string()
      .regex(/^[\w.:/@-]{1,64}$/, "must be 1 to 64 letters, digits and ._:/@-")
      .optional(),
    resource_type: z
      .string()
      .regex(/^[a-z\d][a-z\d:._-]{0,63}$/, "must be 1 to 64 of a-z, 0-9 and :._-")
      .optional(),
    actor: label(2_048).optional(),
    severity: z.enum(severities).optional(),
    from: time.optional(),
    to: time.optional(),
  })
  .refine(ordered, outOfOrder);
