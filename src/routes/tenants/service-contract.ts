import { z } from "@hono/zod-openapi";
import type { Service } from "../../adapters/ports/tenants/services.ts";
import { id, label, like, timeText } from "../../http/contract.ts";
import { isoTime } from "../../iso-time.ts";
import { cdnName, nonEmpty, together } from "../schemas.ts";

const steps = z
  .array(z.int().min(1).max(100))
  .min(1)
  .max(20)
  .refine(
    (percents) => percents.at(-1) === 100 && percents.every((percent, at) => percent > (percents[at - 1] ?? 0)),
    "must ascend and end with 100",
  )
  .openapi({ uniqueItems: true, example: [10, 50, 100], description: "percent of the way back per step: ascending, and 100 at last" })
  .openapi(together({ contains: { const: 100 } }));

const fields = {
  name: label(200).openapi({ example: "web" }),
  primary_cdn: cdnName,
  backup_cdn: cdnName.openapi({ example: "fastly", description: "another than primary_cdn" }),
  steering: z.enum(["auto", "shadow"]).openapi({ description: "shadow decides and records, but writes no DNS" }),
  failback_steps: steps,
  failback_step_seconds: like(z.int().min(1).max(86_400), 60),
  downtime_cents_per_minute: like(z.int().min(0).max(1_000_000_000).nullable(), null).openapi({
    description: "what a minute of downtime costs, in minor units of the currency of the bills; null: not known",
  }),
};

export const serviceSchema = z
  .object({ id, ...fields, failback_steps: like(z.array(z.int()), [10, 50, 100]), created_at: timeText, updated_at: timeText })
  .openapi("Service");

const twoCdns = (service: { primary_cdn?: string | undefined; backup_cdn?: string | undefined }) =>
  service.primary_cdn === undefined || service.primary_cdn !== service.backup_cdn;
const differ = { path: ["backup_cdn"], error: "must differ from primary_cdn" };

export const serviceInput = z
  .strictObject({
    ...fields,
    steering: fields.steering.default("auto"),
    failback_steps: steps.default([100]),
    failback_step_seconds: fields.failback_step_seconds.default(60),
    downtime_cents_per_minute: fields.downtime_cents_per_minute.default(null),
  })
  .refine(twoCdns, differ)
  .openapi("ServiceInput");

export const servicePatch = nonEmpty(z.strictObject(fields).partial()).refine(twoCdns, differ).openapi("ServicePatch");

export const representService = (service: Service): z.infer<typeof serviceSchema> => ({
  id: service.id,
  name: service.name,
  primary_cdn: service.primaryCdn,
  backup_cdn: service.backupCdn,
  steering: service.steering,
  failback_steps: [...service.failbackSteps],
  failback_step_seconds: service.failbackStepSeconds,
  downtime_cents_per_minute: service.downtimeCentsPerMinute,
  created_at: isoTime(service.createdAtMs),
  updated_at: isoTime(service.updatedAtMs),
});

/** Maps a body's fields to the port's names; absent ones stay absent. */
export const serviceFields = <Body extends z.infer<typeof servicePatch>>(body: Body) => ({
  name: body.name as Body["name"],
  primaryCdn: body.primary_cdn as Body["primary_cdn"],
  backupCdn: body.backup_cdn as Body["backup_cdn"],
  steering: body.steering as Body["steering"],
  failbackSteps: body.failback_steps as Body["failback_steps"],
  failbackStepSeconds: body.failback_step_seconds as Body["failback_step_seconds"],
  downtimeCentsPerMinute: body.downtime_cents_per_minute as Body["downtime_cents_per_minute"],
});
