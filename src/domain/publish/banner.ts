import type { Health } from "../detection/health.ts";
import type { Impact, Phase } from "./incident.ts";

/** What a page says first. */
export type Banner = "operational" | "affected" | "major" | "maintenance" | "no_data";

/** `state`: what visitors get now; `unknown` also where nobody has judged it for two minutes, whatever it was before. */
export type BannerService = { readonly id: number; readonly state: Health };

export type BannerIncident = { readonly impact: Impact; readonly phase: Phase; readonly serviceIds: readonly number[] };

/**
 * The worst that is true. Measured and written count alike: a service that is down is trouble although nobody has written of it, and
 * an incident that is open is, although all is measured well. Downtime under announced maintenance is that maintenance.
 */
export const bannerOf = (services: readonly BannerService[], incidents: readonly BannerIncident[]): Banner => {
  const active = incidents.filter(({ phase }) => phase === "active");
  const maintained = new Set(active.filter(({ impact }) => impact === "maintenance").flatMap(({ serviceIds }) => serviceIds));
  const down = services.filter(({ id, state }) => state === "down" && !maintained.has(id));
  const has = (impact: Impact): boolean => active.some((one) => one.impact === impact);
  if (has("critical") || down.length * 2 > services.length) return "major";
  if (has("major") || has("minor") || down.length > 0) return "affected";
  if (has("maintenance")) return "maintenance";
  return services.length === 0 || services.some(({ state }) => state === "unknown") ? "no_data" : "operational";
};
