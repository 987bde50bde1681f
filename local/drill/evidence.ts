import pg from "pg";
import { cadence } from "./outside.ts";

export type StoredSample = { readonly atMs: number; readonly answeredAtMs: number; readonly ok: boolean };

/** What the database holds about the drill's primary path, read directly: the drill does not rely on tranche for it. */
export const readPrimarySamples = async (databaseUrl: string, vantage: string | null = null): Promise<readonly StoredSample[]> => {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ at: number; latency: number; ok: boolean }>(
      `select (extract(epoch from probed_at) * 1000)::float8 as at, latency_ms as latency, ok
       from probe_samples where path = 'primary' and vantage = coalesce($1, vantage) order by probed_at`,
      [vantage],
    );
    return rows.map(({ at, latency, ok }) => ({ atMs: at, answeredAtMs: at + latency, ok }));
  } finally {
    await client.end();
  }
};

/** When the first probe after `fromMs` that failed had its answer (or its time-out). */
export const firstFailureKnownAtMs = (samples: readonly StoredSample[], fromMs: number): number | null =>
  samples.find((sample) => !sample.ok && sample.answeredAtMs >= fromMs)?.answeredAtMs ?? null;

/** When threshold and min_failures were both crossed for the first time, by the samples whose answers were in. */
export const crossedAtMs = (
  samples: readonly StoredSample[],
  fromMs: number,
  policy: { readonly threshold: number; readonly minFailures: number },
): number | null => {
  const moments = samples
    .map((sample) => sample.answeredAtMs)
    .filter((ms) => ms >= fromMs)
    .toSorted((a, b) => a - b);
  const crossed = moments.find((now) => {
    const window = samples.filter((sample) => sample.answeredAtMs <= now && sample.atMs > now - cadence.windowMs);
    const failures = window.filter((sample) => !sample.ok).length;
    return failures >= policy.minFailures && (window.length - failures) / window.length < policy.threshold;
  });
  return crossed ?? null;
};
