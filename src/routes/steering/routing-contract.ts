import { z } from "@hono/zod-openapi";
import type { Observed } from "../../adapters/ports/steering/observations.ts";
import type { RoutingChange, RoutingDrift, RoutingOverride } from "../../adapters/ports/steering/routing.ts";
import type { VisitorAnswers } from "../../domain/steering/backup-reach.ts";
import { id, like, orNull, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { providerChangeId } from "../../pipeline/steering/dns-by-customer.ts";

export const weights = z.object({ primary: z.int(), backup: z.int() });

const share = z
  .object({ least: z.number(), most: z.number() })
  .openapi("AnswerShare", { description: "of the answers, 0 to 1, as far as it can be told" });

const observedSchema = z
  .object({
    at: timeText,
    verdict: z.enum(["confirmed", "other", "silent", "unproven", "missed"]).openapi({
      description:
        "confirmed: every resolver that answered gives an expected value; silent: none answered; other: one does not, or one of the zone's name servers does not; unproven: an alias; missed: none was asked in time",
    }),
    record_type: z.enum(["CNAME", "A", "AAAA"]),
    expected: like(z.array(z.string()), ["app.example.com.map.fastly.net"]),
    resolvers: z.array(
      z.object({
        resolver: like(z.string(), "cloudflare-dns.com"),
        source: z
          .enum(["authoritative", "resolver"])
          .openapi({ description: "authoritative: one of the zone's own name servers; resolver: a public one" }),
        answers: like(z.array(z.string()).nullable(), ["app.example.com.map.fastly.net"]),
      }),
    ),
    visitors: orNull(
      z.object({
        proof: z.enum(["observed", "diverged", "unknown"]).openapi({
          description: "observed: visitors follow the switch; diverged: they do not, or are not expected to; unknown: nobody could see it",
        }),
        reason: z
          .string()
          .nullable()
          .openapi({ description: "answers, health_check, target_evaluation, neighbour, type_left_behind or weights", example: null }),
        detail: like(z.string().nullable(), null),
        expected_share: orNull(share).openapi({ description: "of the answers, of the side switched to; null: the switch shares them out" }),
      }),
    ),
  })
  .openapi("ObservedAnswer", {
    description:
      "what public resolvers, and where it can ask them the zone's own name servers, answered once no cache may hold the old answer",
  });

export const changeSchema = z
  .object({
    id,
    domain_id: id,
    storm_id: id.nullable(),
    from: weights,
    to: like(weights, { primary: 0, backup: 100 }),
    members: orNull(
      z.array(z.object({ record_type: like(z.string(), "CNAME"), set_identifier: like(z.string(), "canary"), weight: like(z.int(), 0) })),
    ).openapi({
      description: "other weighted records of the name that it sets with the pair (steer_group); null: none",
    }),
    reason: like(z.string(), "storm"),
    actor: like(z.string(), "tranche"),
    epoch: like(z.int(), 41),
    shadow: z.boolean(),
    result: z.enum(["intent", "accepted", "insync", "unconfirmed", "failed", "superseded", "shadow"]).openapi({
      description: "unconfirmed: made, but DNS no longer knows the change, so nobody saw it reach all servers",
    }),
    change_id: like(z.string().nullable(), "C2682N5HXP0BZ4"),
    error: like(z.string().nullable(), null),
    attempts: z.int().openapi({ description: "how often DNS was to be called for it", example: 1 }),
    next_attempt_at: timeText
      .nullable()
      .openapi({ description: "when it is tried again, where it failed and is still wanted", example: null }),
    intended_at: timeText,
    accepted_at: timeText.nullable(),
    insync_at: timeText.nullable(),
    observed: orNull(observedSchema),
  })
  .openapi("RoutingChange");

export const driftSchema = z
  .object({
    id,
    domain_id: id,
    record_type: like(z.string(), "CNAME"),
    previous: weights,
    expected: orNull(weights).openapi({ description: "what tranche wanted then; null: nothing in particular" }),
    found: like(weights, { primary: 30, backup: 70 }),
    others: orNull(z.object({ previous: z.int(), found: z.int() })).openapi({
      description: "where other records of a steered group were changed: the sums of their weights; null: the pair's own were",
    }),
    left_alone: z.string().nullable().openapi({
      description: "why it was not healed: frozen, global_freeze, shadow, held, contested, as_desired, monitor_only; null: it was to be",
      example: null,
    }),
    found_at: timeText,
    healed_at: timeText.nullable(),
  })
  .openapi("RoutingDrift");

export const expectedSchema = z
  .object({
    types: z.array(z.object({ record_type: like(z.string(), "CNAME"), primary: share, backup: share, other: share })),
    obstacle: orNull(
      z.object({
        reason: like(z.string(), "health_check"),
        detail: like(z.string(), "CNAME: its health check 1f2e is unhealthy, so Route 53 answers the backup with 0 %"),
      }),
    ).openapi({
      description:
        "what keeps visitors from the side that the weights favour: health_check, target_evaluation, neighbour or type_left_behind",
    }),
  })
  .openapi("ExpectedAnswers", { description: "what visitors are expected to be answered, from all records of the name and their health" });

export const representExpected = ({ types, obstacle }: VisitorAnswers): z.infer<typeof expectedSchema> => ({
  types: types.map(({ type, primary, backup, other }) => ({ record_type: type, primary, backup, other })),
  obstacle,
});

export const overrideMode = z
  .enum(["primary", "backup", "frozen"])
  .openapi({ description: "where the service is held: at its normal weights, at its backup, or as it is" });

export const overrideSchema = z
  .object({
    mode: overrideMode,
    reason: like(z.string(), "the backup is being drained, see INC-42"),
    until: timeText.nullable(),
    actor: like(z.string(), "token:12"),
    set_at: timeText,
    of_all: like(z.boolean(), false).openapi({
      description: "whether it is the freeze of all services of the customer, which `DELETE /v1/freeze/services` lifts",
    }),
  })
  .openapi("RoutingOverride");

const representObserved = ({ atMs, type, expected, resolvers, verdict, visitors }: Observed): z.infer<typeof observedSchema> => ({
  at: isoTime(atMs),
  verdict,
  record_type: type,
  expected: [...expected],
  resolvers: resolvers.map(({ resolver, answers, source = "resolver" as const }) => ({
    resolver,
    source,
    answers: answers === null ? null : [...answers],
  })),
  visitors:
    visitors === undefined
      ? null
      : { proof: visitors.proof, reason: visitors.reason, detail: visitors.detail, expected_share: visitors.expectedShare },
});

export const representChange = (change: RoutingChange): z.infer<typeof changeSchema> => ({
  id: change.id,
  domain_id: change.domainId,
  storm_id: change.stormId,
  from: { primary: change.fromPrimary, backup: change.fromBackup },
  to: { primary: change.toPrimary, backup: change.toBackup },
  members: change.members?.map(({ type, setIdentifier, weight }) => ({ record_type: type, set_identifier: setIdentifier, weight })) ?? null,
  reason: change.reason,
  actor: change.actor,
  epoch: change.epoch,
  shadow: change.shadow,
  result: change.result,
  change_id: change.changeId === null ? null : providerChangeId(change.changeId),
  error: change.error,
  attempts: change.attempts,
  next_attempt_at: isoTimeOrNull(change.nextAttemptAtMs),
  intended_at: isoTime(change.intendedAtMs),
  accepted_at: isoTimeOrNull(change.acceptedAtMs),
  insync_at: isoTimeOrNull(change.insyncAtMs),
  observed: change.observed === null ? null : representObserved(change.observed),
});

export const representDrift = (drift: RoutingDrift): z.infer<typeof driftSchema> => ({
  id: drift.id,
  domain_id: drift.domainId,
  record_type: drift.recordType,
  previous: { primary: drift.previousPrimary, backup: drift.previousBackup },
  expected:
    drift.expectedPrimary === null || drift.expectedBackup === null
      ? null
      : { primary: drift.expectedPrimary, backup: drift.expectedBackup },
  found: { primary: drift.foundPrimary, backup: drift.foundBackup },
  others: drift.previousOthers === null || drift.foundOthers === null ? null : { previous: drift.previousOthers, found: drift.foundOthers },
  left_alone: drift.leftAlone,
  found_at: isoTime(drift.foundAtMs),
  healed_at: isoTimeOrNull(drift.healedAtMs),
});

export const representOverride = (override: RoutingOverride): z.infer<typeof overrideSchema> => ({
  mode: override.mode,
  reason: override.reason,
  until: isoTimeOrNull(override.untilMs),
  actor: override.actor,
  set_at: isoTime(override.setAtMs),
  of_all: override.ofAll === true,
});
