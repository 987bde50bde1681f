import type { CloudflareClient } from "./client.ts";
import { CloudflareError } from "./error.ts";
import { buildLimitsQuery, limitsAnswerSchema } from "./limits.ts";
import type { ZonePlan } from "./limits.ts";
import type { Splitter } from "./split.ts";
import { chunk } from "../in-parts.ts";
import { createSingleFlight } from "../single-flight.ts";

/** A zone's plan, or why it is not known. */
export type KnownPlan = ZonePlan | CloudflareError;

/** How long a zone's limits are cached: plans change by hand. What keeps a zone from being queried, for less. */
const LIMITS_CACHE_MS = 600_000;
const SHUT_CACHE_MS = 60_000;
const LEARNING_MS = 90_000;
const ZONES_PER_QUERY = 10;

/** The plans by zone. Those of `apart` are queried last, each on its own. */
export type PlanDirectory = (
  zoneIds: readonly string[],
  apart: ReadonlySet<string>,
  split: Splitter,
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, KnownPlan>>;

/**
 * What the plans of zones allow, cached for all readings of a source; concurrent readings share one
 * query. A zone that makes a query fail for others is found and left out. Transient failures are not cached.
 */
export const createPlanDirectory = (client: CloudflareClient, graphqlEndpoint: string, now: () => number): PlanDirectory => {
  const known = new Map<string, { readonly plan: KnownPlan; readonly untilMs: number }>();
  const flight = createSingleFlight<ReadonlyMap<string, CloudflareError>>(now, LEARNING_MS);

  const remember = (zoneId: string, plan: KnownPlan): void => {
    const isOpen = !(plan instanceof CloudflareError) && "limits" in plan;
    known.set(zoneId, { plan, untilMs: now() + (isOpen ? LIMITS_CACHE_MS : SHUT_CACHE_MS) });
  };
  const recall = (zoneId: string): KnownPlan | null => {
    const entry = known.get(zoneId);
    return entry !== undefined && now() < entry.untilMs ? entry.plan : null;
  };

  /** Why zones could not be queried, those only. */
  const learn = async (
    parts: readonly (readonly string[])[],
    apart: ReadonlySet<string>,
    split: Splitter,
  ): Promise<ReadonlyMap<string, CloudflareError>> => {
    const passing = new Map<string, CloudflareError>();
    for (const [place, part] of parts.entries()) {
      try {
        await split(
          part,
          async (zoneTags, patience) => {
            const answer = await client.request(graphqlEndpoint, limitsAnswerSchema, patience, buildLimitsQuery(zoneTags));
            for (const zoneId of zoneTags)
              remember(zoneId, answer.get(zoneId) ?? new CloudflareError("zone_access", "the zone is left out of the answer"));
          },
          async (zoneId, error) => {
            if (error.retryable) passing.set(zoneId, error);
            else remember(zoneId, error);
          },
          part.some((zoneId) => apart.has(zoneId)),
        );
      } catch (error) {
        if (!(error instanceof CloudflareError)) throw error;
        for (const zoneId of parts.slice(place).flat()) if (recall(zoneId) === null) passing.set(zoneId, error);
        break;
      }
    }
    return passing;
  };

  return async (zoneIds, apart, split, signal) => {
    const missing = (): string[] => zoneIds.filter((zoneId) => recall(zoneId) === null);
    const late = (): CloudflareError => new CloudflareError("deadline", "the zones' limits were not known within the time of the reading");
    let passing: ReadonlyMap<string, CloudflareError> = new Map();
    // The query that was joined may be about other zones: then there is a second round.
    for (let round = 0; round < 2 && missing().some((zoneId) => !passing.has(zoneId)); round += 1) {
      const parts = (): string[][] => [
        ...chunk(
          missing().filter((zoneId) => !apart.has(zoneId)),
          ZONES_PER_QUERY,
        ),
        ...missing()
          .filter((zoneId) => apart.has(zoneId))
          .map((zoneId) => [zoneId]),
      ];
      passing = await flight.join(() => learn(parts(), apart, split), signal, late);
    }
    return new Map(zoneIds.map((zoneId) => [zoneId, recall(zoneId) ?? passing.get(zoneId) ?? late()]));
  };
};
