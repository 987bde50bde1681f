import { createHash } from "node:crypto";

export type PreparedOptions = {
  /** How often a statement is sent within a minute before it gets a name; default 3. */
  readonly after?: number;
  /** Names at most; default 16. */
  readonly most?: number;
  /** By which minutes are told apart; the process's own clock unless a test says otherwise. */
  readonly nowMs?: () => number;
};

/** Names of statements that are sent again and again, so that Postgres parses and plans them once a connection. */
export type Prepared = {
  /** @returns null for one that is sent without a name */
  readonly nameOf: (sql: string) => string | null;
  /** Whether a statement failed for its name alone. It has done nothing, and can be sent once more without one. */
  readonly failed: (error: unknown) => boolean;
};

/**
 * How long a connection, and with it its plans, is kept; who has a name is decided anew as often. A plan of ours takes about 230 kB at the
 * server, so that a connection has 7 MB of them at most: those of this minute and of the one before.
 */
export const planSeconds = 60;

/** Texts that are counted at most, and how long one may be: what varies without end must not fill the memory. */
const counted = 1_000;
const longest = 16_384;

type Fault = { readonly code?: string; readonly routine?: string };

/**
 * A result got other columns or types by a migration: the plan is of the table before (plancache.c). Its code, 0A000, says many other things
 * as well, and its words are in the server's language. Other types of parameters are not noticed: no migration gives a column another one.
 */
const isOutdated = ({ code, routine }: Fault): boolean => code === "0A000" && routine === "RevalidateCachedQuery";

/** The connection is another than it was: there is a pooler between, which hands each transaction to any connection. */
const isShared = ({ code }: Fault): boolean => code === "26000" || code === "42P05";

export const createPrepared = ({ after = 3, most = 16, nowMs = () => performance.now() }: PreparedOptions = {}): Prepared => {
  const names = new Map<string, string>();
  const uses = new Map<string, number>();
  let isOff = false;
  let sinceMs = nowMs();
  return {
    nameOf: (sql) => {
      if (isOff || sql.length > longest) return null;
      const atMs = nowMs();
      if (atMs - sinceMs >= planSeconds * 1_000) {
        sinceMs = atMs;
        names.clear();
        uses.clear();
      }
      const known = names.get(sql);
      if (known !== undefined) return known;
      if (names.size >= most) return null;
      const used = (uses.get(sql) ?? 0) + 1;
      if (used >= after) {
        uses.delete(sql);
        // By its text: under a name that another process has given behind the same pooler there is never another statement.
        const name = `tranche_${createHash("sha256").update(sql).digest("hex").slice(0, 32)}`;
        names.set(sql, name);
        return name;
      }
      if (uses.size >= counted) uses.clear();
      uses.set(sql, used);
      return null;
    },
    failed: (error) => {
      if (!(error instanceof Error)) return false;
      if (isShared(error as Fault)) isOff = true;
      return isShared(error as Fault) || isOutdated(error as Fault);
    },
  };
};
