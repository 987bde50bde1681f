import { z } from "@hono/zod-openapi";
import type { SeriesName } from "../../adapters/ports/cost/anomalies.ts";
import { id, like } from "../../http/contract.ts";

export const seriesKind = z.enum(["priced", "calls", "egress"]);

/** Which series something is of, as every answer about costs names it. */
export const seriesSchema = z
  .object({
    kind: seriesKind.openapi({
      example: "egress",
      description: "priced: events with a known cost; calls: how many without one an hour has; egress: what a service sends in an hour",
    }),
    account_id: like(z.string().nullable(), null).openapi({ description: "the AWS account; null: of egress" }),
    resource_type: like(z.string(), "egress"),
    service_id: id.nullable(),
    service_name: like(z.string().nullable(), "web"),
    cdn: like(z.string().nullable(), "fastly").openapi({ description: "of egress; null: the sum of all CDNs" }),
    unit: z.enum(["cents", "bytes", "calls"]).openapi({ example: "cents", description: "of its values; bytes: no rate is known" }),
  })
  .openapi("CostSeries");

export const representSeries = (series: SeriesName): z.infer<typeof seriesSchema> => ({
  kind: series.kind,
  account_id: series.accountId,
  resource_type: series.resourceType,
  service_id: series.serviceId,
  service_name: series.serviceName,
  cdn: series.cdn,
  unit: series.unit,
});
