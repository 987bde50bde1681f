import { z } from "zod";
import { policyBodies } from "../../src/routes/detection/policy-contract.ts";
import type { Backtest } from "../../src/domain/detection/backtest.ts";
import { summarize } from "../../src/domain/detection/backtest.ts";
import { parseDurationMs } from "../../src/domain/platform/duration.ts";
import { Replay } from "../../src/domain/detection/replay.ts";
import type { ReplayTerms, TraceSample } from "../../src/domain/detection/replay.ts";
import type { ObjectiveTerms } from "../../src/domain/slo/objective.ts";
import type { ObjectiveBacktest } from "./backtest-objective.ts";
import { objectiveFacts, objectiveJson, objectiveTerms, watchObjective } from "./backtest-objective.ts";
import { fileLines, readTrace, TraceError } from "./trace.ts";

class UsageError extends Error {
  override readonly name = "UsageError";
}

type Policy = z.infer<ReturnType<typeof policyBodies>["input"]>;

const parsePolicy = (text: string, intervalMs: number): Policy => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--policy is not JSON: ${error instanceof Error ? error.message : "?"}`, { cause: error });
  }
  const result = policyBodies(intervalMs).input.safeParse(json);
  if (result.success) return result.data;
  throw new UsageError(`--policy is not valid:\n${z.prettifyError(result.error)}`);
};

const parseObjective = (target: string | null, window: string | null): ObjectiveTerms | null => {
  if (target === null && window !== null) throw new UsageError("--window needs --objective");
  if (target === null) return null;
  const [percent, days] = [Number(target), Number(window ?? "30")];
  if (!/^\d{1,2}(?:\.\d{1,5})?$/.test(target) || percent < 1)
    throw new UsageError("--objective must be 1 to 99.99999, with at most five decimals");
  if (!Number.isInteger(days) || days < 1 || days > 400) throw new UsageError("--window must be 1 to 400 days");
  return objectiveTerms(percent, days);
};

const termsOf = (policy: Policy): ReplayTerms => ({
  thresholdAvail: policy.threshold_avail,
  windowSeconds: policy.window_seconds,
  cooldownSeconds: policy.cooldown_seconds,
  minSamples: policy.min_samples,
  minFailures: policy.min_failures,
  latencyMs: policy.latency_ms,
});

export type TraceBacktest = {
  readonly samples: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly backtest: Backtest;
  /** Null: none was asked for. */
  readonly objective: ObjectiveBacktest | null;
};

/** Replays a trace from its first round to the end of its last. @throws TraceError where it has no samples */
export const backtestTrace = async (
  trace: AsyncIterable<TraceSample> | Iterable<TraceSample>,
  setup: { readonly terms: ReplayTerms; readonly cdns: readonly string[]; readonly intervalMs: number },
  objective: ObjectiveTerms | null = null,
): Promise<TraceBacktest> => {
  const [primary = "primary", backup = "backup"] = setup.cdns;
  const watched = objective === null ? null : watchObjective(objective, [primary, backup]);
  let samples = 0;
  let [fromMs, toMs] = [0, 0];
  let replay: Replay | null = null;
  for await (const sample of trace) {
    if (replay === null) {
      fromMs = sample.roundAtMs;
      replay = new Replay({ ...setup, fromMs, vantages: [], ...(watched !== null && { watch: watched.watch }) });
    }
    samples += 1;
    toMs = sample.roundAtMs + setup.intervalMs;
    replay.take(sample);
  }
  if (replay === null) throw new TraceError("the trace has no samples");
  const backtest = summarize(replay.finish(toMs), fromMs, toMs);
  return { samples, fromMs, toMs, backtest, objective: watched?.at(toMs) ?? null };
};

const iso = (ms: number | null): string => (ms === null ? "-" : new Date(ms).toISOString().replace(".000Z", "Z"));
const percent = ({ total, covered }: { total: number; covered: number }): string =>
  total === 0 ? "none" : `${covered} of ${total} (${((covered / total) * 100).toFixed(1)} %)`;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
};

const report = ({ samples, fromMs, toMs, backtest, objective }: TraceBacktest, policy: Policy): string => {
  const { storms, relapses, coveredMs, badMinutes, lowMinutes, detectionDelaysMs } = backtest;
  const rows = storms.map((storm, index) => [
    String(index + 1),
    iso(storm.startedAtMs),
    iso(storm.detectedAtMs),
    seconds(storm.detectedAtMs - storm.startedAtMs),
    iso(storm.endedAtMs),
    storm.endedReason ?? storm.state,
    String(storm.relapses),
  ]);
  const delays = detectionDelaysMs.map(seconds);
  const facts = [
    ["trace", `${iso(fromMs)} to ${iso(toMs)}, ${samples} samples`],
    ["policy", JSON.stringify(policy)],
    ["storms", String(storms.length)],
    ["relapses", String(relapses)],
    ["minutes covered", (coveredMs / 60_000).toFixed(1)],
    ["bad minutes covered", percent(badMinutes)],
    ["minutes below the threshold covered", percent(lowMinutes)],
    ["detection delay", delays.length === 0 ? "-" : `median ${delays[Math.floor((delays.length - 1) / 2)]}, longest ${delays.at(-1)}`],
    ...(objective === null ? [] : objectiveFacts(objective)),
  ];
  const wide = Math.max(...facts.map(([name = ""]) => name.length));
  const lines = facts.map(([name = "", value]) => `${name.padEnd(wide)}  ${value}`);
  const heads = ["#", "started", "detected", "delay", "ended", "reason", "relapses"];
  return `${[...lines, ...(rows.length === 0 ? [] : ["", table(heads, rows)])].join("\n")}
\nA bad minute is one in which the primary was down: below the threshold, with min_failures failures.\n`;
};

const toJson = ({ samples, fromMs, toMs, backtest, objective }: TraceBacktest, policy: Policy): string =>
  JSON.stringify(
    {
      from: iso(fromMs),
      to: iso(toMs),
      samples,
      policy,
      storms: backtest.storms.map((storm) => ({
        started_at: iso(storm.startedAtMs),
        detected_at: iso(storm.detectedAtMs),
        detection_delay_seconds: (storm.detectedAtMs - storm.startedAtMs) / 1_000,
        ended_at: storm.endedAtMs === null ? null : iso(storm.endedAtMs),
        ended_reason: storm.endedReason,
        relapses: storm.relapses,
      })),
      relapses: backtest.relapses,
      minutes_covered: backtest.coveredMs / 60_000,
      bad_minutes: backtest.badMinutes,
      minutes_below_threshold: backtest.lowMinutes,
      ...(objective !== null && { objective: objectiveJson(objective) }),
    },
    null,
    2,
  );

/** What a backtest is asked, as it is written; null: not given. */
export type BacktestAsked = Readonly<Record<"policy" | "interval" | "cdns" | "objective" | "window", string | null>> & {
  readonly json: boolean;
};

/** Replays a file. @returns what to print @throws UsageError, TraceError */
export const runBacktest = async (path: string, asked: BacktestAsked): Promise<string> => {
  const intervalMs = parseDurationMs(asked.interval ?? "10s");
  if (intervalMs === null || intervalMs < 500 || intervalMs > 60_000) throw new UsageError("--interval must be a duration, 500ms to 1m");
  const objective = parseObjective(asked.objective, asked.window);
  const policy = parsePolicy(asked.policy ?? "{}", intervalMs);
  const setup = { terms: termsOf(policy), cdns: (asked.cdns ?? "").split(",").filter(Boolean), intervalMs };
  const result = await backtestTrace(readTrace(fileLines(path), intervalMs), setup, objective);
  return asked.json ? `${toJson(result, policy)}\n` : report(result, policy);
};

/** An error that says by itself what is wrong: of a flag, of the file, or of reading it. */
export const isNamed = (error: unknown): error is Error =>
  error instanceof Error && (error instanceof UsageError || error instanceof TraceError || "code" in error);
