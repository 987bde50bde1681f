import { sql } from "drizzle-orm";
import type { AccountStore } from "../../ports/tenants/accounts.ts";
import type { Database } from "../platform/client.ts";

/** More are not counted. */
const mostCounted = 1_000_000;

/** Attempts in windows of their own, in the database: several processes count together. */
export const createAccountAttempts = (db: Database): Pick<AccountStore, "attempt" | "forgive"> => ({
  attempt: async (keyHash, { most, windowMs }) => {
    const window = sql`${windowMs}::bigint * interval '1 millisecond'`;
    const [row] = await db.rows<{ count: number; leftSeconds: number }>(sql`
      insert into account_attempts as a (key_hash, window_start, count) values (${keyHash}, now(), 1)
      on conflict (key_hash) do update set
        count = case when a.window_start <= now() - ${window} then 1 else least(a.count + 1, ${mostCounted}::int) end,
        window_start = case when a.window_start <= now() - ${window} then now() else a.window_start end
      returning count, greatest(1, ceil(extract(epoch from a.window_start + ${window} - now())))::int as "leftSeconds"`);
    return row === undefined || row.count <= most ? null : row.leftSeconds;
  },

  forgive: async (keyHashes) =>
    void (await db.rows(sql`
      update account_attempts set count = greatest(count - 1, 0) where key_hash in (
        select key_hash from account_attempts where key_hash = any(${sql.param([...keyHashes])}::text[]) order by key_hash for update)`)),
});
