import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createReadiness } from "../../../src/adapters/db/coordination/readiness.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { startApi } from "../../support/api.ts";
import type { Answer, Api } from "../../support/api.ts";

let api: Api;
const path = "/v1/status";
const noSkew = { clock_skew_seconds: null, clock_ok: null };
const json = { accept: "application/json" };
const time = expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown;

beforeEach(async () => {
  api = await startApi();
});

const status = async (): Promise<Answer["body"]> => {
  const answer = await api.call("GET", path);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
};

const take = async (provider: string, name = "shard:0"): Promise<Fence> => {
  const fence = await api.deps.leases.acquire(name, provider, `${provider}:run-1`);
  if (fence === null) throw new Error(`${provider} was not given ${name}`);
  return fence;
};

/** Lets so much time pass for the leases, on the database's clock. */
const age = async (seconds: number) =>
  await api.db.rows(sql`
    update leases set acquired_at = acquired_at - make_interval(secs => ${seconds}), expires_at = expires_at - make_interval(secs => ${seconds}),
      released_at = released_at - make_interval(secs => ${seconds})`);

/** A round's sign of life, and what it saw of the other provider: an error, null: good, absent: it did not look. */
const beat = async (provider: string, acted: boolean, error?: string | null, place: string | null = null) => {
  const other = provider === "vercel" ? "cloudflare" : "vercel";
  const seen = error === undefined ? null : { provider: other, error };
  await api.deps.rounds.saveWitnessed([], { vantage: provider, place, nowMs: Date.now(), beat: { provider, acted, seen } });
};

/** Every job of the schedule before any has run. */
const neverRun = () =>
  api.deps.jobs.rhythms.map(({ job, cron, everyMs }) => ({
    name: job,
    cron,
    every_seconds: everyMs / 1_000,
    provider: null,
    last_started_at: null,
    last_succeeded_at: null,
    last_failed_at: null,
    last_result: null,
    overdue: false,
  }));

describe("/v1/status", () => {
  it("is empty before anything has run", async () => {
    expect(await status()).toEqual({
      warnings: [expect.stringContaining("EVIDENCE_SIGNING_KEY")],
      preferred_provider: "cloudflare",
      shards: 1,
      shards_wanted: 1,
      shard_loads: [],
      failing_shards: [],
      leases: [],
      providers: [],
      vantages: [],
      jobs: neverRun(),
      takeovers: [],
      secrets: { current_key: 0, previous_keys: 0, unknown_keys: 0 },
      ownership: { lapsing: 0, held: 0, disputed: 0 },
      panic: null,
    });
  });

  it("says plainly where one vantage alone probes, and no more once an agent is heard", async () => {
    const only = expect.stringMatching(/^one vantage only: nothing confirms what local sees/) as unknown;
    const told = async () => {
      const ready = await api.call("GET", "/readyz", { token: null, headers: json });
      const { warnings, vantages } = await status();
      expect(ready.body["warnings"]).toEqual(warnings);
      return { warnings, vantages };
    };
    await beat("local", true);
    await api.created("/v1/probe-agents", { name: "fra-1", location: "Frankfurt" });
    const local = { name: "local", kind: "provider", place: null, last_heard_at: time };
    const agent = { name: "agent:fra-1", kind: "agent", place: "Frankfurt" };
    const alone = await told();
    expect(alone.vantages).toEqual([{ ...agent, last_heard_at: null }, local]);
    expect(alone.warnings).toContainEqual(only);
    await api.db.rows(sql`insert into vantages (name, last_heard_at, place) values ('agent:fra-1', now(), 'Frankfurt')`);
    const both = await told();
    expect(both.vantages).toEqual([{ ...agent, last_heard_at: time }, local]);
    expect(both.warnings).not.toContainEqual(only);
    await api.db.rows(sql`update vantages set last_heard_at = now() - interval '11 minutes' where name = 'agent:fra-1'`);
    expect((await told()).warnings).toContainEqual(only);
  });

  it("is for admins only", async () => {
    const { editor } = await api.onboard("acme");
    const answers = [
      await api.call("GET", path, { token: editor }),
      await api.call("GET", path, { token: null }),
      await api.call("GET", `${path}?x=1`),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([403, 401, 400]);
  });

  it("is one round trip, of which a HEAD shows nothing", async () => {
    const network = vi.spyOn(globalThis, "fetch");
    await status();
    expect(network.mock.calls.length).toBe(1);
    network.mockRestore();
    expect((await api.call("HEAD", path)).text).toBe("");
  });

  it("shows the first holder: its lease, its signs of life, and no takeover", async () => {
    await take("cloudflare");
    await age(10);
    await beat("cloudflare", true, undefined, "FRA");
    const { leases, providers, takeovers } = await status();
    expect(leases).toEqual([
      {
        name: "shard:0",
        provider: "cloudflare",
        holder: "cloudflare:run-1",
        epoch: 1,
        held: true,
        acquired_at: time,
        expires_at: time,
        released_at: null,
        age_seconds: expect.any(Number) as number,
      },
    ]);
    const [lease] = leases as { acquired_at: string; expires_at: string; age_seconds: number }[];
    expect(Date.parse(lease?.expires_at ?? "") - Date.parse(lease?.acquired_at ?? "")).toBeCloseTo(45_000, -2);
    expect(lease?.age_seconds).toBeGreaterThanOrEqual(10);
    expect(lease?.age_seconds).toBeLessThan(70);
    expect(providers).toEqual([
      {
        name: "cloudflare",
        place: "FRA",
        heartbeat_at: time,
        heartbeat_since: time,
        last_round_at: time,
        ...noSkew,
        public: null,
      },
    ]);
    expect(takeovers).toEqual([]);
  });

  it("shows a takeover, and the hand-back after it, newest first and chained", async () => {
    await take("cloudflare");
    await age(50);
    expect((await status())["leases"]).toMatchObject([{ provider: "cloudflare", held: false }]);
    const fence = await take("vercel");
    expect((await status())["leases"]).toMatchObject([{ provider: "vercel", holder: "vercel:run-1", epoch: 2, held: true }]);
    await api.db.rows(sql`
      insert into providers (name, heartbeat_at, heartbeat_since, public_checked_at, public_ok_since)
      values ('cloudflare', now(), now() - interval '11 minutes', now(), now() - interval '11 minutes')`);
    expect(await api.deps.leases.handBack(fence, "cloudflare", 1)).toBe(true);
    const { leases, takeovers } = await status();
    expect(leases).toMatchObject([{ provider: "cloudflare", epoch: 2, held: false, released_at: time }]);
    const shared = { lease: "shard:0", epoch: 2, at: time, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown };
    expect(takeovers).toEqual([
      {
        ...shared,
        seq: 2,
        kind: "hand_back",
        from: "vercel",
        to: "cloudflare",
        lapsed: false,
        unheld_ms: 0,
        previous_hash: (takeovers as { hash: string }[])[1]?.hash,
      },
      {
        ...shared,
        seq: 1,
        kind: "takeover",
        from: "cloudflare",
        to: "vercel",
        lapsed: true,
        unheld_ms: expect.any(Number) as number,
        previous_hash: null,
      },
    ]);
    const unheldMs = (takeovers as { unheld_ms: number }[])[1]?.unheld_ms ?? 0;
    expect(unheldMs).toBeGreaterThanOrEqual(5_000);
    expect(unheldMs).toBeLessThan(65_000);
  });

  it("shows both providers, and that one's public face fails while it lives", async () => {
    await beat("cloudflare", true, null);
    await beat("vercel", false, "/healthz answered 503", "iad1");
    const { providers } = await status();
    expect(providers).toEqual([
      {
        name: "cloudflare",
        place: null,
        heartbeat_at: time,
        heartbeat_since: time,
        last_round_at: time,
        ...noSkew,
        public: { ok: false, since: null, checked_at: time, error: "/healthz answered 503" },
      },
      {
        name: "vercel",
        place: "iad1",
        heartbeat_at: time,
        heartbeat_since: time,
        last_round_at: null,
        ...noSkew,
        public: { ok: true, since: time, checked_at: time, error: null },
      },
    ]);
  });

  it("shows a provider that has only been looked at", async () => {
    await beat("vercel", false, null);
    expect((await status())["providers"]).toMatchObject([
      { name: "cloudflare", heartbeat_at: null, heartbeat_since: null, last_round_at: null, public: { ok: true, error: null } },
      { name: "vercel", public: null },
    ]);
  });

  it("shows whose clock is off", async () => {
    const say = (provider: string, clockSkewMs: number) =>
      api.deps.rounds.saveWitnessed([], {
        vantage: provider,
        place: null,
        nowMs: Date.now(),
        beat: { provider, acted: false, seen: null, clockSkewMs },
      });
    await say("cloudflare", 45_012);
    await say("vercel", -1_500);
    expect((await status())["providers"]).toMatchObject([
      { name: "cloudflare", clock_skew_seconds: 45.012, clock_ok: false },
      { name: "vercel", clock_skew_seconds: -1.5, clock_ok: true },
    ]);
  });

  it("says of every job when it ran, how that went, and whether it is overdue", async () => {
    const record = (job: string, provider: string, agoS: number, ok = true) => {
      const endedAtMs = Date.now() - agoS * 1_000;
      return api.deps.jobRuns.record({ job, provider, startedAtMs: endedAtMs - 500, endedAtMs, ok, overruns: 0 });
    };
    const jobs = async (...names: string[]) => ((await status())["jobs"] as { name: string }[]).filter(({ name }) => names.includes(name));
    await beat("vercel", false);
    await api.db.rows(sql`update providers set heartbeat_since = now() - interval '3 days'`);
    await record("bill", "cloudflare", 3 * 3_600);
    await record("bill", "vercel", 60, false);
    await record("prune", "cloudflare", 3 * 3_600);
    await record("prune", "vercel", 60);
    await api.db.rows(sql`update settings set shards = 2`);
    await record("tick:0", "cloudflare", 5);
    await record("tick:1", "cloudflare", 400);
    await record("tick:2", "cloudflare", 4_000);
    await record("witness:0", "vercel", 5);
    const common = { last_started_at: time, last_succeeded_at: time };
    expect(await jobs("tick", "bill", "prune", "reconcile")).toMatchObject([
      { name: "tick", cron: "* * * * *", every_seconds: 60, ...common, last_result: "ok", overdue: true },
      { name: "bill", cron: "7 * * * *", provider: "vercel", ...common, last_failed_at: time, last_result: "failed", overdue: true },
      { name: "prune", provider: "vercel", ...common, last_result: "ok", overdue: false },
      { name: "reconcile", every_seconds: 86_400, provider: null, last_result: null, overdue: true },
    ]);
    await record("tick:1", "vercel", 5);
    expect(await jobs("tick")).toMatchObject([{ overdue: false }]);
  });

  it("says how many shards it wants, by what was measured lately of those that there are", async () => {
    await api.db.rows(sql`update settings set shards = 2`);
    const run = { job: "tick:0", provider: "cloudflare", startedAtMs: Date.now() - 60_000, endedAtMs: Date.now(), ok: true, overruns: 0 };
    const measure = (shard: number, utilisation: number, shards = 2) =>
      api.deps.jobRuns.record({ ...run, load: { shard, shards, domains: 600, leftOut: 40, utilisation } });
    await measure(0, 1.25);
    await measure(1, 1.5);
    expect(await status()).toMatchObject({
      shards: 2,
      shards_wanted: 6,
      shard_loads: [
        { shard: 0, domains: 600, left_out: 40, utilisation: 1.25, measured_at: time },
        { shard: 1, utilisation: 1.5 },
      ],
    });
    await measure(0, 0.4);
    await measure(1, 0.6);
    expect(await status()).toMatchObject({ shards_wanted: 2 });
    await api.db.rows(sql`update settings set shards = 6`);
    expect(await status(), "not measured yet").toMatchObject({ shards_wanted: 6, shard_loads: [] });
    await measure(0, 0.4, 6);
    await api.db.rows(sql`update shard_loads set measured_at = measured_at - interval '11 minutes'`);
    expect(await status()).toMatchObject({ shard_loads: [] });
  });

  it("lists the leases of live shards by number, then those of jobs, and no other", async () => {
    await api.db.rows(sql`update settings set shards = 11`);
    for (const name of ["shard:10", "job:bill", "shard:2", "shard:0", "job:prune", "readiness:7", "shard:11"])
      await take("cloudflare", name);
    const names = async () => ((await status())["leases"] as { name: string }[]).map(({ name }) => name);
    expect(await names()).toEqual(["shard:0", "shard:2", "shard:10", "job:bill", "job:prune"]);
    await api.db.rows(sql`update settings set shards = 1`);
    expect([await names(), (await status())["shards"]]).toEqual([["shard:0", "job:bill", "job:prune"], 1]);
  });

  it("shows the latest fifty takeovers", async () => {
    await take("cloudflare");
    const turns = Array.from({ length: 53 }, (_, turn) => turn);
    for (const turn of turns)
      await api.db.rows(sql`update leases set provider = ${turn % 2 === 0 ? "vercel" : "cloudflare"}, epoch = epoch + 1`);
    const { takeovers } = await status();
    expect((takeovers as { seq: number }[]).map(({ seq }) => seq)).toEqual(
      turns
        .slice(3)
        .map((turn) => turn + 1)
        .toReversed(),
    );
  });
});

describe("/readyz", () => {
  it.each([undefined, "*/*", "text/plain", "text/html,application/xhtml+xml,*/*;q=0.8", "image/png", "application/json;q=0.5, text/*"])(
    "says ok in two letters to who accepts %s",
    async (accept) => {
      const {
        status: code,
        text,
        headers,
      } = await api.call("GET", "/readyz", { token: null, ...(accept !== undefined && { headers: { accept } }) });
      expect([code, text, headers.get("content-type"), headers.get("vary")]).toEqual([200, "ok", "text/plain; charset=UTF-8", "Accept"]);
    },
  );

  it("tells who accepts JSON who holds the shards, and nothing that is not for everybody", async () => {
    await take("cloudflare");
    await take("cloudflare", "job:bill");
    await beat("cloudflare", true, null);
    await beat("vercel", false, "a secret of the edge");
    const answer = await api.call("GET", "/readyz", { token: null, headers: json });
    expect([answer.status, answer.headers.get("cache-control"), answer.headers.get("vary")]).toEqual([200, "no-store", "Accept"]);
    expect(answer.body).toEqual({
      status: "ok",
      panic: false,
      failing_shards: [],
      warnings: [expect.stringContaining("EVIDENCE_SIGNING_KEY")],
      leases: [{ name: "shard:0", provider: "cloudflare", epoch: 1, held: true, age_seconds: expect.any(Number) as number }],
      providers: [
        { name: "cloudflare", heartbeat_at: time, last_round_at: time, public_ok: false },
        { name: "vercel", heartbeat_at: time, last_round_at: null, public_ok: true },
      ],
    });
    expect(answer.text).not.toMatch(/secret|run-1/);
  });

  it("is degraded where rounds fail, and still answers as one that works: a balancer must not take the API out for it", async () => {
    await api.deps.leases.acquire("shard:0", "cloudflare", "cloudflare:run");
    await api.deps.jobRuns.record({
      job: "tick:0",
      provider: "cloudflare",
      startedAtMs: 0,
      endedAtMs: 1,
      ok: false,
      overruns: 0,
      failedRounds: { count: 6, anew: false },
    });
    expect(await api.call("GET", "/readyz", { token: null })).toMatchObject({ status: 200, text: "degraded" });
    const failing = [{ shard: 0, provider: "cloudflare", failed_rounds: 6 }];
    expect((await api.call("GET", "/readyz", { token: null, headers: json })).body).toMatchObject({
      status: "degraded",
      failing_shards: failing,
    });
    expect((await api.call("GET", "/v1/status")).body).toMatchObject({ failing_shards: failing });
    await api.deps.jobRuns.record({
      job: "tick:0",
      provider: "cloudflare",
      startedAtMs: 0,
      endedAtMs: 1,
      ok: true,
      overruns: 0,
      failedRounds: { count: 0, anew: true },
    });
    expect((await api.call("GET", "/readyz", { token: null })).text).toBe("ok");
  });

  it("knows that nobody has looked", async () => {
    await beat("cloudflare", true);
    expect((await api.call("GET", "/readyz", { token: null, headers: json })).body["providers"]).toMatchObject([{ public_ok: null }]);
  });

  it("is the same problem for either where the schema is another", async () => {
    await api.db.rows(sql`delete from drizzle.__drizzle_migrations where id = (select max(id) from drizzle.__drizzle_migrations)`);
    const answers = [await api.call("GET", "/readyz", { token: null }), await api.call("GET", "/readyz", { token: null, headers: json })];
    const told = answers.map(({ status: code, body }) => [code, { ...body, instance: "" }]);
    expect(told).toEqual([0, 1].map(() => [503, { ...answers[0]?.body, instance: "" }]));
    expect(answers[0]?.body["detail"]).toBe("the database schema is not at the expected migration");
  });

  it("is not ready where its tables are gone, and waits no longer for them than for anything else", async () => {
    const slept: number[] = [];
    const clock = (sleep: () => Promise<void>) => ({
      ...api.clock,
      sleep: async (ms: number) => {
        slept.push(ms);
        await sleep();
      },
    });
    const report = (read: () => Promise<never>, sleep: () => Promise<void>) =>
      createReadiness(api.db, clock(sleep), 3_600, { read }).report();
    const never = () => new Promise<never>(() => undefined);
    expect(await report(never, () => Promise.resolve())).toBe("the database does not answer in time");
    expect(slept).toEqual([2_000]);
    expect(await report(() => Promise.reject(new Error("relation gone")), never)).toBe("the database does not answer, or has no schema");
  });

  it("says of a database without a schema that it is not migrated", async () => {
    const refused = async (statement: ReturnType<typeof sql>): Promise<unknown> => {
      const read = async (): Promise<never> => {
        await api.db.rows(statement);
        throw new Error("it was answered");
      };
      return await createReadiness(api.db, api.clock, 3_600, { read }).report();
    };
    expect(await refused(sql`select 1 from no_such_table`)).toBe("the database has no schema: it is not migrated");
    expect(await refused(sql`select 1 from no_such_schema.settings`)).toBe("the database has no schema: it is not migrated");
  });

  it("warns that no secrets are kept", async () => {
    const keyless = await startApi({ SECRETS_KEY: "" });
    const { body } = await keyless.call("GET", "/v1/status");
    expect(body["warnings"]).toContainEqual(expect.stringContaining("SECRETS_KEY is not set"));
    const ready = await keyless.call("GET", "/readyz", { token: null, headers: json });
    expect(ready.body["warnings"]).toContainEqual(expect.stringContaining("SECRETS_KEY is not set"));
  });
});
