import { z } from "@hono/zod-openapi";
import type { StatusIncident, StatusPage, StatusPageInput } from "../../adapters/ports/publish/status-pages.ts";
import { mostPublished } from "../../adapters/ports/publish/status-pages.ts";
import { hiddenCharacter } from "../../domain/platform/visible-text.ts";
import { impacts, incidentStates, longestUpdate, maintenanceStates } from "../../domain/publish/incident.ts";
import { reservedSlugs, slugFault, slugPattern } from "../../domain/publish/slug.ts";
import { id, label, like, time, timeText } from "../../http/contract.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { together } from "../schemas.ts";

const exampleText = "Downloads from Europe fail. We are looking into it.";
const exampleUuid = "0b6f6e0e-3c52-4a8e-9d0c-3d1f0a4d7a11";

/** Text of several lines of which a reader sees every character. */
const prose = (max: number) => {
  const hidden = (text: unknown) => hiddenCharacter(String(text).replaceAll(/[\t\n\r]/g, " "));
  return z
    .string()
    .refine((text) => hidden(text) === null, {
      abort: true,
      error: ({ input }) => `must not contain control or invisible characters (${hidden(input) ?? ""})`,
    })
    .trim()
    .min(1)
    .max(max)
    .openapi({
      pattern: String.raw`^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$`,
      example: exampleText,
    });
};

const slug = z
  .string()
  .refine((text) => slugFault(text) === null, { error: ({ input }) => slugFault(String(input)) ?? "" })
  .openapi({ pattern: slugPattern.source, example: "acme", description: "the page is at /status/{slug}" })
  .openapi(together({ not: { enum: [...reservedSlugs] } }));

const title = label(100).openapi({ example: "ACME status" });
const publishedName = label(100).openapi({ example: "Downloads", description: "the only name that the page shows" });

const servicesOnce = (services: readonly { readonly service_id: number }[]): boolean =>
  new Set(services.map((one) => one.service_id)).size === services.length;

export const statusPageInput = z
  .strictObject({
    slug,
    title,
    enabled: like(z.boolean(), true).openapi({ description: "false: the page is a 404, as one that is not there" }),
    services: z
      .array(
        z.strictObject({
          service_id: z.int().min(1).openapi({ example: 1 }),
          name: publishedName,
          shown: z.boolean().default(true).openapi({ description: "false: kept in the list, but not on the page" }),
        }),
      )
      .max(mostPublished)
      .refine(servicesOnce, "must not list a service twice")
      .default([])
      .openapi({ description: "in the order in which they are shown" }),
  })
  .openapi("StatusPageInput");

export const statusPageSchema = z
  .object({
    slug: like(z.string(), "acme"),
    title: like(z.string(), "ACME status"),
    enabled: like(z.boolean(), true),
    path: like(z.string(), "/status/acme"),
    services: z.array(z.object({ service_id: id, name: like(z.string(), "Downloads"), shown: like(z.boolean(), true) })),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("StatusPage");

export const statusPageFields = ({ services, ...input }: z.infer<typeof statusPageInput>): StatusPageInput => ({
  ...input,
  services: services.map(({ service_id: serviceId, name, shown }) => ({ serviceId, name, shown })),
});

export const representPage = (page: StatusPage): z.infer<typeof statusPageSchema> => ({
  slug: page.slug,
  title: page.title,
  enabled: page.enabled,
  path: `/status/${page.slug}`,
  services: page.services.map(({ serviceId, name, shown }) => ({ service_id: serviceId, name, shown })),
  created_at: isoTime(page.createdAtMs),
  updated_at: isoTime(page.updatedAtMs),
});

const impact = z
  .enum(impacts)
  .openapi({ example: "major", description: "maintenance is planned: it has an end, and begins and ends by the clock" });
const state = z.enum([...incidentStates, "scheduled"]).openapi({
  example: "investigating",
  description: "of maintenance: scheduled or resolved; of an incident all others",
});
const serviceIds = z
  .array(z.int().min(1))
  .max(mostPublished)
  .refine((ids) => new Set(ids).size === ids.length, "must not name one twice")
  .openapi({ uniqueItems: true, example: [], description: "services of the page; those that are not shown are not named" });
const startsAt = time.openapi({ description: "now, where it is not given; ahead only for maintenance" });
const endsAt = time.nullable().openapi({
  type: ["string", "null"],
  example: null,
  description: "of maintenance, which must have one; null: of all others",
});
const text = prose(longestUpdate);

/** `isStateOf` as a schema. */
const stateOfImpact = {
  where: { properties: { impact: { const: "maintenance" } } },
  must: { properties: { state: { enum: maintenanceStates } } },
  otherwise: { properties: { state: { enum: incidentStates } } },
} as const;

export const incidentInput = z
  .strictObject({
    title: label(200).openapi({ example: "Downloads fail in Europe" }),
    impact,
    state: state.optional().openapi({ description: "investigating, or of maintenance scheduled, where it is not given" }),
    service_ids: serviceIds.default([]),
    starts_at: startsAt.optional(),
    ends_at: endsAt.optional(),
    text,
  })
  .openapi(
    together({
      ...stateOfImpact,
      must: { required: ["ends_at"], properties: { ends_at: { type: "string" }, ...stateOfImpact.must.properties } },
      otherwise: { properties: { ends_at: { type: "null" }, ...stateOfImpact.otherwise.properties } },
    }),
  )
  .openapi("StatusIncidentInput", { example: { title: "Downloads fail in Europe", impact: "major", text: exampleText } });

export const updateInput = z
  .strictObject({
    text,
    state: state.optional(),
    title: label(200).optional(),
    impact: impact.optional(),
    service_ids: serviceIds.optional(),
    starts_at: startsAt.optional(),
    ends_at: endsAt.optional(),
  })
  .openapi(together({ where: { required: ["impact"] }, must: stateOfImpact }))
  .openapi("StatusIncidentUpdateInput", { example: { text: exampleText, state: "identified" } });

export const incidentSchema = z
  .object({
    id,
    public_id: like(z.string(), exampleUuid).openapi({ description: "by which feeds know it" }),
    title: like(z.string(), "Downloads fail in Europe"),
    impact,
    state,
    service_ids: like(z.array(z.int()), [1]),
    starts_at: timeText,
    ends_at: timeText.nullable(),
    updates: z.array(z.object({ id: like(z.string(), exampleUuid), at: timeText, state, text: like(z.string(), exampleText) })),
    created_at: timeText,
    updated_at: timeText,
  })
  .openapi("StatusIncident");

export const representIncident = (one: StatusIncident): z.infer<typeof incidentSchema> => ({
  id: one.id,
  public_id: one.publicId,
  title: one.title,
  impact: one.impact,
  state: one.state,
  service_ids: [...one.serviceIds],
  starts_at: isoTime(one.startsAtMs),
  ends_at: isoTimeOrNull(one.endsAtMs),
  updates: one.updates.map(({ id: updateId, atMs, state: was, text: said }) => ({
    id: updateId,
    at: isoTime(atMs),
    state: was,
    text: said,
  })),
  created_at: isoTime(one.createdAtMs),
  updated_at: isoTime(one.updatedAtMs),
});
