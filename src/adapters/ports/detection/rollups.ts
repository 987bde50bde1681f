import type { Fence } from "../coordination/lease.ts";

export type RollupLevel = "minute" | "hour";

/** Up to when each level is rolled up, and minutes are folded (epoch ms, whole minutes and hours); null: never yet. */
export type RollupMarks = { readonly minuteMs: number | null; readonly hourMs: number | null; readonly foldMs: number | null };

/** Sums of samples by minute and hour. Times are epoch milliseconds, spans half-open. */
export interface RollupStore {
  marks(): Promise<RollupMarks>;
  /**
   * Sums up the samples of whole minutes, again where that was done before: late samples are taken up, nothing shrinks.
   * Marks them as done. @returns whether the lease was still held
   */
  rollMinutes(fence: Fence, fromMs: number, toMs: number): Promise<boolean>;
  /** Sums up the minutes of one whole hour for a page of domains. @returns the last of them, null: there are no more */
  rollHour(fence: Fence, startMs: number, afterDomainId: number, limit: number): Promise<number | null>;
  /** Marks hours as done. @returns whether the lease was still held */
  markHours(fence: Fence, untilMs: number): Promise<boolean>;
  /** The oldest minute that there is; null: there is none. */
  firstMinute(): Promise<number | null>;
  /** Puts the minutes of one whole hour into one row a path, for a page of domains. @returns the last of them, null: there are no more */
  fold(fence: Fence, startMs: number, afterDomainId: number, limit: number): Promise<number | null>;
  /** Marks hours as folded: from then on they are read so, and their minutes may go. @returns whether the lease was still held */
  markFolded(fence: Fence, untilMs: number): Promise<boolean>;
}

/** `past`: versions that later ones replaced. */
export type UsageFact = "readings" | "readings_past" | "pushes" | "pushes_past";

/** What is kept for a while only. Each call deletes at most `limit` rows, none where the lease is lost. @returns how many */
export interface PruneStore {
  /** Those that are rolled up, or too old to wait for that any longer. */
  samples(fence: Fence, rolledBeforeMs: number, anyBeforeMs: number, limit: number): Promise<number>;
  /** Minutes go as soon as they are folded as well. */
  rollups(fence: Fence, level: RollupLevel, beforeMs: number, limit: number): Promise<number>;
  /** Of where paths were last probed, what is of no path any more. */
  probeMarks(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  foldedMinutes(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  idempotencyKeys(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  installSessions(fence: Fence, beforeMs: number, limit: number): Promise<number>;
  /** What billed windows that began before were made of; that of windows that are not billed stays. */
  usageFacts(fence: Fence, kind: UsageFact, beforeMs: number, limit: number): Promise<number>;
}
