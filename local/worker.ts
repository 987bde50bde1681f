import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";

const root = fileURLToPath(new URL("..", import.meta.url));
const wranglerConfig = join(root, "wrangler.toml");

export type LocalWorker = {
  readonly url: string;
  /** Fires one cron trigger as the platform would; resolves when the Worker's jobs are done, rejects when one threw. */
  readonly trigger: (cron: string, scheduledTime?: Date) => Promise<void>;
  readonly close: () => Promise<void>;
};

/** Another script than the Worker is built by the same rules, but has none of the Worker's bindings. */
const configFor = async (outDir: string, main: string | undefined): Promise<string> => {
  if (main === undefined) return wranglerConfig;
  const { compatibility_date, compatibility_flags, minify } = unstable_readConfig({ config: wranglerConfig });
  const file = join(outDir, "wrangler.json");
  await writeFile(file, JSON.stringify({ name: "script", main: join(root, main), compatibility_date, compatibility_flags, minify }));
  return file;
};

/** The very bundle that `wrangler deploy` would upload. */
const bundle = async (outDir: string, main: string | undefined): Promise<string> => {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" };
  await promisify(execFile)(process.execPath, [
    wrangler, "deploy", "--dry-run", "--outdir", outDir, "--config", await configFor(outDir, main),
  ], { cwd: root, env });
  const script = (await readdir(outDir)).find((file) => file.endsWith(".js"));
  if (script === undefined) throw new Error("wrangler built no script");
  return join(outDir, script);
};

/**
 * Runs the Worker in workerd with these environment variables.
 * @param options.main another script than the Worker itself, bundled the same way; relative to the repository
 * @param options.onLine each line that the Worker prints
 */
export const startWorker = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly main?: string;
  readonly port?: number;
  /** In the place of the network, for everything that the Worker fetches. */
  readonly outbound?: (request: Request) => Promise<Response>;
  readonly onLine?: (line: string) => void;
}): Promise<LocalWorker> => {
  const outDir = await mkdtemp(join(tmpdir(), "tranche-worker-"));
  let miniflare: Miniflare | null = null;
  // Miniflare ends the process by itself on a signal, before anything can be waited for.
  const drop = (): void => rmSync(outDir, { recursive: true, force: true });
  process.once("exit", drop);
  const close = async (): Promise<void> => {
    try {
      await miniflare?.dispose();
    } finally {
      process.off("exit", drop);
      await rm(outDir, { recursive: true, force: true });
    }
  };
  try {
    const scriptPath = await bundle(outDir, options.main);
    const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = unstable_readConfig({ config: wranglerConfig });
    miniflare = new Miniflare(
      convertV4MiniflareOptions({
        name: "tranche",
        modules: true,
        modulesRoot: outDir,
        scriptPath,
        host: "127.0.0.1",
        port: options.port ?? 0,
        ...(compatibilityDate !== undefined && { compatibilityDate }),
        compatibilityFlags,
        bindings: { ...options.env },
        ...(options.main === undefined && { durableObjects: { SHARDS: { className: "ShardObject", useSQLite: true } } }),
        ...(options.outbound !== undefined && { outboundService: options.outbound as never }),
        log: new Log(LogLevel.ERROR),
        handleStructuredLogs: ({ message }) => options.onLine?.(message),
      }),
    );
    const url = (await miniflare.ready).href.replace(/\/$/, "");
    const worker = await miniflare.getWorker();
    return {
      url,
      trigger: async (cron, scheduledTime = new Date()) => {
        const result = await worker.scheduled({ cron, scheduledTime });
        if (result.outcome !== "ok") throw new Error(`the Worker's ${cron} trigger ended with ${result.outcome}`);
      },
      close,
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
};
