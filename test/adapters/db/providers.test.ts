import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRoundStore } from "../../../src/adapters/db/round/rounds.ts";
import type { Beat, RoundStore } from "../../../src/adapters/ports/detection/round.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";

const ttlSeconds = 45;
let database: TestDatabase;
let rounds: RoundStore;

beforeAll(async () => {
  database = await freshDatabase();
  rounds = createRoundStore(database.db, ttlSeconds * 1_000);
});
afterAll(() => database.close());
beforeEach(() => database.sql("delete from providers"));

/** What is said of a provider needs no lease. */
const noLease = { name: "shard:0", epoch: 0 };

const presence = (beat: Beat | null) => ({ vantage: "cloudflare", place: null, nowMs: Date.now(), beat });

/** The two ways in which a round says that it was. */
const ways = {
  "a holder's round": async (seen: Beat["seen"] = null) => {
    await rounds.saveAndEvaluate(noLease, [], [], presence({ provider: "cloudflare", acted: true, seen }));
  },
  "a witness' round": async (seen: Beat["seen"] = null) => {
    await rounds.saveWitnessed([], presence({ provider: "cloudflare", acted: false, seen }));
  },
};
const each = Object.entries(ways);
const seen = (error: string | null) => ({ provider: "vercel", error });

/** Lets so much time pass on the database's clock. */
const pass = async (seconds: number) => {
  const columns = ["heartbeat_at", "heartbeat_since", "last_round_at", "public_checked_at", "public_ok_since"];
  await database.sql(`update providers set ${columns.map((name) => `${name} = ${name} - make_interval(secs => $1)`).join(", ")}`, [
    seconds,
  ]);
};

type Ages = {
  heartbeat: number | null;
  since: number | null;
  acted: number | null;
  checked: number | null;
  ok: number | null;
  error: string | null;
};

/** How many seconds ago; less than ten are none, which is more than a test takes. */
const ages = async (name: string): Promise<Ages | undefined> => {
  const ago = (column: string) => `floor(extract(epoch from clock_timestamp() - ${column}) / 10)::int * 10`;
  const [row] = await database.sql<Ages>(
    `
    select ${ago("heartbeat_at")} as heartbeat, ${ago("heartbeat_since")} as since, ${ago("last_round_at")} as acted,
      ${ago("public_checked_at")} as checked, ${ago("public_ok_since")} as ok, public_error as error
    from providers where name = $1`,
    [name],
  );
  return row;
};

describe.each(each)("the heartbeat of %s", (_, round) => {
  it("begins with the first one", async () => {
    await round();
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, since: 0, checked: null, ok: null, error: null });
    expect(await ages("vercel")).toBeUndefined();
  });

  it("goes on while no gap is longer than a lease", async () => {
    await round();
    for (let count = 0; count < 3; count += 1) {
      await pass(30);
      await round();
    }
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, since: 90 });
  });

  it("restarts after a longer gap", async () => {
    await round();
    await pass(30);
    await round();
    await pass(ttlSeconds + 1);
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 40, since: 70 });
    await round();
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, since: 0 });
  });

  it("says nothing of its own public face, and leaves what was seen of it", async () => {
    await database.sql("insert into providers (name, public_checked_at, public_ok_since) values ('cloudflare', now(), now())");
    await pass(20);
    await round();
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, since: 0, checked: 20, ok: 20 });
  });

  it("is no heartbeat of a shard that does not speak for its provider", async () => {
    await rounds.saveWitnessed([], presence(null));
    await rounds.saveAndEvaluate(noLease, [], [], presence(null));
    expect(await database.sql("select * from providers")).toEqual([]);
  });
});

it("knows the latest round as the holder, which one as the witness is not", async () => {
  await ways["a witness' round"]();
  expect(await ages("cloudflare")).toMatchObject({ acted: null });
  await ways["a holder's round"]();
  await pass(20);
  await ways["a witness' round"]();
  expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, acted: 20 });
  await ways["a holder's round"]();
  expect(await ages("cloudflare")).toMatchObject({ acted: 0 });
});

describe.each(each)("what %s saw of the other provider", (_, round) => {
  it("is good since the first good look, while no two are further apart than a lease lasts", async () => {
    await round(seen(null));
    await pass(40);
    await round(seen(null));
    await pass(40);
    await round(seen(null));
    expect(await ages("vercel")).toEqual({ heartbeat: null, since: null, acted: null, checked: 0, ok: 80, error: null });
  });

  it("is not good after one bad check, and good again from the next good one", async () => {
    await round(seen(null));
    await pass(20);
    await round(seen("/healthz answered 503"));
    expect(await ages("vercel")).toMatchObject({ checked: 0, ok: null, error: "/healthz answered 503" });
    await pass(20);
    await round(seen("/healthz answered 502"));
    expect(await ages("vercel")).toMatchObject({ ok: null, error: "/healthz answered 502" });
    await pass(20);
    await round(seen(null));
    expect(await ages("vercel")).toMatchObject({ checked: 0, ok: 0, error: null });
  });

  it("is good again where there was no check for longer than a lease", async () => {
    await round(seen(null));
    await pass(ttlSeconds + 1);
    await round(seen(null));
    expect(await ages("vercel")).toMatchObject({ checked: 0, ok: 0 });
  });

  it("stays as it was in a round that has no new finding", async () => {
    await round(seen(null));
    await pass(20);
    await round();
    expect(await ages("vercel")).toMatchObject({ checked: 20, ok: 20 });
  });

  it("is no heartbeat of that one, nor does it disturb it", async () => {
    await database.sql("insert into providers (name, heartbeat_at, heartbeat_since, last_round_at) values ('vercel', now(), now(), now())");
    await pass(20);
    await round(seen("gone"));
    expect(await ages("vercel")).toMatchObject({ heartbeat: 20, since: 20, acted: 20, checked: 0, error: "gone" });
  });
});

it("measures gaps by the lease that it was told of", async () => {
  const hasty = createRoundStore(database.db, 5_000);
  const beat = () => hasty.saveWitnessed([], presence({ provider: "cloudflare", acted: false, seen: seen(null) }));
  await beat();
  await pass(20);
  await beat();
  expect([await ages("cloudflare"), await ages("vercel")]).toMatchObject([{ since: 0 }, { ok: 0 }]);
});

describe("two providers that report at the same moment, of themselves and of each other", () => {
  it("never stand in each other's way", async () => {
    const report = async (provider: string, other: string) => {
      for (let round = 0; round < 100; round += 1) {
        const beat: Beat = { provider, acted: false, seen: { provider: other, error: null } };
        await rounds.saveWitnessed([], { vantage: provider, place: null, nowMs: Date.now(), beat });
      }
    };
    await Promise.all([report("cloudflare", "vercel"), report("vercel", "cloudflare")]);
    expect(await ages("cloudflare")).toMatchObject({ heartbeat: 0, ok: 0, error: null });
    expect(await ages("vercel")).toMatchObject({ heartbeat: 0, ok: 0, error: null });
  });
});

describe("a provider whose clock is ahead", () => {
  const sample = (probedAtMs: number) =>
    ({
      serviceId: 0,
      domainId: 0,
      path: "primary",
      vantage: "vercel",
      roundAtMs: probedAtMs,
      attempt: 0,
      probedAtMs,
      ok: true,
      status: 200,
      latencyMs: 1,
      error: null,
      setup: 0,
    }) as const;

  it("is heard now and not later", async () => {
    await rounds.saveWitnessed([], { vantage: "vercel", place: null, nowMs: Date.now() + 3_600_000, beat: null });
    expect(await database.sql("select from vantages where name = 'vercel' and last_heard_at > clock_timestamp()")).toEqual([]);
  });

  it("leaves no samples that would count in an hour", async () => {
    const ids = await database.sql<{ service: string; id: string }>(
      `with c as (insert into customers (name) values ('ahead') returning id),
       s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 's', 'a', 'b' from c returning id, customer_id)
       insert into service_domains (service_id, customer_id, name, challenge_token) select id, customer_id, 'ahead.example.test', 't' from s
       returning id, service_id as service`,
    );
    const own = { serviceId: Number(ids[0]?.service), domainId: Number(ids[0]?.id) };
    const nowMs = Date.now();
    await rounds.saveWitnessed(
      [
        { ...sample(nowMs), ...own },
        { ...sample(nowMs + 60_000), ...own },
      ],
      { vantage: "vercel", place: null, nowMs, beat: null },
    );
    expect(await database.sql("select count(*)::int as count from probe_samples where domain_id = $1", [own.domainId])).toEqual([
      { count: 1 },
    ]);
  });
});
