import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fenceCte } from "../../../src/adapters/db/platform/fence.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import type { Fence, LeaseStore } from "../../../src/adapters/ports/coordination/lease.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";

let database: TestDatabase;
let leases: LeaseStore;

const setShards = (count: number) => database.sql("update settings set shards = $1", [count]);

beforeAll(async () => {
  database = await freshDatabase();
  leases = createLeaseStore(database.db);
  await database.sql("create table written (fenced_for int, shards int)");
});

beforeEach(async () => {
  await database.sql("delete from leases");
  await setShards(4);
});

afterAll(() => database.close());

describe("the lease of a shard", () => {
  it("is to be had for the number of shards that there is, and no other", async () => {
    expect(await leases.acquire("shard:0", "cloudflare", "cloudflare:a", 5)).toBeNull();
    expect(await leases.acquire("shard:0", "cloudflare", "cloudflare:a", 4)).toEqual({ name: "shard:0", epoch: 1 });
  });

  it("ends when the number of shards changes, and its provider may take it again at once", async () => {
    const held = await leases.acquire("shard:1", "cloudflare", "cloudflare:a", 4);
    const job = await leases.acquire("job:bill", "cloudflare", "cloudflare:a");
    await setShards(5);
    expect(await leases.renew(held as Fence)).toBe(false);
    expect(await leases.renew(job as Fence)).toBe(true);
    expect(await leases.acquire("shard:1", "cloudflare", "cloudflare:b", 4)).toBeNull();
    expect(await leases.acquire("shard:1", "vercel", "vercel:c", 5), "a preference stands").toBeNull();
    expect(await leases.acquire("shard:1", "cloudflare", "cloudflare:b", 5)).toEqual({ name: "shard:1", epoch: 2 });
  });

  it("stays when the number is set to what it is", async () => {
    const held = await leases.acquire("shard:1", "cloudflare", "cloudflare:a", 4);
    await setShards(4);
    expect(await leases.renew(held as Fence)).toBe(true);
  });

  it("is re-acquired by a restarted holder, which ends the previous epoch", async () => {
    const first = await leases.acquire("shard:2", "cloudflare", "cloudflare:object", 4);
    expect(await leases.acquire("shard:2", "cloudflare", "cloudflare:other", 4)).toBeNull();
    const again = await leases.acquire("shard:2", "cloudflare", "cloudflare:object", 4);
    expect(again).toEqual({ name: "shard:2", epoch: 2 });
    expect(await leases.renew(first as Fence)).toBe(false);
    expect(await leases.renew(again as Fence)).toBe(true);
  });

  it("never lets a write through that was fenced for another number, however the changes fall", async () => {
    let isOver = false;
    let landed = 0;
    const work = async (index: number): Promise<void> => {
      while (!isOver) {
        const [settings] = await database.db.rows<{ shards: number }>(sql`select shards from settings`);
        const shards = settings?.shards ?? 0;
        const fence = await leases.acquire(`shard:${index}`, "local", `local:${index}`, shards);
        for (let write = 0; fence !== null && write < 5; write += 1) {
          const rows = await database.db.rows(sql`with ${fenceCte(fence)}
            insert into written select ${shards}::int, (select shards from settings) where exists (select from fence) returning 1`);
          landed += rows.length;
        }
      }
    };
    const workers = Array.from({ length: 6 }, (_, index) => work(index));
    // On a busy machine few come through between two changes: it goes on until enough have.
    for (let change = 0; change < 80 || landed <= 20; change += 1) {
      await setShards(change % 2 === 0 ? 4 : 5);
      await new Promise((resolve) => setTimeout(resolve, (change * 7) % (change < 80 ? 23 : 101)));
    }
    isOver = true;
    await Promise.all(workers);
    const counts = await database.sql<{ same: boolean; count: string }>(
      "select fenced_for = shards as same, count(*) from written group by 1",
    );
    expect(counts).toEqual([{ same: true, count: expect.any(String) as string }]);
    expect(Number(counts[0]?.count)).toBeGreaterThan(20);
  });
});
