/** How much a run adds to a sum that is kept in the database. */
export type Count = {
  readonly name: "rounds" | "rounds_failed" | "round_ms" | "witness_rounds" | "unreadable_probes" | "probes_over_budget" | "domains_left_out" | "route53_calls" | "abandoned_calls";
  /** `""` where the name says it all; of Route 53 calls their result, of abandoned ones what they were for; of failed rounds the role. */
  readonly label: string;
  readonly value: number;
};

/** What a shard has to do, as its rounds as the holder have measured it: means of a round. `shards`: of how many it was one. */
export type MeasuredShard = {
  readonly shard: number;
  readonly shards: number;
  readonly domains: number;
  /** Those for which a round had no room. */
  readonly leftOut: number;
  /** See `domain/coordination/shard-load.ts`. */
  readonly utilisation: number;
};

/** One finished run of a job. Times are epoch milliseconds; `overruns` counts rounds that took longer than their slot. */
export type JobRun = {
  readonly job: string;
  readonly provider: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly ok: boolean;
  readonly overruns: number;
  /** Of rounds as the holder: how many have failed up to the end of this run; `anew` where one was completed before them in it. Absent: there were none. */
  readonly failedRounds?: { readonly count: number; readonly anew: boolean };
  readonly counts?: readonly Count[];
  /** Null, or absent: nothing was measured. */
  readonly load?: MeasuredShard | null;
};

export interface JobRunStore {
  record(run: JobRun): Promise<void>;
}

/** What is known of earlier runs, of whichever provider. */
export interface JobHistory {
  /** When the latest run began that succeeded, of providers whose latest run did; epoch ms. Null: there is none. */
  lastGoodStartMs(job: string): Promise<number | null>;
}

/** One round that is over; `slotMs` is the beginning of its slot, epoch milliseconds. A witness decides nothing (semantics §10). */
export type RoundDone = {
  readonly role: "holder" | "witness";
  readonly shardIndex: number;
  readonly slotMs: number;
  readonly durationMs: number;
  readonly ok: boolean;
};

/** The jobs of the schedule, for whoever starts one without being the platform's cron. */
export interface Jobs {
  /**
   * Starts one job for the minute that began at `scheduledAtMs`.
   * @param onRound told of each round that runs in this invocation
   * @returns null: there is no such job. Rejects with what the job throws
   */
  run(job: string, scheduledAtMs: number, onRound: (round: RoundDone) => void): Promise<void> | null;
}
