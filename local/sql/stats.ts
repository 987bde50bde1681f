/** One HTTP request. */
export interface RecordedRequest {
  queries: string[];
  durationMs: number;
  /** Of the answer; 0 where it was an error. */
  bytesOut: number;
}

/** Counts since the start or the last reset: the measure of "how many round trips does this cost". */
export interface SqlStats {
  /** HTTP requests that reached the database, failed ones included. */
  readonly requests: number;
  /** Statements in them; the BEGIN and COMMIT of a batch are not counted. */
  readonly statements: number;
  readonly bytesIn: number;
  /** Of the largest request. */
  readonly largestIn: number;
  readonly bytesOut: number;
  /** Rows that statements gave. */
  readonly rowsOut: number;
  /** The latest requests, oldest first, as many as configured. */
  readonly recent: readonly RecordedRequest[];
  reset(): void;
}

interface Recorder extends SqlStats {
  /** @returns what to call once the answer is made, with its size. */
  begin(bytes: number, queries: string[]): (bytesOut: number) => void;
  sent(bytes: number): void;
  gave(rows: number): void;
}

export const createStats = (keep: number): Recorder => {
  let counts = { requests: 0, statements: 0, bytesIn: 0, largestIn: 0, bytesOut: 0, rowsOut: 0 };
  let recent: RecordedRequest[] = [];
  return {
    get requests() {
      return counts.requests;
    },
    get statements() {
      return counts.statements;
    },
    get bytesIn() {
      return counts.bytesIn;
    },
    get largestIn() {
      return counts.largestIn;
    },
    get bytesOut() {
      return counts.bytesOut;
    },
    get rowsOut() {
      return counts.rowsOut;
    },
    get recent() {
      return recent;
    },
    reset: () => {
      counts = { requests: 0, statements: 0, bytesIn: 0, largestIn: 0, bytesOut: 0, rowsOut: 0 };
      recent = [];
    },
    begin: (bytes, queries) => {
      const startedAt = performance.now();
      counts.requests += 1;
      counts.statements += queries.length;
      counts.bytesIn += bytes;
      counts.largestIn = Math.max(counts.largestIn, bytes);
      return (bytesOut) => {
        if (keep === 0) return;
        recent = [...recent, { queries, durationMs: performance.now() - startedAt, bytesOut }].slice(-keep);
      };
    },
    sent: (bytes) => {
      counts.bytesOut += bytes;
    },
    gave: (rows) => {
      counts.rowsOut += rows;
    },
  };
};
