import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const sources = fileURLToPath(new URL("../self-hosted/main.ts", import.meta.url));

/** A process of a self-hosted installation. */
export type SelfHosted = {
  readonly url: string;
  readonly pid: number;
  /** Asks it to end, as `docker stop` does. Safe to call twice. */
  readonly close: () => Promise<void>;
  /** Ends it on the spot, in the middle of whatever it is doing. */
  readonly kill: () => Promise<void>;
};

/** The line that tells that it answers. */
const portOf = (line: string): number | null => {
  if (!line.startsWith("{")) return null;
  const { event, port } = JSON.parse(line) as { readonly event?: string; readonly port?: number };
  return event === "serving" && port !== undefined ? port : null;
};

/**
 * Runs `tranche serve` as a container would: a process with these variables and no others, on 127.0.0.1.
 * @param options.onLine each line that it prints
 * @throws Error with its own words where it does not start
 */
export const startSelfHosted = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
  /** Another one than the sources: the bundle of the image. */
  readonly program?: string;
}): Promise<SelfHosted> => {
  const child = spawn(process.execPath, ["--no-warnings", options.program ?? sources, "serve"], {
    env: { HOST: "127.0.0.1", PORT: "0", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Whoever started it may be killed: it does not stay behind.
  const killed = (): void => void child.kill("SIGKILL");
  process.once("exit", killed);
  const exited = once(child, "exit").finally(() => process.off("exit", killed));
  let complaint = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    complaint = `${complaint}${line}\n`.slice(-4_000);
    options.onLine?.(line);
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  const port = await new Promise<number>((found, failed) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      options.onLine?.(line);
      const at = portOf(line);
      if (at !== null) found(at);
    });
    void exited.then(() => failed(new Error(`it did not start:\n${complaint}`)));
  });
  return { url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0, close: () => end("SIGTERM"), kill: () => end("SIGKILL") };
};
