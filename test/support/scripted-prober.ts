import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type { ProbeAnswer, Prober, ProbeRequest } from "../../src/adapters/ports/detection/probe.ts";

/** `hang` uses up the time-out, `refuse` fails at once, `unreadable` says nothing, a number is a status, `[status, latencyMs]` a slow one. */
export type Script = "hang" | "refuse" | "unreadable" | number | readonly [status: number, latencyMs: number];

export type Probed = ProbeRequest & { readonly startedAtMs: number };

/** Answers by host, 200 in no time where nothing else was said. */
export const createScriptedProber = (clock: Clock) => {
  const scripts = new Map<string, Script | (() => Script)>();
  const calls: Probed[] = [];
  let waiting = 0;
  const peak = { waiting: 0 };
  const prober: Prober = {
    probe: async (request): Promise<ProbeAnswer> => {
      calls.push({ ...request, startedAtMs: clock.nowMs() });
      waiting += 1;
      peak.waiting = Math.max(peak.waiting, waiting);
      const script = URL.canParse(request.url) ? (scripts.get(new URL(request.url).host) ?? 200) : "refuse";
      const answer = typeof script === "function" ? script() : script;
      try {
        if (answer === "refuse") return { kind: "network", latencyMs: 1 };
        if (answer === "unreadable") return { kind: "unreadable", latencyMs: 1 };
        const [status, latencyMs] = answer === "hang" ? [0, request.timeoutMs] : typeof answer === "number" ? [answer, 0] : answer;
        await clock.sleep(Math.min(latencyMs, request.timeoutMs));
        if (answer === "hang" || latencyMs > request.timeoutMs) return { kind: "timeout", latencyMs: request.timeoutMs };
        return { kind: "answer", status, latencyMs };
      } finally {
        waiting -= 1;
      }
    },
  };
  return { prober, calls, peak, say: (host: string, script: Script | (() => Script)) => void scripts.set(host, script) };
};
