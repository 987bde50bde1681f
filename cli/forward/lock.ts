import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, exit } from "../exit.ts";

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is one as well.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** @returns whether the lock is ours now */
const take = async (path: string): Promise<boolean> => {
  try {
    const handle = await open(path, "wx", 0o600);
    await handle.writeFile(`${process.pid}\n`);
    await handle.sync();
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
};

/** Removes the lock of a process that is gone, and not that of one that was faster in taking it over. */
const clear = async (path: string, pid: number): Promise<void> => {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const found = Number((await readFile(aside, "utf8")).trim());
  if (found === pid) await rm(aside, { force: true });
  else await rename(aside, path);
};

/**
 * Takes a spool for this process alone. What a process that was killed left is taken over.
 * @returns what gives it back. @throws CommandError where another process has it
 */
export const lockSpool = async (directory: string): Promise<() => Promise<void>> => {
  const path = join(directory, "lock");
  for (let tries = 0; tries < 3; tries += 1) {
    if (await take(path)) return async () => await rm(path, { force: true });
    const pid = Number((await readFile(path, "utf8").catch(() => "")).trim());
    // Of a container each process may have the number of the one before.
    const isOther: boolean = Number.isSafeInteger(pid) && pid > 0 && pid !== process.pid && isAlive(pid);
    if (isOther)
      throw new CommandError(exit.wrong, `${directory} is in use by process ${pid}`, { mend: "each process needs a spool of its own" });
    await clear(path, pid);
  }
  throw new CommandError(exit.wrong, `${path} is taken again and again`);
};
