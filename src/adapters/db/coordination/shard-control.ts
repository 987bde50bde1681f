import { sql } from "drizzle-orm";
import { AppError } from "../../../errors.ts";
import type { ShardControl, ShardMove, ShardsMoved } from "../../ports/coordination/shard-control.ts";
import type { Database } from "../platform/client.ts";
import { auditRow, write } from "../platform/write.ts";
import { defaultTtlMs } from "./leases.ts";
import { span } from "./providers.ts";

type Split = { readonly before: number; readonly now: number; readonly storms: number };

const stormy = (storms: number): AppError =>
  new AppError(
    "conflict",
    `${storms} ${storms === 1 ? "storm is" : "storms are"} on: another number of shards costs each a round, so it needs force`,
  );

type Moved = ShardsMoved & { readonly present: number; readonly unknown: number | null; readonly alive: boolean };

const noSuchShard = ({ present, unknown }: Moved): AppError => {
  const detail = `must be shards that there are: 0 to ${present - 1}, not ${unknown}`;
  return new AppError("bad_request", "the body is not valid", { fields: [{ pointer: "/shards", detail }] });
};

const silent = (provider: string): AppError =>
  new AppError("conflict", `${provider} shows no sign of life, so it would not take them: that needs force`);

export const createShardControl = (db: Database, ttlMs = defaultTtlMs): ShardControl => ({
  split: async ({ shards, reason, force }, change) => {
    // The trigger on that column ends the leases of the old number.
    const [split] = await write<Split>(
      db,
      sql`
      with old as (select id, shards from settings for update
      ), storm as (select count(*) as storms from storm_events where ended_at is null
      ), changed as (
        update settings s set shards = ${shards}::int from old, storm
        where s.id = old.id and old.shards <> ${shards}::int and (storm.storms = 0 or ${force}::boolean) returning s.shards
      ), audit as (${auditRow(
        change,
        "split",
        "shards",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, jsonb_build_object('shards', old.shards) as before,
          jsonb_build_object('shards', n.shards, 'reason', ${reason}::text, 'force', ${force}::boolean) as after from changed n, old`,
      )}
      )
      select old.shards as before, coalesce((select shards from changed), old.shards) as now, storm.storms from old, storm`,
    );
    if (split === undefined) throw new TypeError("the settings have no row");
    if (split.now !== shards) throw stormy(split.storms);
    return split.before;
  },

  move: async (order: ShardMove, change) => {
    const { to, shards, reason, force } = order;
    const listed = shards === null ? null : JSON.stringify(shards);
    // The number of shards stands still meanwhile, so that two orders never lock leases in different orders.
    const [done] = await write<Moved>(
      db,
      sql`
      with present as materialized (select shards from settings for share
      ), asked as materialized (
        select n from present p, generate_series(0, p.shards - 1) n
        where ${listed}::jsonb is null or n in (select x::int from jsonb_array_elements_text(${listed}::jsonb) x)
      ), strange as materialized (
        select min(x::int) as shard from present p, jsonb_array_elements_text(coalesce(${listed}::jsonb, '[]')) x where x::int >= p.shards
      ), life as materialized (
        select exists (select from providers where name = ${to} and heartbeat_at > clock_timestamp() - ${span(ttlMs)}) as alive
      ), held as materialized (
        select a.n, l.name, l.provider from asked a join leases l on l.name = 'shard:' || a.n order by a.n for update of l
      ), moved as (
        update leases l set provider = ${to}, released_at = clock_timestamp(), expires_at = clock_timestamp()
        from held h, life, strange
        where l.name = h.name and l.provider <> ${to} and strange.shard is null and (life.alive or ${force}::boolean)
        returning h.n, h.provider as was
      ), audit as (${auditRow(
        change,
        "move",
        "shards",
        sql`
        select null::bigint as object_id, null::bigint as customer_id, jsonb_object_agg(n, was) as before,
          jsonb_build_object('to', ${to}::text, 'reason', ${reason}::text, 'force', ${force}::boolean) as after
        from moved having count(*) > 0`,
      )}
      )
      select p.shards as present, strange.shard as unknown, life.alive,
        coalesce((select jsonb_agg(n order by n) from moved), '[]') as moved,
        coalesce((select jsonb_agg(n order by n) from held where n not in (select n from moved)), '[]') as stayed,
        coalesce((select jsonb_agg(n order by n) from asked where n not in (select n from held)), '[]') as unheld
      from present p, strange, life`,
    );
    if (done === undefined) throw new TypeError("the settings have no row");
    if (done.unknown !== null) throw noSuchShard(done);
    if (!done.alive && !force) throw silent(to);
    return { moved: done.moved, stayed: done.stayed, unheld: done.unheld };
  },
});
