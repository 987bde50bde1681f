import type { ProbeError, ProbePath } from "./probe.ts";
import { confirmations } from "./probe.ts";

/** One probe of a reading, in the order of attempts. Times are epoch milliseconds. */
export type AgentProbe = {
  readonly probedAtMs: number;
  readonly status: number | null;
  readonly latencyMs: number;
  /** Null: it was good. */
  readonly error: ProbeError | null;
};

/** What an agent saw of one path in one slot: one probe, or a failed one with those that confirm it. */
export type AgentReading = {
  readonly domainId: number;
  readonly path: ProbePath;
  readonly setup: number;
  readonly slotMs: number;
  readonly probes: readonly AgentProbe[];
};

export const mostProbes = 1 + confirmations;

/** A probe is taken within so much of its slot's beginning: a round begins none later, and a time-out is a minute at most. */
const longestRoundMs = 120_000;

/** A field, as a pointer within the reading, and the rule that it breaks. */
export type ReadingFault = { readonly pointer: string; readonly detail: string };

/** Whether a status and an error can be of one probe (`judgeProbe`). */
const disagrees = ({ status, error }: AgentProbe): boolean => {
  if (error === "timeout" || error === "network") return status !== null;
  if (status === null) return true;
  const isCdns = (status >= 520 && status <= 527) || status === 530;
  return error === "cdn_52x" ? !isCdns : error === "http_status" ? isCdns : status < 200 || status === 407;
};

/**
 * What is wrong with a reading by itself, whatever the database knows: what no round of ours would have seen.
 * @param timing the cadence that the agent was told
 * @returns null: nothing; else the field, as a pointer within the reading, and the rule
 */
export const readingFault = (
  { slotMs, probes }: AgentReading,
  timing: { readonly intervalMs: number; readonly timeoutMs: number },
): ReadingFault | null => {
  if (slotMs % timing.intervalMs !== 0)
    return { pointer: "/slot", detail: `must be the beginning of a slot: a multiple of ${timing.intervalMs} ms` };
  // A busy machine notices a time-out late.
  const mostLatencyMs = 2 * timing.timeoutMs + 1_000;
  for (const [at, probe] of probes.entries()) {
    const where = `/probes/${at}`;
    if (probe.probedAtMs < slotMs || probe.probedAtMs >= slotMs + longestRoundMs)
      return { pointer: `${where}/probed_at`, detail: "must be within the two minutes that begin with its slot" };
    if (probe.latencyMs > mostLatencyMs) return { pointer: `${where}/latency_ms`, detail: `must be at most ${mostLatencyMs}` };
    if (disagrees(probe)) return { pointer: `${where}/status`, detail: "does not go with its error" };
  }
  if (probes.length > 1 && probes[0]?.error === null)
    return { pointer: "/probes", detail: "must be one where the first is good: only a failure is confirmed" };
  return null;
};
