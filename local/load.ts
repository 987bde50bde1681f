import { randomBytes } from "node:crypto";
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { parseArgs } from "node:util";
import { answerHelp } from "./help.ts";

const usage = `Usage: npm run load -- --url http://127.0.0.1:8787 [--concurrency 50] [--total 10000]
  [--path /v1/session] [--token T] [--max-p95-ms 500] [--max-error-rate 0.01]

Sends install telemetry, or GETs another --path, and fails where answers are slower or worse than allowed.`;

export type LoadOptions = {
  readonly url: string;
  readonly path: string;
  readonly token: string | null;
  readonly concurrency: number;
  readonly total: number;
  readonly maxP95Ms: number;
  /** 0..1 */
  readonly maxErrorRate: number;
};

export type LoadResult = {
  /** Of every answer, good or bad, ascending. */
  readonly latenciesMs: readonly number[];
  /** Counts by status, or by network error. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly errors: number;
  readonly tookMs: number;
};

/** @throws RangeError naming what is wrong with the arguments */
export const readOptions = (args: readonly string[]): LoadOptions => {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { url: text, path: text, token: text, concurrency: text, total: text, "max-p95-ms": text, "max-error-rate": text },
  });
  const number = (name: "concurrency" | "total" | "max-p95-ms" | "max-error-rate", fallback: number, min: number, max: number) => {
    const value = Number(values[name] ?? fallback);
    if (!(value >= min && value <= max)) throw new RangeError(`--${name} must be a number, ${min} to ${max}`);
    return value;
  };
  if (values.url === undefined || !/^https?:\/\//.test(values.url) || !URL.canParse(values.url))
    throw new RangeError("--url must be an http(s) URL");
  return {
    url: new URL(values.url).origin,
    path: values.path ?? "/v1/session",
    token: values.token ?? null,
    concurrency: Math.floor(number("concurrency", 50, 1, 1_000)),
    total: Math.floor(number("total", 10_000, 1, 1_000_000)),
    maxP95Ms: number("max-p95-ms", 500, 1, 60_000),
    maxErrorRate: number("max-error-rate", 0.01, 0, 1),
  };
};

const answerTimeoutMs = 30_000;

const session = () =>
  JSON.stringify({
    protocol_version: "1.0.0",
    daemon_version: "1.0.0",
    session_id: `load-${randomBytes(12).toString("hex")}`,
    platform: "linux",
    node_version: "24.0.0",
    primary_framework: "unknown",
  });

/** Sends so many requests, so many at a time, over connections that are kept. */
export const runLoad = async ({ url, path, token, concurrency, total }: LoadOptions): Promise<LoadResult> => {
  const isTls = url.startsWith("https:");
  const agent = new (isTls ? TlsAgent : PlainAgent)({ keepAlive: true, maxSockets: concurrency });
  const isSession = path === "/v1/session";
  const headers = {
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(isSession && { "content-type": "application/json" }),
  };
  const one = () =>
    new Promise<string>((done) => {
      const options = { agent, headers, method: isSession ? "POST" : "GET", timeout: answerTimeoutMs };
      const sent = (isTls ? tlsRequest : plainRequest)(url + path, options, (response) => {
        response
          .on("data", () => undefined)
          .on("error", () => done("broken off"))
          .on("end", () => done(String(response.statusCode)));
      });
      sent.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      sent.on("timeout", () => sent.destroy(new Error("timeout")));
      sent.end(isSession ? session() : undefined);
    });
  const latenciesMs: number[] = [];
  const outcomes = new Map<string, number>();
  let left = total;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const startedAtMs = performance.now();
      const outcome = await one();
      latenciesMs.push(performance.now() - startedAtMs);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  const good = [...outcomes].filter(([outcome]) => /^2\d\d$/.test(outcome)).reduce((sum, [, count]) => sum + count, 0);
  return { latenciesMs: latenciesMs.toSorted((a, b) => a - b), outcomes, errors: total - good, tookMs: performance.now() - startedAtMs };
};

/** @param sorted ascending @param share 0.95 is the 95th percentile, by the nearest rank */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

/** Rows of doubling width, from the first to the last that holds anything. */
export const histogram = (sorted: readonly number[], width = 50): string => {
  const bounds = Array.from({ length: 16 }, (_, index) => 2 ** index);
  const counts = bounds.map((bound, index) => sorted.filter((ms) => ms <= bound && ms > (index === 0 ? -1 : bound / 2)).length);
  const [first, last] = [counts.findIndex((count) => count > 0), counts.findLastIndex((count) => count > 0)];
  const most = Math.max(...counts, 1);
  return bounds
    .map(
      (bound, index) =>
        `${`<= ${bound} ms`.padStart(12)} ${String(counts[index]).padStart(8)} ${"#".repeat(Math.ceil(((counts[index] ?? 0) / most) * width))}`,
    )
    .slice(first, last + 1)
    .join("\n");
};

/** The problems; empty: none. */
export const complaints = (result: LoadResult, options: Pick<LoadOptions, "total" | "maxP95Ms" | "maxErrorRate">): string[] => {
  const p95Ms = percentile(result.latenciesMs, 0.95);
  const errorRate = result.errors / options.total;
  return [
    ...(p95Ms < options.maxP95Ms ? [] : [`p95 is ${p95Ms.toFixed(1)} ms, not below ${options.maxP95Ms} ms`]),
    ...(errorRate < options.maxErrorRate || result.errors === 0
      ? []
      : [`${(errorRate * 100).toFixed(2)} % of the answers are errors, not below ${options.maxErrorRate * 100} %`]),
  ];
};

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  const result = await runLoad(options);
  const at = (share: number) => `${percentile(result.latenciesMs, share).toFixed(1)} ms`;
  const wrong = complaints(result, options);
  process.stdout.write(`
${options.total} x ${options.path}, ${options.concurrency} at a time, ${(result.tookMs / 1_000).toFixed(1)} s, ${Math.round((options.total / result.tookMs) * 1_000)}/s

${histogram(result.latenciesMs)}

p50 ${at(0.5)}   p95 ${at(0.95)}   p99 ${at(0.99)}   max ${at(1)}
${[...result.outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join("   ")}

${wrong.length === 0 ? `ok: p95 below ${options.maxP95Ms} ms, errors below ${options.maxErrorRate * 100} %` : `failed: ${wrong.join("; ")}`}
`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
};

if (import.meta.main) {
  answerHelp(usage);
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    process.exitCode = 2;
  });
}
