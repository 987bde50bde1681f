import { sql } from "drizzle-orm";
import type { TrailProgress, TrailReadings } from "../../ports/cost/trail-readings.ts";
import type { Database } from "../platform/client.ts";
import { fenceCte } from "../platform/fence.ts";

type FileRow = { readonly key: string; readonly state: "done" | "failed" | "skipped"; readonly tries: number };

/** A message is shown in full wherever it is shown. */
const mostErrorChars = 500;

export const createTrailReadings = (db: Database): TrailReadings => ({
  due: (limit) =>
    db.rows(sql`
    select customer_id as "customerId", id from (
      select id, customer_id, tried_at, row_number() over (partition by customer_id order by tried_at nulls first, id) as turn
      from cost_accounts where deleted_at is null and bucket is not null
    ) a order by turn, tried_at nulls first, id limit ${limit}`),

  progress: async (accountId) => {
    const [row] = await db.rows<{ cursors: { prefix: string; key: string }[]; files: FileRow[]; givenUp: TrailProgress["givenUp"] }>(sql`
      select
        coalesce((select jsonb_agg(jsonb_build_object('prefix', prefix, 'key', last_key)) from cost_cursors where account_id = ${accountId}), '[]')
          as cursors,
        coalesce((select jsonb_agg(jsonb_build_object('key', key, 'state', state, 'tries', tries) order by key) from cost_files
          where account_id = ${accountId}), '[]') as files,
        (select jsonb_build_object('key', key, 'error', last_error) from cost_files where account_id = ${accountId} and state = 'skipped'
          order by updated_at desc limit 1) as "givenUp"`);
    const { cursors = [], files = [], givenUp = null } = row ?? {};
    return {
      cursors: new Map(cursors.map(({ prefix, key }) => [prefix, key])),
      settled: new Set(files.flatMap(({ key, state }) => (state === "failed" ? [] : [key]))),
      failed: files.flatMap(({ key, state, tries }) => (state === "failed" ? [{ key, tries }] : [])),
      givenUp,
    };
  },

  settle: async (fence, accountId, outcomes, { prefix, listedFrom }, mostTries) => {
    const rows = JSON.stringify(outcomes.map(({ key, error }) => ({ key, error: error?.slice(0, mostErrorChars) ?? null })));
    const [row] = await db.rows<{ held: boolean }>(sql`
      with ${fenceCte(fence)}
      , given as (select key, error from jsonb_to_recordset(${rows}::jsonb) as x(key text, error text)
      ), noted as (
        insert into cost_files as f (account_id, key, state, tries, last_error, updated_at)
        select a.id, g.key, case when g.error is null then 'done' else 'failed' end, case when g.error is null then 0 else 1 end, g.error, now()
        from given g, cost_accounts a where a.id = ${accountId} and a.deleted_at is null and exists (select from fence)
        on conflict (account_id, key) do update set
          state = case when excluded.state = 'done' then 'done' when f.tries + 1 >= ${mostTries}::int then 'skipped' else 'failed' end,
          tries = case when excluded.state = 'done' then f.tries else f.tries + 1 end,
          last_error = excluded.last_error, updated_at = now()
        where f.state = 'failed'
      ), forgotten as (delete from cost_files f where f.account_id = ${accountId} and starts_with(f.key, ${prefix})
        and (f.state = 'done' or f.state = 'skipped' and f.updated_at < now() - interval '7 days')
        and f.key collate "C" <= ${listedFrom}::text collate "C" and f.key not in (select key from given) and exists (select from fence)
      ) select exists (select from fence) as held`);
    return row?.held === true;
  },

  note: async (fence, accountId, error, wasRead) => {
    await db.rows(sql`
      with ${fenceCte(fence)}
      update cost_accounts set tried_at = now(), last_error = ${error?.slice(0, mostErrorChars) ?? null}::text,
        last_read_at = case when ${wasRead}::boolean then now() else last_read_at end
      where id = ${accountId} and deleted_at is null and exists (select from fence)`);
  },
});
