import { execFile } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { unstable_readConfig } from "wrangler";
import type { Scratch } from "./scratch.ts";
import { openScratch } from "./scratch.ts";
import { createWorkerdLog } from "./workerd-log.ts";

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

/** The same bundle that `wrangler deploy` would upload, in the scratch directory; one script per directory. */
export const bundleWorker = async (
  { dir, adopt }: Scratch,
  main: string | undefined,
): Promise<{ readonly modulesRoot: string; readonly scriptPath: string }> => {
  const wrangler = join(root, "node_modules", "wrangler", "bin", "wrangler.js");
  const env = { ...process.env, TMPDIR: dir, WRANGLER_SEND_METRICS: "false", CI: "true" };
  const outDir = join(dir, "bundle");
  await mkdir(outDir);
  const building = promisify(execFile)(
    process.execPath,
    [wrangler, "deploy", "--dry-run", "--outdir", outDir, "--config", await configFor(dir, main)],
    { cwd: root, env },
  );
  if (building.child.pid !== undefined) adopt(building.child.pid, "wrangler");
  await building;
  const script = (await readdir(outDir)).find((file) => file.endsWith(".js"));
  if (script === undefined) throw new Error("wrangler built no script");
  return { modulesRoot: outDir, scriptPath: join(outDir, script) };
};

/** The executable itself: miniflare's own dependency. */
export const workerdPath = (createRequire(createRequire(import.meta.url).resolve("miniflare"))("workerd") as { readonly default: string })
  .default;

/**
 * Constructs Miniflare so that nothing of it outlives this process. It makes a directory where the system has temporary ones,
 * and listens for signals to end the process on the spot, before anything else could be closed in order: neither is an option.
 */
const construct = ({ dir }: Scratch, options: ConstructorParameters<typeof Miniflare>[0]): Miniflare => {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const before = new Set(signals.flatMap((signal) => process.listeners(signal)));
  const temporary = process.env["TMPDIR"];
  process.env["TMPDIR"] = dir;
  // Of this process, for as long as it lasts: who starts a Miniflare of its own in it gets a workerd as well, unwatched.
  process.env["MINIFLARE_WORKERD_PATH"] = join(root, "local", "scratch", "workerd.sh");
  process.env["TRANCHE_WORKERD"] = workerdPath;
  try {
    return new Miniflare(options);
  } finally {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
    for (const signal of signals) {
      for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener);
    }
  }
};

/**
 * Runs the Worker in workerd with these environment variables. However this process ends, workerd ends with it and leaves nothing.
 * @param options.main another script than the Worker itself, bundled the same way; relative to the repository
 * @param options.onLine each line that the Worker prints
 */
export const startWorker = async (options: {
  readonly env: Readonly<Record<string, string>>;
  readonly main?: string;
  readonly port?: number;
  /** Replaces the network, for everything that the Worker fetches. */
  readonly outbound?: (request: Request) => Promise<Response>;
  readonly onLine?: (line: string) => void;
}): Promise<LocalWorker> => {
  const scratch = await openScratch("tranche-worker-");
  const log = createWorkerdLog((line) => options.onLine?.(line), Date.now);
  let miniflare: Miniflare | null = null;
  const close = async (): Promise<void> => {
    try {
      await miniflare?.dispose();
    } finally {
      log.close();
      await scratch.close();
    }
  };
  try {
    const { modulesRoot, scriptPath } = await bundleWorker(scratch, options.main);
    const { compatibility_date: compatibilityDate, compatibility_flags: compatibilityFlags } = unstable_readConfig({
      config: wranglerConfig,
    });
    miniflare = construct(
      scratch,
      convertV4MiniflareOptions({
        name: "tranche",
        modules: true,
        modulesRoot,
        scriptPath,
        host: "127.0.0.1",
        port: options.port ?? 0,
        ...(compatibilityDate !== undefined && { compatibilityDate }),
        compatibilityFlags,
        bindings: { ...options.env },
        ...(options.main === undefined && { durableObjects: { SHARDS: { className: "ShardObject", useSQLite: true } } }),
        ...(options.outbound !== undefined && { outboundService: options.outbound as never }),
        log: new Log(LogLevel.ERROR),
        handleStructuredLogs: ({ message }) => log.take(message),
        unsafeRuntimeEnv: { TRANCHE_SCRATCH: scratch.dir, TRANCHE_WORKERD: workerdPath },
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
