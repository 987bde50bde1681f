import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Sighting } from "../../ports/coordination/peer.ts";
import type { Beat } from "../../ports/detection/round.ts";

/** A duration as SQL; milliseconds. */
export const span = (ms: number): SQL => sql.raw(`interval '${Math.round(ms)} milliseconds'`);

const now = sql.raw("clock_timestamp()");

/** Durations are capped at three weeks. */
const mostSkewMs = 2_000_000_000;

const signOfLife = ({ provider, acted, clockSkewMs = null }: Beat, ttlMs: number): SQL => sql`
  insert into providers as p (name, heartbeat_at, heartbeat_since, last_round_at, clock_skew_ms)
  values (${provider}, ${now}, ${now}, case when ${acted}::boolean then ${now} end,
    ${clockSkewMs === null ? null : Math.max(-mostSkewMs, Math.min(mostSkewMs, clockSkewMs))}::int)
  on conflict (name) do update set heartbeat_at = excluded.heartbeat_at,
    heartbeat_since = case when p.heartbeat_at > ${now} - ${span(ttlMs)} then p.heartbeat_since else excluded.heartbeat_since end,
    last_round_at = coalesce(excluded.last_round_at, p.last_round_at), clock_skew_ms = excluded.clock_skew_ms`;

const sighting = ({ provider, error }: Sighting, ttlMs: number): SQL => sql`
  insert into providers as p (name, public_checked_at, public_ok_since, public_error)
  values (${provider}, ${now}, case when ${error}::text is null then ${now} end, ${error})
  on conflict (name) do update set public_checked_at = excluded.public_checked_at, public_error = excluded.public_error,
    public_ok_since = case when excluded.public_ok_since is not null and p.public_checked_at > ${now} - ${span(ttlMs)}
      then coalesce(p.public_ok_since, excluded.public_ok_since) else excluded.public_ok_since end`;

/**
 * A provider's heartbeat, and its view of the other one. Heartbeats further apart than a lease lasts are a gap, after
 * which "good since" restarts. In the order of names: both providers write both rows, at the same moment in every slot.
 */
export const beatStatements = (beat: Beat, ttlMs: number): readonly SQL[] => {
  const own = signOfLife(beat, ttlMs);
  const { provider, seen } = beat;
  if (seen === null) return [own];
  const other = sighting(seen, ttlMs);
  return provider < seen.provider ? [own, other] : [other, own];
};

/** Whether a provider's heartbeat and public face have been good for so long without a gap (semantics §10). */
export const looksGoodFor = (provider: string, ttlMs: number, goodForMs: number): SQL => sql`
  exists (
    select from providers p where p.name = ${provider}
      and p.heartbeat_at > ${now} - ${span(ttlMs)} and p.heartbeat_since <= ${now} - ${span(goodForMs)}
      and p.public_checked_at > ${now} - ${span(ttlMs)} and p.public_ok_since <= ${now} - ${span(goodForMs)}
  )`;
