/** Facts of one log line. Never bodies, tokens or connection strings. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Structured logging: one JSON line an event. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** `thrown` is described by name, code and a redacted message. */
  error(event: string, thrown: unknown, fields?: LogFields): void;
}
