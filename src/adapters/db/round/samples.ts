import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { TimeKeeper } from "../../ports/platform/clock.ts";
import type { Presence } from "../../ports/detection/round.ts";
import type { Sample } from "../../ports/detection/round-view.ts";
import type { Database } from "../platform/client.ts";
import { beatStatements } from "../coordination/providers.ts";

/** Rows per statement: about 3 MB of JSON, well under the 10 MiB that Neon takes in one request. */
const samplesPerStatement = 20_000;

/** A mark advances by this much or more, so that most rounds write none; the newest sample is less than this after it. */
export const markSpan = sql.raw("interval '1 minute'");

/**
 * The CTEs `kept` and `marked`, which store the samples of the CTE `timely` (s, d, p, v: service, domain, path, vantage; round_at, a,
 * probed_at, c, l, e: slot, attempt, time, status, latency, error; u: set-up) and where their paths were last probed.
 * In key order, so that two runs of one slot never deadlock.
 */
export const keepTimely: SQL = sql`
  kept as (
    insert into probe_samples
      (service_id, domain_id, path, vantage, round_at, attempt, probed_at, ok, status, latency_ms, error, setup)
    select s, d, p, v, round_at, a, probed_at, e is null, c, l, e, u from timely order by d, round_at, p, v, a
    on conflict do nothing
  ), marked as (
    insert into probe_marks as m (domain_id, path, vantage, setup, round_at)
    select d, p, v, coalesce(u, 0), max(round_at) from timely t
    where not exists (
      select from probe_marks k where k.domain_id = t.d and k.path = t.p and k.vantage = t.v and k.setup = coalesce(t.u, 0)
        and k.round_at > t.round_at - ${markSpan})
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (domain_id, path, vantage, setup) do update set round_at = greatest(m.round_at, excluded.round_at)
  )`;

/**
 * Stores samples and where their paths were last probed.
 * A time or slot ahead of the database's clock is rejected and counted: it would still count as new in an hour.
 */
const keepSamples = (samples: readonly Sample[]): SQL => sql`
  with sent as (
    select x.*, to_timestamp(r / 1000.0) as round_at, to_timestamp(t / 1000.0) as probed_at
    from jsonb_to_recordset(${JSON.stringify(
      samples.map((sample) => ({
        s: sample.serviceId,
        d: sample.domainId,
        p: sample.path,
        v: sample.vantage,
        r: sample.roundAtMs,
        a: sample.attempt,
        t: sample.probedAtMs,
        c: sample.status,
        l: sample.latencyMs,
        e: sample.error,
        ...(sample.setup > 0 && { u: sample.setup }),
      })),
    )}::jsonb) as x(s bigint, d bigint, p text, v text, r bigint, a int, t bigint, c int, l int, e text, u smallint)
  ), timely as materialized (select * from sent where probed_at < clock_timestamp() + interval '30 seconds' and round_at < clock_timestamp() + interval '2 minutes'
  ), ${keepTimely}
  select (select count(*) from sent) - (select count(*) from timely) as refused`;

/** One shard marks its provider's vantage as heard: all of them would contend for the row in every slot. */
const heard = ({ vantage, place, nowMs }: Presence): SQL => {
  const at = sql`least(${isoTime(nowMs)}::timestamptz, clock_timestamp())`;
  return sql`
    insert into vantages (name, last_heard_at, place) select ${vantage}, ${at}, ${place}
    where not exists (
      select from vantages where name = ${vantage} and last_heard_at > ${at} - interval '2 seconds' and place is not distinct from coalesce(${place}, place))
    on conflict (name) do update set last_heard_at = greatest(vantages.last_heard_at, excluded.last_heard_at),
      place = coalesce(excluded.place, vantages.place)`;
};

/** Reports rejected samples with a time in the future. @param rows of `keepSamples` */
export const noteRefused = (rows: readonly unknown[] | undefined, time: TimeKeeper | null): void => {
  const refused = (rows as readonly { readonly refused: number }[] | undefined)?.[0]?.refused ?? 0;
  if (refused > 0) time?.refused(refused);
};

/** Sends all but the last request's worth of the samples. @returns the rest, which the caller sends with its other statements */
export const keepFirst = async (db: Database, samples: readonly Sample[], time: TimeKeeper | null): Promise<readonly Sample[]> => {
  let from = 0;
  for (; samples.length - from > samplesPerStatement; from += samplesPerStatement) {
    noteRefused(await db.rows(keepSamples(samples.slice(from, from + samplesPerStatement))), time);
  }
  return samples.slice(from);
};

/** A round's vantage and heartbeat: a short transaction, as it locks rows that others wait for. */
export const presenceStatements = (samples: readonly Sample[], presence: Presence, ttlMs: number): readonly SQL[] => [
  keepSamples(samples),
  heard(presence),
  ...(presence.beat === null ? [] : beatStatements(presence.beat, ttlMs)),
];

/** Stores what a witness saw, in one round trip for up to 20,000 samples. */
export const saveWitnessed = async (
  db: Database,
  samples: readonly Sample[],
  presence: Presence,
  ttlMs: number,
  time: TimeKeeper | null,
): Promise<void> => {
  const last = await keepFirst(db, samples, time);
  const [kept] = await db.batch(presenceStatements(last, presence, ttlMs));
  noteRefused(kept, time);
};
