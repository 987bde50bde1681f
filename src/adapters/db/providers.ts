import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Beat } from "../ports/round.ts";

/** A length of time as SQL; milliseconds. */
export const span = (ms: number): SQL => sql.raw(`interval '${Math.round(ms)} milliseconds'`);

const now = sql.raw("clock_timestamp()");

/**
 * A provider's sign of life, and what it saw of the other one. Signs further apart than a lease lasts are a gap: what is
 * good is so since after it.
 */
export const beatStatements = ({ provider, acted, seen }: Beat, ttlMs: number): readonly SQL[] => [
  sql`
    insert into providers as p (name, heartbeat_at, heartbeat_since, last_round_at)
    values (${provider}, ${now}, ${now}, case when ${acted}::boolean then ${now} end)
    on conflict (name) do update set heartbeat_at = excluded.heartbeat_at,
      heartbeat_since = case when p.heartbeat_at > ${now} - ${span(ttlMs)} then p.heartbeat_since else excluded.heartbeat_since end,
      last_round_at = coalesce(excluded.last_round_at, p.last_round_at)`,
  ...(seen === null ? [] : [sql`
    insert into providers as p (name, public_checked_at, public_ok_since, public_error)
    values (${seen.provider}, ${now}, case when ${seen.error}::text is null then ${now} end, ${seen.error})
    on conflict (name) do update set public_checked_at = excluded.public_checked_at, public_error = excluded.public_error,
      public_ok_since = case when excluded.public_ok_since is not null and p.public_checked_at > ${now} - ${span(ttlMs)}
        then coalesce(p.public_ok_since, excluded.public_ok_since) else excluded.public_ok_since end`]),
];

/** Whether a provider is alive and seen well, and has been both for so long without a gap (semantics §10). */
export const looksGoodFor = (provider: string, ttlMs: number, goodForMs: number): SQL => sql`
  exists (
    select from providers p where p.name = ${provider}
      and p.heartbeat_at > ${now} - ${span(ttlMs)} and p.heartbeat_since <= ${now} - ${span(goodForMs)}
      and p.public_checked_at > ${now} - ${span(ttlMs)} and p.public_ok_since <= ${now} - ${span(goodForMs)}
  )`;
