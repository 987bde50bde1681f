import { NeonDbError } from "@neondatabase/serverless";
import { AppError } from "../../../errors.ts";

/** Kinds of database faults, for operators; stable, `databaseFault` in the log. */
export type FaultKind =
  | "unreachable"
  | "no_answer"
  | "too_slow"
  | "restarting"
  | "too_many_connections"
  | "out_of_memory"
  | "rate_limited"
  | "quota"
  | "disk_full"
  | "read_only"
  | "refused_credentials"
  | "missing_database"
  | "storage_error"
  | "answer_too_large"
  | "request_too_large";

/** The texts are for the caller: no names, no addresses, no message of the database. */
type Fault = { readonly detail: string; readonly retryAfterSeconds: number | null };

/** Transient, within seconds; needs an operator; the same request will fail again. */
const [soon, later, never] = [5, 300, null];

const faults: Readonly<Record<FaultKind, Fault>> = {
  unreachable: { detail: "the database can not be reached", retryAfterSeconds: soon },
  no_answer: { detail: "the database does not answer in time", retryAfterSeconds: soon },
  too_slow: { detail: "the database gave up: what was asked took too long", retryAfterSeconds: soon },
  restarting: { detail: "the database is being stopped or started", retryAfterSeconds: soon },
  too_many_connections: { detail: "the database has no connection free", retryAfterSeconds: soon },
  out_of_memory: { detail: "the database is out of memory", retryAfterSeconds: soon },
  rate_limited: { detail: "the database refuses: too many requests", retryAfterSeconds: soon },
  quota: { detail: "the database refuses: its plan's quota is used up", retryAfterSeconds: later },
  disk_full: { detail: "the database refuses writes: its storage is full", retryAfterSeconds: later },
  read_only: { detail: "the database is read-only at present", retryAfterSeconds: later },
  refused_credentials: { detail: "the database refuses this deployment's credentials", retryAfterSeconds: later },
  missing_database: { detail: "the database does not exist", retryAfterSeconds: later },
  storage_error: { detail: "the database can not read or write its storage", retryAfterSeconds: later },
  answer_too_large: { detail: "the answer is larger than the database sends: ask for less at once", retryAfterSeconds: never },
  request_too_large: { detail: "the request is larger than the database takes: send less at once", retryAfterSeconds: never },
};

/** By SQLSTATE, the whole before its class (PostgreSQL, appendix A). Others are faults of the statement, not of the database. */
const bySqlState: Readonly<Record<string, FaultKind>> = {
  "08": "unreachable",
  "28": "refused_credentials",
  "3D": "missing_database",
  "53": "out_of_memory",
  "57P": "restarting",
  "58": "storage_error",
  "25006": "read_only",
  "53100": "disk_full",
  "53200": "out_of_memory",
  "53300": "too_many_connections",
  "57P04": "missing_database",
};

/** By the status of Neon's proxy (proxy/src/serverless/sql_over_http.rs), which sends SQLSTATEs with 400 alone. */
const byStatus: Readonly<Record<number, FaultKind>> = {
  401: "refused_credentials",
  402: "quota",
  403: "refused_credentials",
  404: "missing_database",
  413: "request_too_large",
  429: "rate_limited",
  507: "answer_too_large",
};

/** The driver keeps the status in its message alone. */
const statusOf = (error: NeonDbError): number | null => {
  const [, status] = /^Server error \(HTTP status (\d{3})\)/.exec(error.message) ?? [];
  return status === undefined ? null : Number(status);
};

const gaveUpWaiting = (error: unknown): boolean => error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");

/** @returns null for a fault of the statement itself: a constraint, a conflict, a mistake in it */
export const faultKind = (error: unknown): FaultKind | null => {
  if (!(error instanceof NeonDbError)) return gaveUpWaiting(error) ? "no_answer" : null;
  const { code, message } = error;
  // A quota error comes with various codes and statuses, but always names the quota.
  if (/exceeded the [\w ]*quota/i.test(message)) return "quota";
  // The proxy's message for a statement that it cancelled after its 15 s.
  if (code === "08P01" && message.startsWith("Query cancelled")) return "too_slow";
  if (typeof code === "string" && code !== "")
    return bySqlState[code] ?? bySqlState[code.slice(0, 3)] ?? bySqlState[code.slice(0, 2)] ?? null;
  if (gaveUpWaiting(error.sourceError)) return "no_answer";
  return byStatus[statusOf(error) ?? 0] ?? "unreachable";
};

/** Whether the request was too large, so that a part of it may succeed. It has been rolled back. */
export const isTooMuch = (error: unknown): boolean =>
  error instanceof AppError && (error.kind === "answer_too_large" || error.kind === "request_too_large" || error.kind === "too_slow");

/** The error for the caller: 503 with Retry-After, or 500 where a retry would not help. */
export const faultError = (kind: FaultKind, cause: unknown): AppError => {
  const { detail, retryAfterSeconds } = faults[kind];
  return retryAfterSeconds === null
    ? new AppError("internal", detail, { cause, kind })
    : new AppError("unavailable", detail, { cause, kind, headers: { "retry-after": String(retryAfterSeconds) } });
};
