/** Where on earth this vantage probes from, as far as its platform tells: a colo such as `FRA`, a region such as `fra1`. */
export interface Place {
  /** Null: not told, or not asked yet. */
  known(): string | null;
  /** Asks, where there is somebody to ask and that was long ago. Never throws, never takes long. */
  look(): Promise<void>;
}
