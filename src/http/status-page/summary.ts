import { z } from "@hono/zod-openapi";
import type { PublishedPage, Snapshot } from "../../adapters/ports/publish/status-pages.ts";
import { impacts, incidentStates } from "../../domain/publish/incident.ts";
import { isoTime, isoTimeOrNull } from "../../iso-time.ts";
import { like, timeText } from "../contract.ts";
import { viewOf } from "./view.ts";
import type { IncidentView } from "./view.ts";
import { bannerWords, dayText } from "./words.ts";

const uuid = like(z.string(), "0b6f6e0e-3c52-4a8e-9d0c-3d1f0a4d7a11");
const state = z.enum([...incidentStates, "scheduled"]).openapi({ example: "investigating" });
const percent = like(z.number().nullable(), 99.98765).openapi({ description: "of the time that was measured; null: none was" });

const incident = z
  .object({
    id: uuid,
    title: like(z.string(), "Downloads fail in Europe"),
    impact: z.enum(impacts).openapi({ example: "major" }),
    state,
    phase: z.enum(["scheduled", "active", "over"]).openapi({ example: "active", description: "maintenance begins and ends by the clock" }),
    services: like(z.array(z.string()), ["Downloads"]),
    starts_at: timeText,
    ends_at: timeText.nullable(),
    updates: z.array(z.object({ id: uuid, at: timeText, state, text: like(z.string(), "We are looking into it.") })),
  })
  .openapi("PublicIncident");

export const summarySchema = z
  .object({
    title: like(z.string(), "ACME status"),
    status: z.enum(["operational", "affected", "major", "maintenance", "no_data"]).openapi({ example: "operational" }),
    description: like(z.string(), "All services are well"),
    as_of: timeText,
    stale: like(z.boolean(), false).openapi({ description: "nothing newer could be read" }),
    services: z.array(
      z.object({
        name: like(z.string(), "Downloads"),
        state: z.enum(["up", "down", "maintenance", "unknown"]).openapi({ example: "up" }),
        percent,
        days: z.array(
          z.object({
            date: like(z.string(), "2026-11-27"),
            percent,
            down_seconds: like(z.number(), 0),
            unmeasured_seconds: like(z.number(), 0),
          }),
        ),
      }),
    ),
    incidents: z.array(incident).openapi({ description: "active, planned, then those of the last days" }),
  })
  .openapi("PublicStatus");

const represent = (one: IncidentView): z.infer<typeof incident> => ({
  id: one.publicId,
  title: one.title,
  impact: one.impact,
  state: one.state,
  phase: one.phase,
  services: [...one.serviceNames],
  starts_at: isoTime(one.startsAtMs),
  ends_at: isoTimeOrNull(one.endsAtMs),
  updates: one.updates.map(({ id, atMs, state: was, text }) => ({ id, at: isoTime(atMs), state: was, text })),
});

/** The page for machines. */
export const summaryOf = (known: Pick<Snapshot<PublishedPage>, "value" | "failedAtMs">): z.infer<typeof summarySchema> => {
  const { title, banner, atMs, services, active, scheduled, recent } = viewOf(known);
  return {
    title,
    status: banner,
    description: bannerWords[banner].word,
    as_of: isoTime(atMs),
    stale: known.failedAtMs !== null,
    services: services.map(({ name, state: now, uptime }) => ({
      name,
      state: now,
      percent: uptime.percent,
      days: uptime.bars.map((bar) => ({
        date: dayText(bar.day),
        percent: bar.percent,
        down_seconds: bar.downUs / 1e6,
        unmeasured_seconds: bar.unmeasuredUs / 1e6,
      })),
    })),
    incidents: [...active, ...scheduled, ...recent].map(represent),
  };
};
