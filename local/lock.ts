import { DatabaseSync } from "node:sqlite";

const busy = 5;

/**
 * Holds a file for this process, until it is released or the process ends in whatever way. It is SQLite's lock on an empty
 * database: the system's own, so that nothing is left of it after a kill -9, and no stale lock has to be detected.
 * @returns how to release it; null where another process, or this one, holds it
 * @throws Error where the file can not be opened or made
 */
export const holdLock = (file: string): (() => void) | null => {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma busy_timeout = 0; begin exclusive");
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return null;
    throw error;
  }
  return () => {
    if (database.isOpen) database.close();
  };
};
