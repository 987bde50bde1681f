import { fromCloudTrail, isCloudTrail, isDigest } from "./cloudtrail.ts";
import type { CostEvent, IgnoredReason, Normalised, Rejection } from "./cost-event.ts";
import { ignored, ignoredReasons, rejected } from "./cost-event.ts";
import { fromShortForm } from "./short-event.ts";
import { storageFault } from "./storable.ts";

/** Reads one event, in whichever of the two forms it is. @param pointer where it stands in what was sent, by RFC 6901 */
export const normalise = (value: unknown, pointer: string, nowMs: number): Normalised => {
  if (isDigest(value)) return ignored("digest");
  return isCloudTrail(value) ? fromCloudTrail(value, pointer, nowMs) : fromShortForm(value, pointer, nowMs);
};

/** What a batch comes to. Each of its values is counted once. */
export type NormalisedBatch = {
  readonly events: readonly CostEvent[];
  /** How many were in the batch twice. */
  readonly duplicates: number;
  readonly ignored: Readonly<Record<IgnoredReason, number>>;
  readonly rejected: readonly Rejection[];
};

/** What could not be stored is told as such, whatever else is wrong with it. */
const read = (value: unknown, pointer: string, nowMs: number): Normalised => {
  const fault = storageFault(value);
  return fault === null ? normalise(value, pointer, nowMs) : rejected(`${pointer}${fault.pointer}`, fault.problem);
};

/**
 * Reads a batch: one event that can not be read drops no other.
 * @param pointer of the list; @param nowMs epoch milliseconds
 * @param sinceMs what is older is ignored: were it stored again after it was deleted for its age, it would be counted twice
 */
export const normaliseBatch = (
  values: readonly unknown[],
  pointer: string,
  nowMs: number,
  sinceMs = Number.NEGATIVE_INFINITY,
): NormalisedBatch => {
  const events = new Map<string, CostEvent>();
  const counts = Object.fromEntries(ignoredReasons.map((reason) => [reason, 0])) as Record<IgnoredReason, number>;
  const rejections: Rejection[] = [];
  let duplicates = 0;
  for (const [index, value] of values.entries()) {
    const one = read(value, `${pointer}/${index}`, nowMs);
    if (one.kind === "event" && one.event.occurredAtMs < sinceMs) counts.expired += 1;
    else if (one.kind === "ignored") counts[one.reason] += 1;
    else if (one.kind === "rejected") rejections.push(one.rejection);
    else if (events.has(one.event.eventId)) duplicates += 1;
    else events.set(one.event.eventId, one.event);
  }
  return { events: [...events.values()], duplicates, ignored: counts, rejected: rejections };
};
