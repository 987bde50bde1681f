import type { Budget } from "../platform/budget.ts";

/** Keeps batches of events as they came in, outside of the database. */
export interface Archive {
  /**
   * Keeps a text under a name of its own, compressed. Returns once it is kept.
   * @throws AppError `unavailable` where it could not be; whether it is there all the same is then not known
   */
  keep(key: string, text: string, budget: Budget): Promise<void>;
}

/** Opens a folder as an archive, where the runtime has a file system. @param url `file:///...` */
export type OpenFolder = (url: string) => Archive;
