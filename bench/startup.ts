import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { bundleFallback } from "../local/fallback/bundle.ts";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { openScratch } from "../local/scratch.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { bundleWorker } from "../local/worker.ts";
import type { Script } from "./fresh-workerd.ts";
import { startFresh } from "./fresh-workerd.ts";
import { percentile } from "./load.ts";
import { processCpuMs } from "./process-cpu.ts";
import { printTable } from "./table.ts";

/** Of a bundle, gzipped: decision 63. */
const limitBytes = 1_024 * 1_024;
const starts = 21;
/** Well-formed, and nobody's. */
const token = `trn_${"b".repeat(43)}`;

/** CPU time of a fresh process so far, in ms: when it listens, after its first answer to `/healthz`, after that to `/v1/services`. */
type Start = { readonly listening: number; readonly healthz: number; readonly services: number };

type Subject = { readonly script: Script; readonly code: Buffer; readonly services: 200 | 401; readonly starts: Start[] };

const bundled = async (main: string | undefined, services: 200 | 401, rest: Omit<Script, "scratch" | "scriptPath">): Promise<Subject> => {
  const scratch = await openScratch("tranche-startup-");
  const { scriptPath } = await bundleWorker(scratch, main);
  return { script: { ...rest, scratch, scriptPath }, code: await readFile(scriptPath), services, starts: [] };
};

/** Answers without a framework: what workerd itself takes. */
const empty = async (): Promise<Subject> => {
  const scratch = await openScratch("tranche-startup-");
  const scriptPath = join(scratch.dir, "empty.js");
  const code = 'export default { fetch: () => new Response("ok") };';
  await writeFile(scriptPath, code);
  return { script: { scratch, scriptPath, env: {}, objects: {} }, code: Buffer.from(code), services: 200, starts: [] };
};

const start = async ({ script, services: expected }: Subject): Promise<Start> => {
  const { pid, url, end } = await startFresh(script);
  try {
    const listening = await processCpuMs(pid);
    const ask = async (path: string, status: number): Promise<number> => {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
      const text = await response.text();
      if (response.status !== status) throw new Error(`${path} answered ${response.status}: ${text}`);
      return processCpuMs(pid);
    };
    return { listening, healthz: await ask("/healthz", 200), services: await ask("/v1/services", expected) };
  } finally {
    await end();
  }
};

const kib = (bytes: number): string => `${(bytes / 1_024).toFixed(0)} KiB`;

/** @returns the bundles that are over the limit */
const printSizes = (bundles: Readonly<Record<string, string | Buffer>>): readonly string[] => {
  const sizes = Object.entries(bundles).map(([name, code]) => ({ name, raw: Buffer.byteLength(code), gzipped: gzipSync(code).byteLength }));
  printTable(
    ["bundle, minified", "raw", "gzipped"],
    sizes.map(({ name, raw, gzipped }) => [name, kib(raw), kib(gzipped)]),
  );
  return sizes.filter(({ gzipped }) => gzipped > limitBytes).map(({ name, gzipped }) => `${name}, ${kib(gzipped)}`);
};

const median = ({ starts: all }: Subject, until: keyof Start): number =>
  percentile(
    all.map((one) => one[until]),
    0.5,
  );

const printStarts = (tranche: Subject, bare: Subject, nothing: Subject): void => {
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  const row = (name: string, subject: Subject): readonly string[] => [
    name,
    ...(["listening", "healthz", "services"] as const).map((until) => ms(median(subject, until))),
    ms(median(subject, "healthz") - median(nothing, "healthz")),
  ];
  printTable(
    ["CPU of workerd until", "it listens", "/healthz", "/v1/services", "/healthz, less the empty worker"],
    [row("tranche", tranche), row("bare Hono", bare), row("empty worker", nothing)],
  );
  const ratio = (until: keyof Start, less: number = 0): string =>
    ((median(tranche, until) - less) / (median(bare, until) - less)).toFixed(1);
  process.stdout.write(
    `\ntranche : bare Hono = ${ratio("healthz")} until the first /healthz, ${ratio("services")} until the first /v1/services (a 401; of bare Hono a 200); ` +
      `${ratio("healthz", median(nothing, "healthz"))} without what workerd itself takes\n`,
  );
};

/**
 * How large the bundles are, and what CPU a fresh workerd takes until the Worker's first answers: for `/healthz` it builds all
 * of the application, for `/v1/services` with a token that nobody has it asks the database once. The bare Hono worker asks
 * once as well. Starts alternate, so that all meet the same machine.
 */
export const benchStartup = async (): Promise<void> => {
  process.stdout.write(`\nstartup: bundles, and fresh processes of workerd, medians of ${starts} starts each\n\n`);
  const postgres = await startPostgres();
  const databaseUrl = postgres.urlFor("postgres");
  await migrate(databaseUrl);
  const endpoint = await startSqlEndpoint();
  const reach = { DATABASE_URL: databaseUrl, NEON_FETCH_ENDPOINT: endpoint.url };
  const tranche = await bundled(undefined, 401, { env: { ...reach, PROVIDER: "local" }, objects: { SHARDS: "ShardObject" } });
  const bare = await bundled("bench/bare-worker.ts", 200, { env: { ...reach, QUERY: "select 1", PARAMS: "[]" }, objects: {} });
  const nothing = await empty();
  const { code: fallback } = await bundleFallback();
  const over = printSizes({ Worker: tranche.code, "fallback on Vercel": fallback, "bare Hono": bare.code });
  process.stdout.write("\n");

  for (const subject of [tranche, bare, nothing]) await start(subject);
  for (let round = 0; round < starts; round += 1) {
    const order = round % 2 === 0 ? [tranche, bare, nothing] : [nothing, bare, tranche];
    for (const subject of order) subject.starts.push(await start(subject));
  }
  printStarts(tranche, bare, nothing);
  await Promise.all([tranche, bare, nothing].map(({ script }) => script.scratch.close()));
  await endpoint.close();
  await postgres.close();
  if (over.length === 0) return;
  process.stdout.write(`MISSED: more than ${kib(limitBytes)} gzipped: ${over.join("; ")}\n`);
  process.exitCode = 1;
};
