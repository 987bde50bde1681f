/**
 * The outcome of a request. `unsent`: there was no connection for it in time, so certainly nothing was sent. `abandoned`: it
 * timed out and did not end although it was aborted; whether it takes effect is unknown.
 */
export type Sent<T> = { readonly status: "sent"; readonly value: T } | { readonly status: "unsent" | "abandoned" };

/**
 * `untilMs`, epoch milliseconds, ends everything; `answerMs` is how long an answer may take once the request is begun. With less
 * than `leastMs` left it is not begun: a missing answer would mean nothing. Absent: it is begun up to the end.
 */
export type RequestTimes = { readonly untilMs: number; readonly answerMs: number; readonly leastMs?: number };

/**
 * Runs one request as soon as a connection is free for it, and aborts it at its deadline.
 * @throws what the request throws, that it was aborted included
 */
export type Connection = <T>(times: RequestTimes, request: (signal: AbortSignal) => Promise<T>) => Promise<Sent<T>>;

/**
 * What a call to the outside may cost. Always a required argument, never an optional one:
 * a wrapper that drops it does not compile.
 */
export type Budget = {
  /** Epoch milliseconds: the answer is wanted by then. No request is begun after it, and those under way are aborted. */
  readonly untilMs: number;
  readonly connection: Connection;
};
