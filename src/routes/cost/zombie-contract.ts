import { z } from "@hono/zod-openapi";
import type { FoundZombie } from "../../adapters/ports/cost/zombies.ts";
import { zombieStates } from "../../adapters/ports/cost/zombies.ts";
import { zombieRules } from "../../domain/cost/zombie.ts";
import { id, like, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { noteInput } from "./anomaly-contract.ts";

export const zombieState = z.enum(zombieStates).openapi({ example: "open" });

export const zombiePatch = z
  .strictObject({
    state: z.enum(["open", "dismissed"]).openapi({ description: "dismissed: it is meant to be so" }),
    note: noteInput,
  })
  .openapi("ZombiePatch", { example: { state: "dismissed", note: "kept for the audit" } });

export const zombieSchema = z
  .object({
    id,
    rule: z.enum(zombieRules).openapi({ example: "volume-unattached" }),
    severity: z.enum(["critical", "warning"]).openapi({ example: "warning" }),
    state: zombieState,
    resource: like(z.string(), "vol-0abc1234"),
    account: like(z.string().nullable(), "123456789012"),
    service_id: id.nullable(),
    first_seen: timeText,
    last_seen: timeText,
    last_activity: timeText,
    estimated_monthly_waste: like(z.int().nullable(), 800).openapi({ description: "exact cents; null: no price is known" }),
    reason: like(z.string(), "The volume vol-0abc1234 (gp3, 100 GiB) is attached to no instance."),
    remedy: like(
      z.string(),
      "Take a snapshot if its data matters, then aws ec2 delete-volume --region eu-central-1 --volume-id vol-0abc1234",
    ),
    changed_by: like(z.string().nullable(), "token:1"),
    changed_at: timeText.nullable(),
    note: like(z.string().nullable(), "kept for the audit"),
    remediated_at: timeText.nullable(),
  })
  .openapi("Zombie");

export const representZombie = (one: FoundZombie): z.infer<typeof zombieSchema> => ({
  id: one.id,
  rule: one.rule,
  severity: one.severity,
  state: one.state,
  resource: one.resource,
  account: one.account,
  service_id: one.serviceId,
  first_seen: isoTime(one.firstSeenMs),
  last_seen: isoTime(one.lastSeenMs),
  last_activity: isoTime(one.lastActivityMs),
  estimated_monthly_waste: one.estimatedMonthlyWaste,
  reason: one.reason,
  remedy: one.remedy,
  changed_by: one.changedBy,
  changed_at: isoTimeOrNull(one.changedAtMs),
  note: one.note,
  remediated_at: isoTimeOrNull(one.remediatedAtMs),
});

export const huntSchema = z
  .object({
    hunted_at: timeText.nullable().openapi({ description: "null: nobody has looked yet" }),
    unread: z
      .array(
        z.object({
          source: like(z.string(), "ec2:DescribeAddresses of 123456789012 in eu-central-1"),
          problem: like(z.string(), "access denied"),
        }),
      )
      .openapi({ description: "what could not be read: what is not known is not idle" }),
  })
  .openapi("ZombieHunt");
