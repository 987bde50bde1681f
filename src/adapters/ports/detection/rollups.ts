import type { Fence } from "../coordination/lease.ts";

export type RollupLevel = "minute" | "hour";

/** Up to when each level is rolled up, and minutes are folded (epoch ms, whole minutes and hours); null: never yet. */
export type RollupMarks = { readonly minuteMs: number | null; readonly hourMs: number | null; readonly foldMs: number | null };

/** Sums of samples by minute and hour. Times are epoch milliseconds, spans half-open. */
export interface RollupStore {
  marks(): Promise<RollupMarks>;
  /**
   * Sums up the samples of whole minutes, repeatedly if need be: late samples are included, nothing shrinks.
   * Marks them as done. @returns whether the lease was still held
   */
  rollMinutes(fence: Fence, fromMs: number, toMs: number): Promise<boolean>;
  /** Sums up the minutes of one whole hour for a page of domains. @returns the last of them, null: there are no more */
  rollHour(fence: Fence, startMs: number, afterDomainId: number, limit: number): Promise<number | null>;
  /** Marks hours as done. @returns whether the lease was still held */
  markHours(fence: Fence, untilMs: number): Promise<boolean>;
  /** The oldest minute stored; null: there is none. */
  firstMinute(): Promise<number | null>;
  /** Puts the minutes of one whole hour into one row a path, for a page of domains. @returns the last of them, null: there are no more */
  fold(fence: Fence, startMs: number, afterDomainId: number, limit: number): Promise<number | null>;
  /** Marks hours as folded: from then on they are read so, and their minutes may be deleted. @returns whether the lease was still held */
  markFolded(fence: Fence, untilMs: number): Promise<boolean>;
}

/** `past`: versions that later ones replaced. */
export type UsageFact = "readings" | "readings_past" | "pushes" | "pushes_past";

/** Rows with a limited retention. Each call deletes at most `limit` rows, none where the lease is lost. @returns how many */
export interface PruneStore {
  /** Those that are rolled up, or too old to wait for that. */
  samples(fence: Fence, rolledBeforeMs: number, anyBeforeMs: number, limit: number): Promise<number>;
  /** Minutes are also deleted as soon as they are folded. */
  rollups(fence: Fence, level: RollupLevel, beforeMs: number, limit: number): Promise<number>;
  /** Probe marks of paths that no longer exist. */
  probeMarks(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  foldedMinutes(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  idempotencyKeys(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  installSessions(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** Facts of billed windows that began before; those of unbilled windows stay. */
  usageFacts(fence: Fence, kind: UsageFact, beforeMs: number, limit: number): Promise<number>;
}
