import { execFileSync } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A server that is going down writes out first what it has in memory. */
const patienceMs = 15_000;

/**
 * Postgres refuses to start while postmaster.pid names a living process, even one that merely inherited the number.
 * Here the file goes unless that process is really a Postgres on this very directory.
 * @throws Error naming the process when another one keeps serving the directory
 */
export const clearStaleLock = async (data: string): Promise<void> => {
  const lock = join(data, "postmaster.pid");
  for (let waitedMs = 0; ; waitedMs += 100) {
    const content = await readFile(lock, "utf8").catch(() => null);
    if (content === null) return;
    const pid = Number.parseInt(content, 10);
    if (!(await serves(pid, data))) {
      await rm(lock, { force: true });
      return;
    }
    if (waitedMs >= patienceMs) throw new Error(`${data} is in use by another PostgreSQL, process ${pid}`);
    await sleep(100);
  }
};

const serves = async (pid: number, data: string): Promise<boolean> => {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  return (await commandOf(pid)).includes(data);
};

const commandOf = async (pid: number): Promise<string> => {
  if (process.platform === "linux") return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  try {
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
};
