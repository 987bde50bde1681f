import type { Clock } from "../ports/platform/clock.ts";
import type { Log, LogFields } from "../ports/platform/log.ts";

/** Connection strings, customer and admin tokens, bearer credentials and JWTs, should one ever be in a message. */
const secrets = [/postgres(?:ql)?:\/\/\S+/gi, /tr[na]_[\w-]+/g, /\bBearer\s+\S+/gi, /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g];

const redact = (text: string): string => secrets.reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);

/** Shorter texts than this are no secrets; redacting them would remove half of every line. */
const shortestSecret = 8;

/** A database error quotes values in its message, so only its code and constraint are logged. */
const sqlError = (thrown: unknown): LogFields | null => {
  const { code, constraint } = (thrown ?? {}) as { code?: unknown; constraint?: unknown };
  if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code)) return null;
  return { sqlstate: code, ...(typeof constraint === "string" && { constraint }) };
};

const words = (error: Error): string => redact(error.message).slice(0, 500);

const describe = (thrown: unknown): LogFields => {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const own = sqlError(thrown);
  if (own !== null) return { error: thrown.name, ...own };
  const { cause } = thrown;
  const { kind } = thrown as { kind?: unknown };
  const behind = sqlError(cause) ?? (cause instanceof Error ? { cause: words(cause) } : {});
  return { error: thrown.name, ...(typeof kind === "string" && { kind }), message: words(thrown), ...behind };
};

/**
 * Writes one JSON line an event to the console, which every platform collects.
 * @param known secrets of the configuration: redacted wherever they occur
 */
export const createConsoleLog = (clock: Clock, common: LogFields = {}, known: readonly string[] = []): Log => {
  const own = known.filter((text) => text.length >= shortestSecret).map((text) => JSON.stringify(text).slice(1, -1));
  const clean = (text: string) => own.reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), redact(text));
  const line = (level: string, event: string, fields: LogFields) =>
    clean(JSON.stringify({ time: new Date(clock.nowMs()).toISOString(), level, event, ...common, ...fields }));
  return {
    info: (event, fields = {}) => console.log(line("info", event, fields)),
    warn: (event, fields = {}) => console.warn(line("warn", event, fields)),
    error: (event, thrown, fields = {}) => console.error(line("error", event, { ...describe(thrown), ...fields })),
  };
};
