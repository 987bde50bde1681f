import type { Log, LogFields } from "../../src/adapters/ports/platform/log.ts";

export type LogLine = {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly thrown?: unknown;
  readonly fields: LogFields;
};

/** A log that remembers. */
export const createMemoryLog = () => {
  const lines: LogLine[] = [];
  const log: Log = {
    info: (event, fields = {}) => void lines.push({ level: "info", event, fields }),
    warn: (event, fields = {}) => void lines.push({ level: "warn", event, fields }),
    error: (event, thrown, fields = {}) => void lines.push({ level: "error", event, thrown, fields }),
  };
  return { log, lines, of: (event: string) => lines.filter((line) => line.event === event) };
};
