import type { Deps } from "../../adapters/ports/deps.ts";
import type { StormPolicy } from "../../adapters/ports/detection/policies.ts";
import type { RecordedTrace } from "../../adapters/ports/detection/recorded-trace.ts";
import type { Storm } from "../../adapters/ports/detection/storms.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { replayAll } from "../../domain/detection/backtest.ts";
import type { Replayed } from "../../domain/detection/replay.ts";
import { invalidBody } from "../../errors.ts";
import type { PolicyBody } from "./policy-changes.ts";
import { policyTerms } from "./policy-changes.ts";

export const longestSpanMs = 48 * 3_600_000;

/** At most 4.6 MB of JSON from the database, which sends 10 MiB; five domains over 48 h from one vantage. */
export const mostSamples = 200_000;
/** Path-vantage pairs times rounds: every round evaluates every path. Fifty pairs over 48 h take a second or two. */
const mostPathRounds = 1_000_000;
/** Per outcome, actual and simulated: another MB, which bounds the answer. */
const mostStorms = 2_000;

const refuse = (pointer: string, detail: string) => invalidBody({ pointer, detail });

/** What is to be tried, on samples from when to when. */
export type Trial = { readonly policy: PolicyBody; readonly fromMs: number; readonly toMs: number };

/** What a policy would have made of a service's samples, and what was recorded. */
export type Tried = Replayed & {
  readonly fromMs: number;
  /** At most now. */
  readonly toMs: number;
  readonly samples: number;
  readonly recorded: readonly Storm[];
  /** The live policy of the kind. */
  readonly current: StormPolicy | null;
};

/**
 * Replays a service's own samples through a policy. The API and the console do it by the same rules.
 * @param once reads the samples, once per request
 * @throws AppError `bad_request` for a span that has too much in it or lies ahead, `not_found`
 */
export const tryPolicy = async (
  deps: Pick<Deps, "config" | "clock" | "recordedTraces">,
  customerId: number,
  serviceId: number,
  { policy, fromMs, toMs: to }: Trial,
  once: (read: () => Promise<RecordedTrace | null>) => Promise<RecordedTrace | null> = (read) => read(),
): Promise<Tried> => {
  const { intervalMs } = deps.config.probe;
  const toMs = Math.min(to, deps.clock.nowMs());
  if (toMs <= fromMs) throw refuse("/from", "must not be in the future");
  const leadInMs = policy.window_seconds * 1_000 + intervalMs;
  const query = { kind: policy.kind, fromMs, toMs, leadInMs, maxSamples: mostSamples, maxStorms: mostStorms };
  const trace = await once(() => deps.recordedTraces.read(customerId, serviceId, query));
  if (trace === null) throw noSuchResource();
  const { samples, cdns, vantages, storms: recorded, policy: current } = trace;
  if (samples === null) throw refuse("/to", `must be closer to from: there are more than ${mostSamples} samples`);
  const paths = new Set(samples.map(({ domainId, path, vantage }) => `${domainId}/${path}/${vantage}`)).size;
  if (paths * ((toMs - fromMs) / intervalMs) > mostPathRounds)
    throw refuse("/to", `must be closer to from: there are ${paths} paths, each as a vantage sees it`);
  const replayed = replayAll(samples, { cdns, terms: policyTerms(policy), intervalMs, fromMs, vantages }, toMs);
  if (recorded === null || replayed.storms.length > mostStorms)
    throw refuse("/to", `must be closer to from: there are more than ${mostStorms} storms`);
  return { ...replayed, fromMs, toMs, samples: samples.length, recorded, current };
};
