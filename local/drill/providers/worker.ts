import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./worker-process.ts", import.meta.url));

/** The Worker and its platform's cron in a process group of their own. */
export type WorkerProcess = {
  readonly url: string;
  /** All of it dies at once, in the middle of whatever it is doing. */
  readonly kill: () => Promise<void>;
};

/** @throws where the Worker does not start */
export const startWorkerProcess = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly inside: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}): Promise<WorkerProcess> => {
  const child = spawn(process.execPath, ["--no-warnings", script], {
    detached: true,
    env: { ...process.env, DRILL_WORKER_ENV: JSON.stringify(options.env), DRILL_INSIDE: JSON.stringify(options.inside) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  const url = await new Promise<string>((found, failed) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, at] = /^listening on (\S+)$/.exec(line) ?? [];
      if (at === undefined) options.onLine(line);
      else found(at);
    });
    createInterface({ input: child.stderr }).on("line", options.onLine);
    void exited.then(() => failed(new Error("the Worker's process did not start")));
  });
  return {
    url,
    kill: async () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGKILL");
      await exited;
    },
  };
};
