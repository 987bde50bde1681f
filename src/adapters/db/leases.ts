import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Fence, LeaseStore } from "../ports/lease.ts";
import type { Database } from "./client.ts";

/** How long a lease lasts without renewal, and how long a provider that released one is preferred (semantics §10). */
const ttl = sql.raw("interval '45 seconds'");

/** The renewal alone, so that a round can send it together with its first reading. */
export const renewLease = (fence: Fence): SQL => sql`
  update leases set expires_at = clock_timestamp() + ${ttl}
  where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()
  returning epoch`;

export const createLeaseStore = (db: Database): LeaseStore => ({
  acquire: async (name, provider, holder, shards) => {
    // Locked, so that a change of the number either sees this lease and revokes it, or is seen here (0007_shard_count.sql).
    const wanted = shards === undefined ? sql`` : sql`from settings where shards = ${shards}::int for share`;
    const [row] = await db.rows<{ epoch: number }>(sql`
      insert into leases as held (name, holder, provider, epoch, acquired_at, expires_at)
      select ${name}, ${holder}, ${provider}, 1, clock_timestamp(), clock_timestamp() + ${ttl} ${wanted}
      on conflict (name) do update
        set holder = excluded.holder, provider = excluded.provider, epoch = held.epoch + 1,
            acquired_at = excluded.acquired_at, expires_at = excluded.expires_at, released_at = null
        where held.holder = excluded.holder or held.expires_at <= clock_timestamp()
          and (held.provider = excluded.provider or held.released_at is null
               or held.released_at <= clock_timestamp() - ${ttl})
      returning epoch`);
    return row === undefined ? null : { name, epoch: row.epoch };
  },
  renew: async (fence) => (await db.rows(renewLease(fence))).length === 1,
  release: async (fence) => {
    await db.rows(sql`
      update leases set released_at = clock_timestamp(), expires_at = clock_timestamp()
      where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()`);
  },
});
