import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Fence, LeaseStore, Taking } from "../../ports/coordination/lease.ts";
import type { Database } from "../platform/client.ts";
import { looksGoodFor, span } from "./providers.ts";

/** How long a lease lasts without renewal, and how long a provider that released one is preferred (semantics §10). */
export const defaultTtlMs = 45_000;

/**
 * The renewal alone, so that a round can send it together with its first read. Returns when the shard was last judged; of one
 * that never was, as after a change of the number of shards, when any of them was: its services were among theirs.
 */
export const renewLease = (fence: Fence, ttlMs: number): SQL => sql`
  update leases set expires_at = clock_timestamp() + ${span(ttlMs)}
  where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()
  returning epoch, coalesce(judged_at, (select max(o.judged_at) from leases o where o.name like 'shard:%')) as "judgedAtMs"`;

type Asked = { readonly epoch: number | null; readonly from: string | null; readonly by: string | null; readonly freeInMs: number };

export const createLeaseStore = (db: Database, ttlMs = defaultTtlMs): LeaseStore => {
  const ttl = span(ttlMs);
  // The clock is read again in `set`: the row lock may have been waited for, and `excluded` holds the time before that.
  const take = async (name: string, provider: string, holder: string, shards?: number): Promise<Taking> => {
    // Locked, so that a change of the number either sees this lease and revokes it, or is seen here (0007_shard_count.sql).
    const wanted = shards === undefined ? sql`` : sql`from settings where shards = ${shards}::int for share`;
    // Where the number has changed meanwhile, the refusal names no holder.
    const meant = shards === undefined ? sql`` : sql`and exists (select from settings where shards = ${shards}::int)`;
    const [asked] = await db.rows<Asked>(sql`
      with taken as (
        insert into leases as held (name, holder, provider, epoch, acquired_at, expires_at)
        select ${name}, ${holder}, ${provider}, 1, clock_timestamp(), clock_timestamp() + ${ttl} ${wanted}
        on conflict (name) do update
          set holder = excluded.holder, provider = excluded.provider, epoch = held.epoch + 1, taken_from = held.provider,
              acquired_at = clock_timestamp(), expires_at = clock_timestamp() + ${ttl}, released_at = null
          where held.provider = excluded.provider and held.holder = excluded.holder
            or held.expires_at <= clock_timestamp()
              and (held.provider = excluded.provider or held.released_at is null or held.released_at <= clock_timestamp() - ${ttl})
        returning epoch, taken_from
      )
      select epoch, taken_from as "from", null as by, 0::float8 as "freeInMs" from taken
      union all
      select null, null, provider, extract(epoch from greatest(expires_at, released_at + ${ttl}) - clock_timestamp())::float8 * 1000
      from leases where name = ${name} and not exists (select from taken) ${meant}`);
    if (asked === undefined || asked.epoch === null) return { held: null, by: asked?.by ?? null, freeInMs: asked?.freeInMs ?? 0 };
    return { held: { name, epoch: asked.epoch }, from: asked.from };
  };
  return {
    ttlMs,
    take,
    acquire: async (...asked) => (await take(...asked)).held,
    renew: async (fence) => (await db.rows(renewLease(fence, ttlMs))).length === 1,
    release: async (fence) => {
      await db.rows(sql`
        update leases set released_at = clock_timestamp(), expires_at = clock_timestamp()
        where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()`);
    },
    giveUp: async (fence) => {
      await db.rows(sql`
        update leases set released_at = null, expires_at = clock_timestamp()
        where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp()`);
    },
    handBack: async (fence, preferred, goodForMs) => {
      const handed = await db.rows(sql`
        update leases set provider = ${preferred}, released_at = clock_timestamp(), expires_at = clock_timestamp()
        where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp() and provider <> ${preferred}
          and ${looksGoodFor(preferred, ttlMs, goodForMs)}
          and not exists (select from storm_events where ended_at is null)
          and not exists (select from takeovers t where t.lease = leases.name and t.at > clock_timestamp() - ${span(goodForMs)})
        returning epoch`);
      return handed.length === 1;
    },
  };
};
