/** Where this vantage probes from, where its platform reports it: a colo such as `FRA`, a region such as `fra1`. */
export interface Place {
  /** Null: not reported, or not queried yet. */
  known(): string | null;
  /** Queries it, where possible and the last reading is old. Never throws, never takes long. */
  look(): Promise<void>;
}
