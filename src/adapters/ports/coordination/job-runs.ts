import type { JobRhythm } from "../../../domain/coordination/job-standing.ts";

/** An increment of a counter in the database. */
export type Count = {
  readonly name:
    | "rounds"
    | "rounds_failed"
    | "round_ms"
    | "witness_rounds"
    | "unreadable_probes"
    | "probes_over_budget"
    | "domains_left_out"
    | "route53_calls"
    | "abandoned_calls";
  /** The label: of Route 53 calls their result, of abandoned ones their purpose, of failed rounds the role; `""`: none. */
  readonly label: string;
  readonly value: number;
};

/** A shard's load, as measured by its rounds as the holder: means per round. `shards`: the number of shards then. */
export type MeasuredShard = {
  readonly shard: number;
  readonly shards: number;
  readonly domains: number;
  /** Those left out of a round for lack of room. */
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
  /** Of rounds as the holder: how many failed in a row by the end of this run; `anew`: counted from within it. Absent: no rounds. */
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
  /** All of them, in their order there. */
  readonly rhythms: readonly JobRhythm[];
  /**
   * Starts one job for the minute that began at `scheduledAtMs`.
   * @param onRound called for each round that runs in this invocation
   * @returns null: there is no such job. Rejects with what the job throws
   */
  run(job: string, scheduledAtMs: number, onRound: (round: RoundDone) => void): Promise<void> | null;
}
