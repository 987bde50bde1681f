import { sql as statement } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenceCte } from "../../../src/adapters/db/fence.ts";
import { createLeaseStore } from "../../../src/adapters/db/leases.ts";
import type { Fence, LeaseStore } from "../../../src/adapters/ports/lease.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let leases: LeaseStore;
let names = 0;

beforeAll(async () => {
  database = await freshDatabase();
  leases = createLeaseStore(database.db);
});
afterAll(async () => {
  await database.close();
});

const lease = () => {
  names += 1;
  const name = `shard:${names}`;
  let runs = 0;
  return {
    name,
    acquire: async (provider = "cloudflare", run?: string) => {
      runs += 1;
      return await leases.acquire(name, provider, `${provider}:${run ?? `run-${runs}`}`);
    },
    /** Lets so much time pass for this lease, on the database's clock. */
    age: (interval: string) =>
      database.sql(`update leases set acquired_at = acquired_at - $2::interval, expires_at = expires_at - $2::interval, released_at = released_at - $2::interval where name = $1`, [name, interval]),
    row: async () =>
      (await database.sql<{ holder: string; provider: string; epoch: string; left: number; released: boolean }>(
        `select holder, provider, epoch, extract(epoch from expires_at - clock_timestamp())::float8 as left, released_at is not null as released from leases where name = $1`, [name]))[0],
  };
};
const held = (fence: Fence | null): Fence => {
  if (fence === null) throw new Error("the lease was not given");
  return fence;
};

describe("acquire", () => {
  it("gives a free lease for 45 seconds", async () => {
    const { name, acquire, row } = lease();
    expect(await acquire()).toEqual({ name, epoch: 1 });
    const found = await row();
    expect(found).toMatchObject({ holder: "cloudflare:run-1", provider: "cloudflare", epoch: "1", released: false });
    expect(found?.left).toBeGreaterThan(40);
    expect(found?.left).toBeLessThanOrEqual(45);
  });

  it("gives a held one to nobody else: not to another provider, not to a doubled run of the same", async () => {
    const { acquire, row } = lease();
    await acquire("cloudflare");
    expect(await acquire("vercel")).toBeNull();
    expect(await acquire("cloudflare")).toBeNull();
    expect(await row()).toMatchObject({ holder: "cloudflare:run-1", epoch: "1" });
  });

  it("gives a lapsed one to whoever asks first, under the next epoch", async () => {
    for (const provider of ["cloudflare", "vercel"]) {
      const { name, acquire, age, row } = lease();
      await acquire("cloudflare");
      await age("44 seconds");
      expect(await acquire(provider)).toBeNull();
      await age("1 second");
      expect(await acquire(provider)).toEqual({ name, epoch: 2 });
      expect((await row())?.left).toBeGreaterThan(40);
    }
  });

  it("prefers the provider that released it, for 45 seconds", async () => {
    const { acquire, age } = lease();
    await leases.release(held(await acquire("cloudflare")));
    expect(await acquire("vercel")).toBeNull();
    await age("44 seconds");
    expect(await acquire("vercel")).toBeNull();
    await age("1 second");
    expect(await acquire("vercel")).toMatchObject({ epoch: 2 });
  });

  it("gives a released one to the same provider's next run at once", async () => {
    const { acquire, row } = lease();
    await leases.release(held(await acquire("cloudflare")));
    expect(await acquire("cloudflare")).toMatchObject({ epoch: 2 });
    expect(await row()).toMatchObject({ holder: "cloudflare:run-2", released: false });
  });

  it("forgets the preference once it has been taken again and lapsed", async () => {
    const { acquire, age } = lease();
    await leases.release(held(await acquire("cloudflare")));
    await acquire("cloudflare");
    await age("46 seconds");
    expect(await acquire("vercel")).toMatchObject({ epoch: 3 });
  });

  it("gives it to exactly one of twenty who ask at once, free or lapsed", async () => {
    const { acquire, age, row } = lease();
    for (const epoch of [1, 2, 3]) {
      const fences = await Promise.all(Array.from({ length: 20 }, (_, index) => acquire(index % 2 === 0 ? "cloudflare" : "vercel", `epoch-${epoch}-${index}`)));
      expect(fences.filter((fence) => fence !== null)).toMatchObject([{ epoch }]);
      const holder = fences.findIndex((fence) => fence !== null);
      expect(await row()).toMatchObject({ holder: `${holder % 2 === 0 ? "cloudflare" : "vercel"}:epoch-${epoch}-${holder}`, epoch: String(epoch) });
      await age("46 seconds");
    }
  });

  it("keeps leases of different names apart", async () => {
    const [one, two] = [lease(), lease()];
    await one.acquire("cloudflare");
    expect(await two.acquire("vercel")).toMatchObject({ epoch: 1 });
  });
});

describe("renew", () => {
  it("extends a lease that is held, to 45 seconds from now", async () => {
    const { acquire, age, row } = lease();
    const fence = held(await acquire());
    await age("40 seconds");
    expect(await leases.renew(fence)).toBe(true);
    expect((await row())?.left).toBeGreaterThan(40);
  });

  it("tells that one is lost: lapsed, released, or taken by the next epoch", async () => {
    const { acquire, age, row } = lease();
    const first = held(await acquire());
    await age("45 seconds");
    expect(await leases.renew(first), "lapsed, though nobody has taken it").toBe(false);
    const second = held(await acquire("vercel"));
    expect(await leases.renew(first)).toBe(false);
    await leases.release(second);
    expect(await leases.renew(second)).toBe(false);
    expect(await row()).toMatchObject({ holder: "vercel:run-2", epoch: "2" });
  });
});

describe("release", () => {
  it("leaves a lease alone that somebody else holds", async () => {
    const { acquire, age, row } = lease();
    const first = held(await acquire());
    await age("46 seconds");
    await acquire("vercel");
    await leases.release(first);
    expect(await row()).toMatchObject({ holder: "vercel:run-2", released: false });
    expect((await row())?.left).toBeGreaterThan(40);
  });

  it("gives no preference for a lease that had lapsed before", async () => {
    const { acquire, age } = lease();
    const fence = held(await acquire("cloudflare"));
    await age("46 seconds");
    await leases.release(fence);
    expect(await acquire("vercel")).toMatchObject({ epoch: 2 });
  });

  it("may be said twice", async () => {
    const { acquire, age } = lease();
    const fence = held(await acquire("cloudflare"));
    await leases.release(fence);
    await age("44 seconds");
    await leases.release(fence);
    await age("1 second");
    expect(await acquire("vercel"), "the second release did not prolong the preference").not.toBeNull();
  });
});

describe("the fence", () => {
  const write = async (fence: Fence, text: string): Promise<number> =>
    (await database.db.rows(statement`
      with ${fenceCte(fence)}
      insert into vantages (name, last_heard_at) select ${text}, now() where exists (select from fence) returning name`)).length;

  it("lets the holder write, and nobody under an old epoch, another name, or after the lease has lapsed", async () => {
    const { name, acquire, age } = lease();
    const first = held(await acquire());
    expect(await write(first, `${name} a`)).toBe(1);
    expect(await write({ ...first, name: "shard:none" }, `${name} b`)).toBe(0);
    expect(await write({ ...first, epoch: 2 }, `${name} c`)).toBe(0);
    await age("45 seconds");
    expect(await write(first, `${name} d`)).toBe(0);
    const second = held(await acquire("vercel"));
    expect(await write(first, `${name} e`)).toBe(0);
    expect(await write(second, `${name} f`)).toBe(1);
    await leases.release(second);
    expect(await write(second, `${name} g`)).toBe(0);
    expect((await database.sql("select name from vantages where name like $1 order by name", [`${name} %`])).map((row) => row["name"])).toEqual([`${name} a`, `${name} f`]);
  });

  it("holds a takeover back until the write under way has committed", async () => {
    const { name, acquire } = lease();
    const first = held(await acquire());
    // The write takes its shared lock, then takes its time past the end of the lease.
    const writing = database.db.rows(statement`
      with ${fenceCte(first)}, slow as materialized (select pg_sleep(0.3) from fence)
      insert into vantages (name, last_heard_at) select ${`${name} slow`}, now() from slow`);
    const asleep = () => database.sql("select from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()");
    while ((await asleep()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const ending = database.sql("update leases set expires_at = clock_timestamp() - interval '1 hour' where name = $1", [name]);
    const written = () => database.sql("select from vantages where name = $1", [`${name} slow`]);
    expect(await written()).toHaveLength(0);
    expect(await ending.then(written)).toHaveLength(1);
    await writing;
    expect(await acquire("vercel")).toMatchObject({ epoch: 2 });
  });
});
