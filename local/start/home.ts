import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { holdLock } from "../lock.ts";
import { unprivileged } from "../postgres/identity.ts";

/** Why tranche does not start: one sentence, with what to do about it. */
export class StartRefusal extends Error {
  override readonly name = "StartRefusal";
}

/** A running tranche, as noted in its directory. `url` null: it is starting. */
export type RunningNote = { readonly pid: number; readonly url: string | null };

/** The directory in which one tranche keeps its database, its token and its keys, held by this process. */
export type Home = {
  readonly dir: string;
  readonly adminToken: string;
  /** Signs evidence. Kept: with another key earlier evidence would not verify. */
  readonly signingKey: string;
  /** Seals what is secret in the database. Kept: another key would open nothing that this one sealed. */
  readonly secretsKey: string;
  /** Publishes this one's URL for the next process that starts here. */
  readonly announce: (url: string) => Promise<void>;
  readonly release: () => Promise<void>;
};

const elsewhere = "or give another directory with TRANCHE_HOME";

const nameOf = (uid: number): string => {
  try {
    return execFileSync("id", ["-un", String(uid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return `user ${uid}`;
  }
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

/** @returns null: nothing is there */
const statOf = async (path: string) =>
  await stat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw new StartRefusal(`${path} can not be looked at (${codeOf(error)}): make the way to it passable for you, ${elsewhere}`);
  });

/** @param uid whose it has to be; null: the system knows no owners */
const assertUsable = async (path: string, uid: number | null): Promise<void> => {
  const found = await statOf(path);
  if (found === null) return;
  if (!found.isDirectory()) throw new StartRefusal(`${path} is a file, and has to be a directory: move it away, ${elsewhere}`);
  if (uid !== null && found.uid !== uid) {
    throw new StartRefusal(
      `${path} belongs to ${nameOf(found.uid)}, not to ${nameOf(uid)}: start as the one who made it, hand it over (sudo chown -R ${nameOf(uid)} ${path}), ${elsewhere}`,
    );
  }
};

const noteFile = (dir: string): string => join(dir, "running.json");

/** @returns null: nothing of that kind is noted */
const readNote = (dir: string): RunningNote | null => {
  try {
    const { pid, url } = JSON.parse(readFileSync(noteFile(dir), "utf8")) as Partial<RunningNote>;
    return typeof pid === "number" ? { pid, url: typeof url === "string" ? url : null } : null;
  } catch {
    return null;
  }
};

/** The process that has just locked the directory is about to publish its URL. */
const readNoteSoon = async (dir: string): Promise<RunningNote | null> => {
  for (let tries = 0; tries < 20; tries += 1) {
    const found = readNote(dir);
    if (found !== null) return found;
    await sleep(50);
  }
  return null;
};

const note = async (dir: string, running: RunningNote): Promise<void> => {
  const draft = `${noteFile(dir)}.new`;
  await writeFile(draft, `${JSON.stringify(running)}\n`);
  await rename(draft, noteFile(dir));
};

/** What is kept in a file of its own; made at the first start, and where it was left half-written. */
const keptSecret = async (file: string, encoding: "base64" | "base64url"): Promise<string> => {
  const kept = await readFile(file, "utf8").catch((error: unknown) => (codeOf(error) === "ENOENT" ? "" : Promise.reject(error)));
  if (kept.trim().length >= 32) return kept.trim();
  const secret = randomBytes(32).toString(encoding);
  // Written atomically: half a key would be refused at every start.
  await writeFile(`${file}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secret;
};

/**
 * Looks at the directory, as it may have been left, before anything is written to it.
 * @throws StartRefusal
 */
const prepare = async (dir: string): Promise<void> => {
  const uid = process.getuid?.() ?? null;
  await assertUsable(dir, uid);
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw new StartRefusal(`${dir} can not be made (${codeOf(error)}): make the directory above it writable for you, ${elsewhere}`);
  });
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK).catch(() => {
    throw new StartRefusal(`${dir} can not be written: chmod u+rwx ${dir}, ${elsewhere}`);
  });
  // As root, PostgreSQL's files belong to another user: it refuses to run as root.
  const postgres = join(dir, "postgres");
  const owner = uid === null ? null : ((await unprivileged([]))?.uid ?? uid);
  await assertUsable(postgres, owner);
  await assertUsable(join(postgres, "cluster"), owner);
};

/** Holds the directory. @returns the tranche that has it already, where one has @throws StartRefusal */
export const openHome = async (dir: string): Promise<Home | { readonly running: RunningNote | null }> => {
  await prepare(dir);
  let path = join(dir, "lock");
  try {
    const release = holdLock(join(dir, "lock"));
    if (release === null) return { running: await readNoteSoon(dir) };
    try {
      path = noteFile(dir);
      await note(dir, { pid: process.pid, url: null });
      path = join(dir, "admin-token");
      const adminToken = await keptSecret(path, "base64url");
      path = join(dir, "evidence-signing-key");
      const signingKey = await keptSecret(path, "base64");
      path = join(dir, "secrets-key");
      const secretsKey = await keptSecret(path, "base64");
      return {
        dir,
        adminToken,
        signingKey,
        secretsKey,
        announce: (url) => note(dir, { pid: process.pid, url }),
        release: async () => {
          await rm(noteFile(dir), { force: true });
          release();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  } catch (error) {
    if (["ENOSPC", "EDQUOT"].includes(codeOf(error)))
      throw new StartRefusal(`there is no room left for ${dir}: make some, ${elsewhere}`, { cause: error });
    throw new StartRefusal(`${path} can not be used (${codeOf(error)}): remove it and start again, ${elsewhere}`, { cause: error });
  }
};

/** The token of the tranche that runs in this directory. */
export const tokenOf = async (dir: string): Promise<string> => (await readFile(join(dir, "admin-token"), "utf8")).trim();
