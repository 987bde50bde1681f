import type { PublishedPage, ShownIncident, ShownService, Snapshot } from "../../adapters/ports/publish/status-pages.ts";
import { bannerOf } from "../../domain/publish/banner.ts";
import type { Banner } from "../../domain/publish/banner.ts";
import { uptimeOf } from "../../domain/publish/days.ts";
import type { Uptime } from "../../domain/publish/days.ts";
import { phaseOf, recentDays } from "../../domain/publish/incident.ts";
import type { Phase } from "../../domain/publish/incident.ts";
import { longestSilenceMs } from "../../domain/slo/visitors.ts";

/** How a service is shown: as measured, but for downtime that was announced. */
export type ShownState = ShownService["state"] | "maintenance";

export type ServiceView = { readonly name: string; readonly state: ShownState; readonly uptime: Uptime };

export type IncidentView = ShownIncident & { readonly phase: Phase; readonly serviceNames: readonly string[] };

/** A page as it is written, whatever the form. */
export type PageView = {
  readonly slug: string;
  readonly title: string;
  readonly atMs: number;
  readonly banner: Banner;
  readonly services: readonly ServiceView[];
  readonly active: readonly IncidentView[];
  readonly scheduled: readonly IncidentView[];
  /** Over, and of the last days; the newest first. */
  readonly recent: readonly IncidentView[];
  readonly isCut: boolean;
};

type Named = { readonly id: number; readonly name: string };

/** Incidents with the names of their services, as of a moment. */
export const incidentViews = (incidents: readonly ShownIncident[], services: readonly Named[], nowMs: number): readonly IncidentView[] => {
  const names = new Map(services.map(({ id, name }) => [id, name]));
  return incidents.map((one) => ({
    ...one,
    phase: phaseOf(one, nowMs),
    serviceNames: one.serviceIds.flatMap((id) => names.get(id) ?? []),
  }));
};

/** The last that was said or done of it. */
const lastMs = ({ startsAtMs, endsAtMs, updates }: ShownIncident, nowMs: number): number =>
  Math.max(startsAtMs, Math.min(endsAtMs ?? startsAtMs, nowMs), updates.at(-1)?.atMs ?? startsAtMs);

/** What is known of something, and since when nothing newer could be read. */
type Known<Value> = Pick<Snapshot<Value>, "value" | "failedAtMs">;

/** Until when time has gone on for who reads it: maintenance begins and ends by the clock, also while nothing is read. */
export const presentMs = ({ value, failedAtMs }: Known<{ readonly atMs: number }>): number => Math.max(value.atMs, failedAtMs ?? 0);

/** Whoever was well two minutes ago may be down by now, as for judges that fell silent: what was measured last is not how it is. */
const currentServices = ({ value, failedAtMs }: Known<PublishedPage>): readonly ShownService[] =>
  failedAtMs === null || failedAtMs - value.atMs <= longestSilenceMs
    ? value.services
    : value.services.map((service) => ({ ...service, state: "unknown" }));

export const viewOf = (known: Known<PublishedPage>): PageView => {
  const { slug, title, atMs, isCut } = known.value;
  const services = currentServices(known);
  const nowMs = presentMs(known);
  const incidents = incidentViews(known.value.incidents, services, nowMs);
  const of = (phase: Phase) => incidents.filter((one) => one.phase === phase);
  const maintained = new Set(of("active").flatMap(({ impact, serviceIds }) => (impact === "maintenance" ? serviceIds : [])));
  return {
    slug,
    title,
    atMs,
    banner: bannerOf(services, incidents),
    services: services.map(({ id, name, state, days, trackedUs }) => ({
      name,
      state: state === "down" && maintained.has(id) ? "maintenance" : state,
      uptime: uptimeOf(days, trackedUs, atMs * 1_000),
    })),
    active: of("active"),
    scheduled: of("scheduled").toSorted((a, b) => a.startsAtMs - b.startsAtMs),
    recent: of("over").filter((one) => lastMs(one, nowMs) > nowMs - recentDays * 86_400_000),
    isCut,
  };
};
