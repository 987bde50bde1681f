import type { Health } from "../../../src/domain/detection/health.ts";
import type { ObjectiveTerms } from "../../../src/domain/slo/objective.ts";
import type { Life, Place } from "./life.ts";
import { cdns } from "./life.ts";

/**
 * What a life is worth, second by second, knowing nothing of spans: who served visitors in this very second, whether that was up,
 * and who was to blame. It shares no code with what it judges.
 */
export type Second = {
  readonly state: Health;
  /** "" is the service itself; undefined unless down. */
  readonly blame: string | undefined;
  readonly avoided: boolean;
  readonly inOutage: boolean;
};

const servingHealth = (place: Place): Health => {
  if (place.serving === "primary") return place.primary;
  return place.backup === "none" ? "unknown" : place.backup;
};
const otherHealth = (place: Place): Health | "none" => (place.serving === "primary" ? place.backup : place.primary);

/** The table of who is to blame, row by row. */
const blameFor = (places: readonly Place[]): string => {
  let primaryFailed = false;
  for (const place of places) {
    if (servingHealth(place) !== "down") continue;
    if (otherHealth(place) !== "up") return "";
    if (place.serving === "primary") primaryFailed = true;
  }
  return primaryFailed ? cdns[0] : cdns[1];
};

const look = (places: readonly Place[]): Omit<Second, "inOutage"> => {
  const states = places.map(servingHealth);
  if (states.includes("down")) return { state: "down", blame: blameFor(places), avoided: false };
  if (states.includes("unknown")) return { state: "unknown", blame: undefined, avoided: false };
  return {
    state: "up",
    blame: undefined,
    avoided: places.some((place) => place.serving === "backup" && place.primary === "down"),
  };
};

/** Which of the seconds from `from` on lie in any of these: one flag each, up to `until`. */
export const flagged = (spans: readonly { readonly from: number; readonly to: number }[], from: number, until: number): Uint8Array => {
  const flags = new Uint8Array(until - from);
  for (const one of spans) {
    for (let now = Math.max(one.from, from); now < Math.min(one.to, until); now += 1) flags[now - from] = 1;
  }
  return flags;
};

/** Walks through a life: one value per second from `life.from` to `life.until`. */
export const secondsOf = (life: Life): readonly Second[] => {
  const places = life.start.map((place) => ({ ...place }));
  const seconds: Second[] = [];
  let outage = false;
  let next = 0;
  let shown = look(places);
  const silent = flagged(life.silences, life.from, life.until);
  for (let now = life.from; now < life.until; now += 1) {
    for (;;) {
      const happening = life.happenings[next];
      // What samples can not date is true from the round that found it.
      if (happening === undefined || (happening.dated ? happening.at : happening.seenAt) > now) break;
      const place = places[happening.domain];
      if (place === undefined) throw new Error("no such domain");
      if ("movedTo" in happening.what) place.serving = happening.what.movedTo;
      else if (happening.what.path === "primary") place.primary = happening.what.health;
      else place.backup = happening.what.health;
      next += 1;
      shown = look(places);
    }
    const current = silent[now - life.from] === 0 ? shown : { state: "unknown" as const, blame: undefined, avoided: false };
    if (current.state === "up") outage = false;
    if (current.state === "down") outage = true;
    seconds.push({ ...current, inOutage: outage });
  }
  return seconds;
};

export type Expected = {
  elapsed: number;
  measured: number;
  down: number;
  consumed: number;
  avoided: number;
  readonly blamed: Record<string, number>;
};

/**
 * Seconds from `since` on that count, up to the last that has a flag.
 * @param first the second to which the first of `seconds` and `corrected` belongs
 * @param seconds those that are judged; after them nothing is known
 */
export const countSeconds = (
  seconds: readonly Second[],
  corrected: Uint8Array,
  terms: ObjectiveTerms,
  first: number,
  since: number,
): Expected => {
  const sum: Expected = { elapsed: 0, measured: 0, down: 0, consumed: 0, avoided: 0, blamed: {} };
  for (let nth = Math.max(since - first, 0); nth < corrected.length; nth += 1) {
    if (corrected[nth] === 1) continue;
    sum.elapsed += 1;
    const second = seconds[nth];
    if (second === undefined || second.state === "unknown") continue;
    sum.measured += 1;
    if (second.avoided) sum.avoided += 1;
    if (second.blame === undefined) continue;
    sum.down += 1;
    sum.blamed[second.blame] = (sum.blamed[second.blame] ?? 0) + 1;
    const forgiven = terms.dependencyExclusion === "self-only" && second.blame !== "" && !terms.excludedUpstreams.includes(second.blame);
    if (!forgiven) sum.consumed += 1;
  }
  return sum;
};
