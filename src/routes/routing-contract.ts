import { z } from "@hono/zod-openapi";
import type { RoutingChange, RoutingOverride } from "../adapters/ports/routing.ts";
import { id, like, timeText } from "../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../iso-time.ts";

export const weights = z.object({ primary: z.int(), backup: z.int() });

export const changeSchema = z
  .object({
    id,
    domain_id: id,
    storm_id: id.nullable(),
    from: weights,
    to: like(weights, { primary: 0, backup: 100 }),
    reason: like(z.string(), "storm"),
    actor: like(z.string(), "tranche"),
    epoch: like(z.int(), 41),
    shadow: z.boolean(),
    result: z.enum(["intent", "accepted", "insync", "failed", "superseded", "shadow"]),
    change_id: like(z.string().nullable(), "C2682N5HXP0BZ4"),
    error: like(z.string().nullable(), null),
    intended_at: timeText,
    accepted_at: timeText.nullable(),
    insync_at: timeText.nullable(),
  })
  .openapi("RoutingChange");

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
  })
  .openapi("RoutingOverride");

export const representChange = (change: RoutingChange): z.infer<typeof changeSchema> => ({
  id: change.id,
  domain_id: change.domainId,
  storm_id: change.stormId,
  from: { primary: change.fromPrimary, backup: change.fromBackup },
  to: { primary: change.toPrimary, backup: change.toBackup },
  reason: change.reason,
  actor: change.actor,
  epoch: change.epoch,
  shadow: change.shadow,
  result: change.result,
  change_id: change.changeId,
  error: change.error,
  intended_at: isoTime(change.intendedAtMs),
  accepted_at: isoTimeOrNull(change.acceptedAtMs),
  insync_at: isoTimeOrNull(change.insyncAtMs),
});

export const representOverride = (override: RoutingOverride): z.infer<typeof overrideSchema> => ({
  mode: override.mode,
  reason: override.reason,
  until: isoTimeOrNull(override.untilMs),
  actor: override.actor,
  set_at: isoTime(override.setAtMs),
});
