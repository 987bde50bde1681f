import { createHash } from "node:crypto";
import { sql as statement } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fenceCte } from "../../../src/adapters/db/platform/fence.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import type { Fence, LeaseStore } from "../../../src/adapters/ports/coordination/lease.ts";
import { canonicalJson } from "../../../src/domain/evidence/canonical-json.ts";
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
      database.sql(
        `update leases set acquired_at = acquired_at - $2::interval, expires_at = expires_at - $2::interval, released_at = released_at - $2::interval where name = $1`,
        [name, interval],
      ),
    row: async () =>
      (
        await database.sql<{ holder: string; provider: string; epoch: string; left: number; released: boolean }>(
          `select holder, provider, epoch, extract(epoch from expires_at - clock_timestamp())::float8 as left, released_at is not null as released from leases where name = $1`,
          [name],
        )
      )[0],
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
      const fences = await Promise.all(
        Array.from({ length: 20 }, (_, index) => acquire(index % 2 === 0 ? "cloudflare" : "vercel", `epoch-${epoch}-${index}`)),
      );
      expect(fences.filter((fence) => fence !== null)).toMatchObject([{ epoch }]);
      const holder = fences.findIndex((fence) => fence !== null);
      expect(await row()).toMatchObject({
        holder: `${holder % 2 === 0 ? "cloudflare" : "vercel"}:epoch-${epoch}-${holder}`,
        epoch: String(epoch),
      });
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
    (
      await database.db.rows(statement`
      with ${fenceCte(fence)}
      insert into vantages (name, last_heard_at) select ${text}, now() where exists (select from fence) returning name`)
    ).length;

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
    expect(
      (await database.sql("select name from vantages where name like $1 order by name", [`${name} %`])).map((row) => row["name"]),
    ).toEqual([`${name} a`, `${name} f`]);
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

describe("take", () => {
  it("tells who had the lease before, and by whom and for how long it is refused", async () => {
    const { name, acquire, age } = lease();
    const ask = (provider: string) => leases.take(name, provider, `${provider}:asks`);
    expect(await ask("cloudflare")).toEqual({ held: { name, epoch: 1 }, from: null });
    const refused = await ask("vercel");
    expect(refused).toMatchObject({ held: null, by: "cloudflare" });
    expect(refused.held === null && refused.freeInMs > 40_000 && refused.freeInMs <= 45_000).toBe(true);
    await age("50 seconds");
    expect(await ask("vercel")).toEqual({ held: { name, epoch: 2 }, from: "cloudflare" });
    await leases.release({ name, epoch: 2 });
    const kept = await ask("cloudflare");
    expect(kept).toMatchObject({ held: null, by: "vercel" });
    expect(kept.held === null && kept.freeInMs > 40_000, "the preference after a release").toBe(true);
    expect(await acquire("vercel")).toMatchObject({ epoch: 3 });
  });

  it("refuses a shard's lease that is meant for another number of shards without naming a holder", async () => {
    const { name, acquire } = lease();
    expect(await leases.take(name, "vercel", "vercel:run", 999)).toMatchObject({ held: null, by: null });
    await acquire("cloudflare");
    expect(await leases.take(name, "vercel", "vercel:run", 999), "also where somebody has it").toMatchObject({ held: null, by: null });
    expect(await leases.take(name, "vercel", "vercel:run", 1)).toMatchObject({ held: null, by: "cloudflare" });
  });
});

describe("giveUp", () => {
  it("lets go of a lease without any preference", async () => {
    const { name, acquire } = lease();
    await leases.giveUp(held(await acquire("cloudflare")));
    expect(await acquire("vercel")).toEqual({ name, epoch: 2 });
  });

  it("leaves a lease alone that is lost", async () => {
    const { acquire, age, row } = lease();
    const fence = held(await acquire("cloudflare"));
    await age("50 seconds");
    await acquire("vercel");
    await leases.giveUp(fence);
    expect((await row())?.left).toBeGreaterThan(40);
  });
});

describe("handBack", () => {
  const goodForMs = 600_000;
  type Signs = { heartbeat?: number; since?: number; checked?: number; ok?: number | null };
  /** Signs of life of the preferred provider, in seconds ago. */
  const sign = async ({ heartbeat = 1, since = 700, checked = 2, ok = 650 }: Signs = {}) => {
    await database.sql("delete from providers");
    await database.sql(
      `insert into providers (name, heartbeat_at, heartbeat_since, public_checked_at, public_ok_since)
       select 'cloudflare', now() - make_interval(secs => $1), now() - make_interval(secs => $2), now() - make_interval(secs => $3), now() - make_interval(secs => $4)`,
      [heartbeat, since, checked, ok],
    );
  };
  const attempt = async (provider = "vercel") => {
    const { name, acquire, row } = lease();
    const fence = held(await acquire(provider));
    return { name, fence, acquire, row, handed: await leases.handBack(fence, "cloudflare", goodForMs) };
  };

  it("gives the lease to the preferred provider when that one has been well for so long, and to nobody else", async () => {
    await sign();
    const { name, fence, acquire, handed } = await attempt();
    expect(handed).toBe(true);
    expect(await leases.renew(fence), "the fence is worth nothing any more").toBe(false);
    expect(await leases.take(name, "vercel", "vercel:run-1"), "not even to the run that gave it").toMatchObject({
      held: null,
      by: "cloudflare",
    });
    expect(await acquire("cloudflare")).toMatchObject({ epoch: 2 });
  });

  it("is undone by time where the preferred provider does not come", async () => {
    await sign();
    const { acquire, name, handed } = await attempt();
    await database.sql(
      "update leases set expires_at = expires_at - interval '46 seconds', released_at = released_at - interval '46 seconds' where name = $1",
      [name],
    );
    expect([handed, await acquire("vercel")]).toEqual([true, { name, epoch: 2 }]);
  });

  it.each<[string, Signs]>([
    ["its heartbeat is old", { heartbeat: 50 }],
    ["its heartbeat had a gap within the ten minutes", { since: 590 }],
    ["its public face has not been looked at", { checked: 50 }],
    ["its public face was bad within the ten minutes", { ok: 590 }],
    ["its public face is bad", { ok: null }],
  ])("keeps it where %s", async (_, signs) => {
    await sign(signs);
    const { handed, row } = await attempt();
    expect([handed, (await row())?.provider]).toEqual([false, "vercel"]);
  });

  it("keeps it where nothing is known of the other, where it holds it itself, and where the lease is lost", async () => {
    await database.sql("delete from providers");
    expect((await attempt()).handed).toBe(false);
    await sign();
    expect((await attempt("cloudflare")).handed).toBe(false);
    const { fence, acquire, handed } = await attempt();
    await acquire("cloudflare");
    expect([handed, await leases.handBack(fence, "cloudflare", goodForMs)]).toEqual([true, false]);
  });

  it("is not tried again and again where the preferred provider does not come for it, or gives it up at once", async () => {
    await sign();
    const { name, acquire, handed } = await attempt();
    expect(handed).toBe(true);
    await database.sql("update leases set released_at = released_at - interval '46 seconds' where name = $1", [name]);
    const again = held(await acquire("vercel"));
    expect(await leases.handBack(again, "cloudflare", goodForMs), "it has just passed from one to the other").toBe(false);
    expect(await leases.handBack(again, "cloudflare", 1), "long ago, as far as that goes").toBe(true);
  });

  it("keeps it while a storm is active", async () => {
    await sign();
    await database.sql(`with c as (insert into customers (name) values ('c') returning id),
      s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 's', 'a', 'b' from c returning id),
      p as (insert into storm_policies (service_id, kind) select id, 'http_availability' from s returning id, service_id)
      insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
      select service_id, id, 1, 'http_availability', 'storm', now(), now(), 1.5 from p`);
    expect((await attempt()).handed).toBe(false);
    await database.sql("update storm_events set state = 'ended', ended_at = now(), ended_reason = 'recovered'");
    expect((await attempt()).handed).toBe(true);
  });
});

describe("the record of takeovers", () => {
  type Row = {
    seq: string;
    kind: string;
    lease: string;
    from_provider: string;
    to_provider: string;
    epoch: string;
    lapsed: boolean;
    unheld_ms: string;
    at: Date;
    previous_hash: string | null;
    hash: string;
  };
  const records = () => database.sql<Row>("select * from takeovers order by seq");
  const of = async (name: string) =>
    (await records())
      .filter(({ lease: own }) => own === name)
      .map(
        ({ kind, from_provider: from, to_provider: to, epoch, lapsed }) => `${kind} ${from}>${to} ${epoch} ${lapsed ? "lapsed" : "given"}`,
      );

  it("has each passing of a shard to the other provider, and nothing else", async () => {
    const { name, acquire, age } = lease();
    await acquire("cloudflare");
    await age("50 seconds");
    await acquire("cloudflare");
    await age("50 seconds");
    await acquire("vercel");
    await leases.release({ name, epoch: 3 });
    await age("50 seconds");
    await acquire("cloudflare");
    expect(await of(name)).toEqual(["takeover cloudflare>vercel 3 lapsed", "takeover vercel>cloudflare 4 given"]);
    const unheld = (await records())
      .filter(({ lease: own }) => own === name)
      .map(({ unheld_ms: ms }) => Math.round(Number(ms) / 5_000) * 5);
    expect(unheld).toEqual([5, 50]);
    await leases.acquire("job:own", "cloudflare", "cloudflare:a");
    await database.sql("update leases set expires_at = now() - interval '1 hour' where name = 'job:own'");
    await leases.acquire("job:own", "vercel", "vercel:a");
    expect(await of("job:own"), "a job is done by whoever comes first").toEqual([]);
  });

  it("is a chain whose hashes anybody can compute, written side by side", async () => {
    const many = Array.from({ length: 12 }, lease);
    await Promise.all(
      many.map(async ({ acquire, age }) => {
        await acquire("vercel");
        await age("1 hour");
        await acquire("cloudflare");
      }),
    );
    const rows = await records();
    expect(rows.length).toBeGreaterThanOrEqual(12);
    let previous: string | null = null;
    for (const [index, row] of rows.entries()) {
      const record = {
        at: row.at.toISOString(),
        epoch: Number(row.epoch),
        from: row.from_provider,
        kind: row.kind,
        lapsed: row.lapsed,
        lease: row.lease,
        previous_hash: row.previous_hash,
        seq: Number(row.seq),
        to: row.to_provider,
        unheld_ms: Number(row.unheld_ms),
        v: 1,
      };
      expect([record.seq, record.previous_hash]).toEqual([index + 1, previous]);
      expect(createHash("sha256").update(canonicalJson(record)).digest("hex")).toBe(row.hash);
      previous = row.hash;
    }
  });

  it("can not be changed, nor removed within a year", async () => {
    await expect(database.sql("update takeovers set lapsed = not lapsed")).rejects.toThrow("immutable");
    await expect(database.sql("delete from takeovers")).rejects.toThrow("kept for 365 days");
    await expect(database.sql("truncate takeovers")).rejects.toThrow("immutable");
  });
});
