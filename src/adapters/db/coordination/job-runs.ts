import { sql } from "drizzle-orm";
import { isoTime } from "../../../iso-time.ts";
import type { JobHistory, JobRunStore } from "../../ports/coordination/job-runs.ts";
import type { Database } from "../platform/client.ts";
import { ms } from "../platform/write.ts";

export const createJobRunStore = (db: Database): JobRunStore & JobHistory => ({
  record: async ({
    job,
    provider,
    startedAtMs,
    endedAtMs,
    ok,
    overruns,
    failedRounds = { count: 0, anew: false },
    counts = [],
    load = null,
  }) => {
    const started = sql`${isoTime(startedAtMs)}::timestamptz`;
    const ended = sql`${isoTime(endedAtMs)}::timestamptz`;
    const added = JSON.stringify(counts.filter(({ value }) => value > 0));
    await db.rows(sql`
      with added as (
        insert into counters as c (name, provider, label, value)
        select name, ${provider}, label, value
        from jsonb_to_recordset(${added}::jsonb) as x(name text, label text, value bigint) order by name, label
        on conflict (name, provider, label) do update set value = c.value + excluded.value
      ), loaded as (
        insert into shard_loads (shard, shards, domains, left_out, utilisation, measured_at)
        select shard, shards, domains, "leftOut", utilisation, clock_timestamp()
        from jsonb_to_recordset(${JSON.stringify(load === null ? [] : [load])}::jsonb)
          as x(shard int, shards int, domains int, "leftOut" int, utilisation real)
        on conflict (shard) do update set shards = excluded.shards, domains = excluded.domains, left_out = excluded.left_out,
          utilisation = excluded.utilisation, measured_at = excluded.measured_at
      )
      insert into job_runs as j (job, provider, last_started_at, last_succeeded_at, last_failed_at, last_duration_ms,
        successes, failures, overruns, failed_rounds)
      values (${job}, ${provider}, ${started}, case when ${ok}::boolean then ${ended} end,
        case when not ${ok}::boolean then ${ended} end, ${endedAtMs - startedAtMs}::int,
        ${ok}::boolean::int, (not ${ok}::boolean)::int, ${overruns}::bigint, ${failedRounds.count}::int)
      on conflict (job, provider) do update set last_started_at = excluded.last_started_at,
        last_succeeded_at = coalesce(excluded.last_succeeded_at, j.last_succeeded_at),
        last_failed_at = coalesce(excluded.last_failed_at, j.last_failed_at),
        last_duration_ms = excluded.last_duration_ms, successes = j.successes + excluded.successes,
        failures = j.failures + excluded.failures, overruns = j.overruns + excluded.overruns,
        failed_rounds = excluded.failed_rounds + case when ${failedRounds.anew}::boolean then 0 else j.failed_rounds end`);
  },
  lastGoodStartMs: async (job) => {
    const [last] = await db.rows<{ startedAtMs: number }>(sql`
      select ${ms("last_started_at", "startedAtMs")} from job_runs
      where job = ${job} and last_succeeded_at >= last_started_at order by last_started_at desc limit 1`);
    return last?.startedAtMs ?? null;
  },
});
