import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bundleForEmulator } from "./fallback/bundle.ts";
import { openScratch } from "./scratch.ts";

const script = fileURLToPath(new URL("./fallback/serve.ts", import.meta.url));

export type LocalFallback = {
  readonly url: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
};

/**
 * Runs the fallback (`rollback-vercel/`) in a process of its own: in Vercel's edge emulator, or in plain Node.
 * @param options.env its whole environment; nothing of this process's own is inherited
 * @param options.onLine each line that the fallback prints
 * @throws where it does not start listening
 */
export const startFallback = async (options: {
  readonly runtime: "edge" | "node";
  readonly env: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly onLine?: (line: string) => void;
}): Promise<LocalFallback> => {
  const scratch = await openScratch("tranche-fallback-");
  try {
    const bundle = join(scratch.dir, "fallback.js");
    if (options.runtime === "edge") await writeFile(bundle, await bundleForEmulator());
    const child = spawn(process.execPath, ["--no-warnings", script, options.runtime, String(options.port ?? 0), bundle], {
      env: { ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const exited = once(child, "exit");
    child.stdin.on("error", () => undefined);
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
    const port = await new Promise<number>((found, failed) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        const [, number] = /^listening on (\d+)$/.exec(line) ?? [];
        if (number === undefined) options.onLine?.(line);
        else found(Number(number));
      });
      createInterface({ input: child.stderr }).on("line", (line) => options.onLine?.(line));
      void exited.then(() => failed(new Error(`the fallback did not start on ${options.runtime}:\n${complaint}`)));
    });
    return {
      url: `http://127.0.0.1:${port}`,
      pid: child.pid ?? 0,
      close: async () => {
        child.stdin.end();
        await exited;
      },
    };
  } finally {
    // Once it listens it has read its bundle.
    await scratch.close();
  }
};
