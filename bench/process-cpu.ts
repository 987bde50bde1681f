import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** CPU time as `ps -o time=` prints it, `[[days-]hours:]minutes:seconds[.hundredths]`, in ms. @throws RangeError where it is not that */
export const psTimeMs = (text: string): number => {
  const [, days = "0", hours = "0", minutes = "", seconds = ""] = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text.trim()) ?? [];
  if (minutes === "") throw new RangeError(`ps gives no CPU time: ${text}`);
  return Math.round((((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000);
};

/** CPU time of one thread by its /proc/PID/task/TID/schedstat, "ns on a CPU, ns waiting, slices", in ms. @throws RangeError */
export const schedstatMs = (text: string): number => {
  const nanoseconds = /^\d+(?= \d+ \d+\s*$)/.exec(text)?.[0];
  if (nanoseconds === undefined) throw new RangeError(`not a schedstat: ${text}`);
  return Number(nanoseconds) / 1e6;
};

/**
 * CPU time that a process has used since its start, user and system, in ms. On Linux from the scheduler, to the nanosecond, of
 * the threads that are still there (/proc/PID/stat counts in steps of 10 ms); elsewhere what ps says, to 10 ms at best.
 */
export const processCpuMs = async (pid: number): Promise<number> => {
  if (process.platform !== "linux") return psTimeMs((await promisify(execFile)("ps", ["-o", "time=", "-p", String(pid)])).stdout);
  const threads = await readdir(`/proc/${pid}/task`);
  const each = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")));
  return each.reduce((sum, text) => sum + schedstatMs(text), 0);
};
