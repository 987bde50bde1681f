import type { Archive } from "../../adapters/ports/cost/archive.ts";
import type { AuditCursor, CostEventStore, EventSource, FileCursor } from "../../adapters/ports/cost/ingest.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Random } from "../../adapters/ports/platform/random.ts";
import { archiveKey } from "../../domain/cost/archive-key.ts";
import type { NormalisedBatch } from "../../domain/cost/normalise.ts";
import { normaliseBatch } from "../../domain/cost/normalise.ts";
import { isoTime } from "../../iso-time.ts";

export type IngestDeps = {
  readonly costEvents: CostEventStore;
  /** Null: nothing is archived. */
  readonly archive: Archive | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: { readonly costEventRetentionMs: number };
  /** Has what is new scored at once, in the background. Never throws. */
  scoreSoon(): void;
};

/** Events as somebody sent, or wrote, them. */
export type Received = {
  readonly customerId: number;
  readonly source: EventSource;
  /** As it is to be archived: of what was sent the very text. */
  readonly text: string;
  /** The list in it, parsed. */
  readonly values: readonly unknown[];
  /** Of the list in the text, such as `/Records`. */
  readonly pointer: string;
  /** Moved together with what is stored; null: the batch is not of a file, or not the last of it. */
  readonly cursor: FileCursor | AuditCursor | null;
};

/** What became of each of them: together as many as there were. */
export type Ingested = Pick<NormalisedBatch, "ignored" | "rejected"> & { readonly accepted: number; readonly duplicate: number };

const newKey = ({ clock, random }: IngestDeps, customerId: number): string => {
  const id = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return archiveKey(customerId, isoTime(clock.nowMs()).slice(0, 10), id);
};

/**
 * Takes events in, by whichever way they came: archived first, then stored in one statement with the cursor and the batch that has them
 * scored, and only then told to whoever sent them. Whoever fails or dies in between leaves nothing that sending again does not complete.
 * @param budget for the archive
 * @throws AppError `unavailable` where the archive or the database is away: nothing was stored, or all of it
 */
export const ingestEvents = async (deps: IngestDeps, received: Received, budget: Budget): Promise<Ingested> => {
  const { customerId, source, text, values, pointer, cursor } = received;
  const nowMs = deps.clock.nowMs();
  const batch = normaliseBatch(values, pointer, nowMs, nowMs - deps.config.costEventRetentionMs);
  const { events, ignored, rejected } = batch;
  // What nobody can read is not kept for anybody.
  const isReadable = rejected.length < values.length;
  const key = deps.archive !== null && isReadable ? newKey(deps, customerId) : null;
  if (key !== null) await deps.archive?.keep(key, text, budget);
  const isAnything = events.length > 0 || cursor !== null;
  const accepted = isAnything ? await deps.costEvents.add({ customerId, source, archiveKey: key, events, cursor }) : 0;
  if (accepted > 0) deps.scoreSoon();
  return { accepted, duplicate: batch.duplicates + events.length - accepted, ignored, rejected };
};
