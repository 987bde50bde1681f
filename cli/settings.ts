import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { CommandError, exit, usageError } from "./exit.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `tranche login` keeps. */
export type Stored = { readonly url: string; readonly token: string };

/** The configuration directory of a user (XDG Base Directory: a relative one counts as none). */
const configDirectory = (env: Environment): string => {
  const own = env["XDG_CONFIG_HOME"] ?? "";
  return join(isAbsolute(own) ? own : join(env["HOME"] || homedir(), ".config"), "tranche");
};

export const credentialsFile = (env: Environment): string => join(configDirectory(env), "credentials.json");

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * An address of a deployment as it is kept: without a slash at its end.
 * @param source the flag or variable that it comes from
 * @throws CommandError naming that and the rule
 */
export const deploymentUrl = (text: string, source: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !["https:", "http:"].includes(url.protocol))
    throw usageError(`${source} must be a URL, such as https://tranche.example.com`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw usageError(`${source} must be a URL without user, query and fragment`);
  if (url.protocol === "http:" && !loopback.test(url.hostname))
    throw usageError(`${source} must begin with https://: a token does not travel in the clear, except on this machine`);
  return url.href.replace(/\/+$/, "");
};

/**
 * A token as it travels: in a header, which holds nothing but that.
 * @param source the flag, variable or prompt that it comes from
 * @throws CommandError naming that and the rule, never the token
 */
export const tokenOf = (text: string, source: string): string => {
  const token = text.trim();
  if (!/^[\x21-\x7E]+$/.test(token)) throw usageError(`${source} must be one word of printable ASCII: nothing else was typed or given`);
  return token;
};

const missing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/** @returns null: nobody has signed in @throws CommandError where the file is none of ours */
export const readStored = async (env: Environment): Promise<Stored | null> => {
  const file = credentialsFile(env);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (missing(error)) return null;
    throw new CommandError(exit.refused, `${file} can not be read: ${error instanceof Error ? error.message : "?"}`, { cause: error });
  });
  if (text === null) return null;
  try {
    // An editor may have left a byte order mark. Whoever wrote it by hand keeps to what is asked of flags.
    const { url, token } = JSON.parse(text.replace(/^\uFEFF/, "")) as Partial<Record<"url" | "token", unknown>>;
    if (typeof url === "string" && typeof token === "string") return { url: deploymentUrl(url, "url"), token: tokenOf(token, "token") };
  } catch {
    // Told below.
  }
  throw new CommandError(exit.refused, `${file} does not hold what tranche login writes: sign in again`);
};

/** Whether others of this machine may read it; always false where there are no such modes. */
export const isExposed = async (env: Environment): Promise<boolean> => {
  if (process.platform === "win32") return false;
  const found = await stat(credentialsFile(env)).catch(() => null);
  return found !== null && (found.mode & 0o077) !== 0;
};

/** What the disk refuses is told with the file's name, and is no fault of the program. */
const onDisk = async <T>(file: string, verb: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw new CommandError(exit.wrong, `${file} can not be ${verb}: ${error instanceof Error ? error.message : "?"}`, { cause: error });
  }
};

/** Keeps it for its user alone: at no moment are there bytes of it that others may read, and what fails leaves what was there. */
export const writeStored = async (env: Environment, stored: Stored): Promise<string> => {
  const file = credentialsFile(env);
  const beside = `${file}.${process.pid}`;
  try {
    await onDisk(file, "written", () => replaceFile(configDirectory(env), file, beside, stored));
  } finally {
    await rm(beside, { force: true }).catch(() => undefined);
  }
  return file;
};

/** As `mkdir` of Node with `recursive`, which never ends where a file system has no place for directories, such as below /proc. */
const makeDirectory = async (directory: string): Promise<void> => {
  const make = (): Promise<unknown> =>
    mkdir(directory, { mode: 0o700 }).catch(async (error: unknown) => {
      if (!(await isDirectory(directory))) throw error;
    });
  await make().catch(async (error: unknown) => {
    const above = dirname(directory);
    if (!missing(error) || (await isDirectory(above))) throw error;
    await makeDirectory(above);
    await make();
  });
};

const isDirectory = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() === true;

const replaceFile = async (directory: string, file: string, beside: string, stored: Stored): Promise<void> => {
  await makeDirectory(directory);
  await rm(beside, { force: true });
  const handle = await open(beside, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(stored, null, 2)}\n`);
  } finally {
    await handle.close();
  }
  // The umask may only have taken away, and the owner must be able to read it.
  await chmod(beside, 0o600);
  await rename(beside, file);
};

/** @returns whether there was one */
export const removeStored = async (env: Environment): Promise<boolean> => {
  const file = credentialsFile(env);
  return await onDisk(file, "removed", async () => {
    try {
      await rm(file);
      return true;
    } catch (error) {
      if (missing(error)) return false;
      throw error;
    }
  });
};
