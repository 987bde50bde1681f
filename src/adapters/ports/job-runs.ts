/** How much a run adds to a sum that is kept in the database. */
export type Count = {
  readonly name: "rounds" | "round_ms" | "witness_rounds" | "unreadable_probes" | "route53_calls" | "abandoned_calls";
  /** `""` where the name says it all; of Route 53 calls their result, of abandoned ones what they were for. */
  readonly label: string;
  readonly value: number;
};

/** One finished run of a job. Times are epoch milliseconds; `overruns` counts rounds that took longer than their slot. */
export type JobRun = {
  readonly job: string;
  readonly provider: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly ok: boolean;
  readonly overruns: number;
  readonly counts?: readonly Count[];
};

export interface JobRunStore {
  record(run: JobRun): Promise<void>;
}
