import type { Clock } from "../../../src/adapters/ports/platform/clock.ts";
import type { ProbeAnswer, Prober } from "../../../src/adapters/ports/detection/probe.ts";
import type { Fault, Outage, ProviderName, SoakPlan, Span } from "./plan.ts";
import { holds } from "./plan.ts";

/** The truth about every host, known to nobody but the referee and to whoever probes. */
export type Internet = {
  readonly outageOf: (host: string, atMs: number) => Outage | null;
  readonly isUp: (host: string, atMs: number) => boolean;
  /** The times in which a host is down, one after the other: overlapping outages are one. */
  readonly downtimes: (host: string) => readonly Span[];
  readonly prober: (provider: ProviderName, clock: Clock) => Prober;
};

const merged = (spans: readonly Span[]): readonly Span[] =>
  spans
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .reduce<Span[]>((all, { fromMs, toMs }) => {
      const last = all.at(-1);
      if (last !== undefined && fromMs <= last.toMs) all[all.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
      else all.push({ fromMs, toMs });
      return all;
    }, []);

export const createInternet = ({ outages, faults }: SoakPlan): Internet => {
  const byHost = new Map<string, Outage[]>();
  for (const outage of outages) for (const host of outage.hosts) byHost.set(host, [...(byHost.get(host) ?? []), outage]);
  const blind = faults.filter((fault): fault is Fault & { kind: "blind" } => fault.kind === "blind");
  const outageOf = (host: string, atMs: number): Outage | null => byHost.get(host)?.find((outage) => holds(outage, atMs)) ?? null;
  const latencies = new Map<string, number>();
  const latencyOf = (host: string): number => {
    const known =
      latencies.get(host) ?? 30 + 10 * (Array.from(host).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_009, 7) % 3);
    latencies.set(host, known);
    return known;
  };
  return {
    outageOf,
    isUp: (host, atMs) => outageOf(host, atMs) === null,
    downtimes: (host) => merged(byHost.get(host) ?? []),
    prober: (provider, clock) => {
      const ownBlind = blind.filter((fault) => fault.provider === provider);
      return {
        probe: async ({ url, timeoutMs }): Promise<ProbeAnswer> => {
          const host = url.slice("https://".length, url.indexOf("/", "https://".length));
          if (ownBlind.some((span) => holds(span, clock.nowMs()))) return { kind: "network", latencyMs: 1 };
          const kind = outageOf(host, clock.nowMs())?.kind ?? null;
          if (kind === "refuse") return { kind: "network", latencyMs: 1 };
          if (kind === "hang") {
            await clock.sleep(timeoutMs);
            return { kind: "timeout", latencyMs: timeoutMs };
          }
          const latencyMs = latencyOf(host);
          await clock.sleep(latencyMs);
          return { kind: "answer", status: kind === null ? 200 : 503, latencyMs };
        },
      };
    },
  };
};
