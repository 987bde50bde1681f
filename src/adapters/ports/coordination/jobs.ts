/** One round that is over; `roundAtMs` is the beginning of its slot, epoch milliseconds. A witness decides nothing (semantics §10). */
export type RoundDone = {
  readonly role: "holder" | "witness";
  readonly shardIndex: number;
  readonly roundAtMs: number;
  readonly durationMs: number;
  readonly ok: boolean;
};

/** The jobs of the schedule, for callers other than the platform's cron. */
export interface Jobs {
  /**
   * Starts one job for the minute that began at `scheduledAtMs`.
   * @param onRound called for each round that runs in this invocation
   * @returns null: there is no such job. Rejects with what the job throws
   */
  run(job: string, scheduledAtMs: number, onRound: (round: RoundDone) => void): Promise<void> | null;
}
