/** What the database can tell an operator at one moment. Ages are seconds on the database's clock. */
export type MetricsReading = {
  readonly storms: readonly { readonly kind: string; readonly state: string; readonly count: number }[];
  readonly stormsTotal: number;
  /** Samples of the last five minutes; `result` is `ok` or the error code. */
  readonly samples: readonly { readonly path: string; readonly vantage: string; readonly result: string; readonly count: number }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly provider: string;
    readonly successes: number;
    readonly failures: number;
    readonly overruns: number;
    readonly lastDurationMs: number | null;
    readonly lastSuccessAgeSeconds: number | null;
  }[];
  readonly counters: readonly { readonly name: string; readonly provider: string; readonly label: string; readonly value: number }[];
  readonly routingChanges: readonly { readonly result: string; readonly count: number }[];
  readonly leases: readonly { readonly name: string; readonly provider: string; readonly epoch: number; readonly held: boolean }[];
  readonly invoices: number;
};

export interface MetricsStore {
  /** One round trip. */
  read(): Promise<MetricsReading>;
}
