import { sql } from "drizzle-orm";
import type { TickRunStore } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";

export const createTickRunStore = (db: Database): TickRunStore => ({
  begin: async (shardIndex, provider, run) => {
    await db.rows(sql`
      insert into tick_runs (shard, provider, run, begun_at) values (${shardIndex}::int, ${provider}, ${run}, clock_timestamp())
      on conflict (shard, provider) do update set run = excluded.run, begun_at = excluded.begun_at`);
  },
  isLatest: async (shardIndex, provider, run) => {
    const others = await db.rows(sql`
      select from tick_runs where shard = ${shardIndex}::int and provider = ${provider} and run <> ${run}`);
    return others.length === 0;
  },
});
