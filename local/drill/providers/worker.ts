import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./worker-process.ts", import.meta.url));

/** The Worker and its platform's cron in a process group of their own. */
export type WorkerProcess = {
  readonly url: string;
  /** When its cron fired for the first time; epoch ms. */
  readonly cronFromMs: number;
  /** All of it dies at once, in the middle of whatever it is doing. Safe to call twice. */
  readonly kill: () => Promise<void>;
};

/**
 * @param options.cronFromMs of the Worker that was there before: the platform keeps its seconds
 * @throws where the Worker does not start
 */
export const startWorkerProcess = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly inside: Readonly<Record<string, string>>;
  readonly cronFromMs: number | null;
  readonly onLine: (line: string) => void;
}): Promise<WorkerProcess> => {
  // A killed process does not clean up: everything that it writes is in here.
  const home = await mkdtemp(join(tmpdir(), "tranche-cloudflare-"));
  const child = spawn(process.execPath, ["--no-warnings", script], {
    detached: true,
    env: {
      ...process.env,
      TMPDIR: home,
      DRILL_HOME: home,
      DRILL_WORKER_ENV: JSON.stringify(options.env),
      DRILL_INSIDE: JSON.stringify(options.inside),
      DRILL_CRON_FROM: options.cronFromMs?.toString() ?? "",
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
    await exited;
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const [url, cronFromMs] = await new Promise<readonly [string, number]>((found, failed) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [, at, from] = /^listening on (\S+), cron from (\d+)$/.exec(line) ?? [];
        if (at === undefined) options.onLine(line);
        else found([at, Number(from)]);
      });
      createInterface({ input: child.stderr }).on("line", options.onLine);
      child.stdin.on("error", () => undefined);
      void exited.then(() => failed(new Error("the Worker's process did not start")));
    });
    return { url, cronFromMs, kill };
  } catch (error) {
    await kill();
    throw error;
  }
};
