import { sql } from "drizzle-orm";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import { createFleetStore } from "../../src/adapters/db/steering/fleet.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { countTrips } from "../support/counting-database.ts";
import { seedConsole } from "../support/console-world.ts";
import type { ConsoleWorld } from "../support/console-world.ts";
import { seedAnomaly, seedSeries, seedZombie } from "../support/cost-seed.ts";

let api: Api;
let world: ConsoleWorld;
let app: Pick<Api["app"], "request">;
const origin = "https://tranche.test";

beforeAll(async () => {
  api = await startApi();
  world = await seedConsole(api);
});
/** An isolate of its own: it remembers nothing. */
beforeEach(() => {
  app = createApp(api.deps);
});

type Sent = { readonly cookie?: string; readonly form?: Record<string, string> };

const ask = async (path: string, { cookie, form }: Sent = {}, at: Pick<Api["app"], "request"> = app) => {
  const headers = new Headers(form === undefined ? {} : { origin, "content-type": "application/x-www-form-urlencoded" });
  if (cookie !== undefined) headers.set("cookie", cookie);
  const response = await at.request(`${origin}${path}`, {
    method: form === undefined ? "GET" : "POST",
    headers,
    ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    said: text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " "),
    to: response.headers.get("location"),
    cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "",
  };
};

const signIn = async (token: string, at = app): Promise<string> => (await ask("/console/sign-in", { form: { token } }, at)).cookie;
const asAdmin = async (): Promise<string> => {
  const cookie = await signIn(api.env.ADMIN_TOKEN);
  return (await ask("/console/customers", { cookie, form: { customer: String(world.acme.id) } })).cookie;
};
const form = (what: string, over: Record<string, string> = {}) => ({ what, act: "give", reason: "change window", for: "3600", ...over });
const overrideOf = async (serviceId: number) =>
  (await api.call("GET", `/v1/services/${serviceId}/routing`, { token: world.acme.viewer })).body["override"];

describe("freezing all services", () => {
  it("takes two presses, is said on every page, and leaves each service its own order", async () => {
    const cookie = await signIn(world.acme.editor);
    const before = await overrideOf(world.ids.frozen);
    expect((await ask("/console/all?what=services", { cookie })).said).toContain("Freeze all services");
    expect((await ask("/console/all", { cookie, form: form("services") })).to).toBe("/console/status?done=give-services");
    for (const path of ["/console", "/console/storms", "/console/status"]) {
      expect([path, (await ask(path, { cookie })).said]).toEqual([path, expect.stringContaining("All services are frozen")]);
    }
    expect(await overrideOf(world.ids.calm)).toMatchObject({ mode: "frozen", reason: "change window", of_all: true });
    expect(await overrideOf(world.ids.frozen)).toMatchObject({ of_all: true });
    expect((await api.call("GET", "/v1/freeze/services", { token: world.acme.viewer })).body).toMatchObject({
      freeze: { reason: "change window" },
    });
    expect((await ask("/console/all?what=services", { cookie })).said).toContain("Release all");
    await ask("/console/all", { cookie, form: { what: "services", act: "lift" } });
    expect([await overrideOf(world.ids.calm), await overrideOf(world.ids.frozen)]).toEqual([null, before]);
  });

  it("says at the field what is wrong, and keeps what was typed", async () => {
    const cookie = await signIn(world.acme.editor);
    for (const [over, words] of [
      [{ reason: "" }, 'aria-describedby="reason-wrong"'],
      [{ for: "never" }, "must be one of the list"],
    ] as const) {
      const answer = await ask("/console/all", { cookie, form: form("services", over) });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(words)]);
    }
    expect((await ask("/console/all", { cookie, form: form("services", { for: "never", reason: "kept <words>" }) })).text).toContain(
      "kept &lt;words&gt;",
    );
  });

  it("is for editors; everything and the panic for admins with the scope", async () => {
    const [viewer, editor] = [await signIn(world.acme.viewer), await signIn(world.acme.editor)];
    expect((await ask("/console/all", { cookie: viewer, form: form("services") })).status).toBe(403);
    for (const what of ["everything", "panic"]) {
      expect((await ask("/console/all", { cookie: editor, form: form(what) })).status).toBe(403);
      expect((await ask(`/console/all?what=${what}`, { cookie: editor })).status).toBe(403);
    }
    const writer = await api.created("/v1/admin-tokens", { name: "writer", scopes: ["read", "write"] });
    expect((await ask("/console/all", { cookie: await signIn(String(writer["token"])), form: form("panic") })).status).toBe(403);
    expect((await ask("/console/status", { cookie: viewer })).text).not.toContain("/console/all?");
    expect((await ask("/console/all?what=nothing", { cookie: editor })).status).toBe(404);
  });
});

describe("a panic", () => {
  it("is said on every page, in the status, in /readyz that stays ready, and as a gauge; an audit row each", async () => {
    const cookie = await asAdmin();
    expect((await ask("/console/all", { cookie, form: form("panic", { reason: "a key is out" }) })).to).toBe(
      "/console/status?done=give-panic",
    );
    for (const path of ["/console", "/console/invoices", "/console/customers"]) {
      expect([path, (await ask(path, { cookie })).said]).toEqual([path, expect.stringMatching(/Panic .*by admin : a key is out/)]);
    }
    const customers = (await ask("/console", { cookie: await signIn(world.acme.viewer) })).said;
    expect([customers.includes("by the operator"), customers.includes("a key is out")]).toEqual([true, false]);
    expect((await api.call("GET", "/v1/panic")).body).toMatchObject({ panic: { reason: "a key is out", actor: "admin" } });
    expect((await api.call("GET", "/v1/status")).body).toMatchObject({ panic: { reason: "a key is out" } });
    const ready = await api.app.request("/readyz", { headers: { accept: "application/json" } });
    expect([ready.status, await ready.json()]).toMatchObject([200, { panic: true }]);
    expect((await api.app.request("/readyz")).status).toBe(200);
    expect(await api.deps.metrics.read()).toMatchObject({ panic: true });
    await ask("/console/all", { cookie, form: { what: "panic", act: "lift" } });
    expect((await api.call("GET", "/v1/panic")).body).toEqual({ panic: null });
    expect(
      await api.db.rows(sql`select action, actor, customer_id as customer from audit_log where object_type = 'panic' order by id`),
    ).toEqual([
      { action: "set", actor: "admin", customer: null },
      { action: "lift", actor: "admin", customer: null },
    ]);
  });
});

describe("the status", () => {
  it("says who runs the rounds, and to admins what only they may know", async () => {
    api.time.nowMs = Date.now();
    await api.db.rows(sql`
      insert into providers (name, heartbeat_at, last_round_at) values ('cloudflare', now(), now() - interval '4 seconds'), ('vercel', now() - interval '1 hour', null)
      on conflict (name) do update set heartbeat_at = excluded.heartbeat_at, last_round_at = excluded.last_round_at`);
    await api.db.rows(sql`
      insert into leases (name, provider, holder, epoch, acquired_at, expires_at) values ('shard:0', 'cloudflare', 'cloudflare:1', 1, now(), now() + interval '30 seconds')
      on conflict (name) do update set provider = excluded.provider, expires_at = excluded.expires_at, released_at = null`);
    await api.db.rows(sql`
      insert into job_runs (job, provider, last_started_at, last_succeeded_at, last_duration_ms) values ('bill', 'vercel', now() - interval '9 hours', now() - interval '9 hours', 30)
      on conflict (job, provider) do update set last_succeeded_at = excluded.last_succeeded_at`);
    const own = (await ask("/console/status", { cookie: await signIn(world.acme.viewer) })).said;
    expect(own).toMatch(/On time cloudflare runs the rounds, the latest (?:\d+ s ago|now) /);
    expect([own.includes("Silent"), own.includes("Jobs"), own.includes("Takeovers")]).toEqual([true, false, false]);
    const all = (await ask("/console/status", { cookie: await signIn(api.env.ADMIN_TOKEN) })).said;
    expect(all).toMatch(/bill Overdue/);
    expect([own.includes("Outside services"), all.includes("Every outside service is asked as ever")]).toEqual([false, true]);
    await api.db.rows(sql`
      insert into breakers (name, kind, failures, in_a_row, pauses, opened_at, probe_at, last_error, updated_at)
      values ('cdn:fastly', 'cdn', '{}', 5, 1, now(), now() + interval '5 minutes', 'answered 503', now())`);
    const paused = (await ask("/console/status", { cookie: await signIn(api.env.ADMIN_TOKEN) })).said;
    expect(paused).toMatch(/1 paused usage of a CDN fastly \( answered 503 \), tried again in \d+ min/);
    await api.db.rows(sql`update leases set expires_at = now() - interval '1 second' where name = 'shard:0'`);
    expect((await ask("/console/status", { cookie: await signIn(world.acme.viewer) })).said).toContain("Nobody runs all rounds");
    await api.created("/v1/probe-agents", { name: "fra-1", location: "in the cellar" });
    await api.db.rows(sql`delete from vantages`);
    await api.db.rows(sql`insert into vantages (name, last_heard_at) values ('local', now())`);
    const vantages = async (who: string) => (await ask("/console/status", { cookie: await signIn(who) })).said;
    const alone = await vantages(world.acme.viewer);
    expect(alone).toMatch(/One vantage only.*tranche agent --probe.*agent:fra-1 Never heard.*local Probes/s);
    expect([alone.includes("in the cellar"), (await vantages(api.env.ADMIN_TOKEN)).includes("in the cellar")]).toEqual([false, true]);
    await api.db.rows(sql`insert into vantages (name, last_heard_at) values ('agent:fra-1', now() - interval '2 minutes')`);
    expect(await vantages(world.acme.viewer)).toMatch(/^(?!.*One vantage only).*agent:fra-1 Silent/s);
  });
});

describe("signing out everywhere", () => {
  it("ends the sessions of every browser of that token, here at once and in another isolate within 30 s, and no other token's", async () => {
    const other = createApp(api.deps);
    const [one, two, elsewhere, viewer] = [
      await signIn(world.acme.editor),
      await signIn(world.acme.editor),
      await signIn(world.acme.editor, other),
      await signIn(world.acme.viewer),
    ];
    expect((await ask("/console", { cookie: elsewhere }, other)).status).toBe(200);
    expect((await ask("/console/sign-out", { cookie: one, form: { where: "everywhere" } })).to).toBe("/console/sign-in");
    expect([(await ask("/console", { cookie: two })).status, (await ask("/console", { cookie: viewer })).status]).toEqual([303, 200]);
    expect((await ask("/console", { cookie: elsewhere }, other)).status).toBe(200);
    api.time.nowMs += 30_001;
    expect((await ask("/console", { cookie: elsewhere }, other)).status).toBe(303);
    expect((await ask("/console", { cookie: await signIn(world.acme.editor) })).status).toBe(200);
  });

  it("is a call of the API as well, of admins and of ADMIN_TOKEN too; what is issued elsewhere has none", async () => {
    const named = await api.created("/v1/admin-tokens", { name: "alice", scopes: ["read"] });
    for (const token of [String(named["token"]), api.env.ADMIN_TOKEN]) {
      const cookie = await signIn(token);
      expect((await ask("/console/customers", { cookie })).status).toBe(200);
      const ended = await app.request("/v1/sessions", { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
      expect([ended.status, (await ask("/console/customers", { cookie })).status]).toEqual([204, 303]);
    }
    expect(await api.db.rows(sql`select distinct object_type from audit_log where action = 'end_sessions' order by 1`)).toEqual([
      { object_type: "admin_token" },
      { object_type: "token" },
    ]);
  });
});

describe("a database that is away", () => {
  /** Nothing reaches the database any more while it works. */
  const without = async <Done>(work: () => Promise<Done>): Promise<Done> => {
    const real = globalThis.fetch;
    globalThis.fetch = () => Promise.reject(new TypeError("fetch failed"));
    return await work().finally(() => {
      globalThis.fetch = real;
    });
  };

  it("leaves views as they were last, marked so, without what could be ordered", async () => {
    const cookie = await signIn(world.acme.editor);
    const seriesId = await seedSeries(api.db, world.acme.id, { serviceId: world.ids.checkout, cdn: "cloudflare" });
    await seedZombie(api.db, world.acme.id);
    const anomalyId = await seedAnomaly(api.db, world.acme.id, seriesId);
    const paths = [
      "/console",
      `/console/services/${world.ids.checkout}`,
      "/console/storms",
      "/console/cost",
      `/console/cost/series/${seriesId}`,
      `/console/cost/anomalies/${anomalyId}`,
    ];
    for (const path of paths) expect((await ask(path, { cookie })).status).toBe(200);
    // Whoever is signed in can not be looked up any more either.
    api.time.nowMs += 120_000;
    await without(async () => {
      for (const path of paths) {
        const { status, said, text, headers } = await ask(path, { cookie });
        expect([path, status, headers.get("retry-after")]).toEqual([path, 503, "5"]);
        expect(said).toMatch(/The database is away , noticed here at .* as of .*, 2 min ago.*a freeze could not be stored/);
        expect([said.includes("checkout"), text.includes("/console/order"), text.includes("<!--order")]).toEqual([true, false, false]);
        expect(/<main[^]*<form|class="button"/.exec(text.replace(/<footer[^]*/, ""))).toBeNull();
      }
      const order = await ask("/console/order", {
        cookie,
        form: { mode: "frozen", service: String(world.ids.calm), reason: "x", for: "3600" },
      });
      expect([order.status, order.said]).toEqual([503, expect.stringContaining("Nothing that you sent was stored")]);
      expect((await ask("/console/objectives", { cookie })).status).toBe(503);
    });
    api.time.nowMs += 5_000;
    expect((await ask("/console", { cookie })).status).toBe(200);
  });

  it("shows nobody what another customer, or another role, has seen", async () => {
    const globex = await api.onboard("globex");
    const [mine, theirs, viewer] = [await signIn(world.acme.editor), await signIn(globex.editor), await signIn(world.acme.viewer)];
    await ask("/console", { cookie: mine });
    await without(async () => {
      for (const cookie of [theirs, viewer]) {
        const { status, said } = await ask("/console", { cookie });
        expect([status, said.includes("checkout"), said.includes("last known")]).toEqual([503, false, false]);
      }
    });
  });

  it("counts nobody as signed in who was not looked up within a quarter of an hour, and keeps no view for over an hour", async () => {
    const cookie = await signIn(world.acme.editor);
    await ask("/console", { cookie });
    api.time.nowMs += 15 * 60_000;
    const late = await without(async () => await ask("/console", { cookie }));
    expect([late.status, late.said.includes("checkout")]).toEqual([503, false]);
    expect((await without(async () => await ask("/console"))).status, "nobody").toBe(303);
  });
});

describe("the fleet", () => {
  it("is one statement with its budgets, which are those that are measured for each objective", async () => {
    const { db, count } = countTrips(api.db);
    const look = await createFleetStore(db).look(world.acme.id, null, api.time.nowMs, 100);
    expect(count.trips).toBe(1);
    const list = await api.deps.fleet.list(world.acme.id, null, api.time.nowMs);
    expect(look.services.map(({ serviceId, trouble }) => [serviceId, trouble])).toEqual(
      list.map(({ serviceId, trouble }) => [serviceId, trouble]),
    );
    const all = await api.deps.objectiveMeasures.measure({ customerId: world.acme.id, page: { limit: 100, afterId: null } }, null);
    expect(look.measured.map(({ objective }) => objective)).toEqual(all.measured.map(({ objective }) => objective));
    expect(look.measured.length).toBeGreaterThan(0);
    const first = list[0]?.serviceId;
    const some = await api.deps.fleet.look(world.acme.id, null, api.time.nowMs, 1);
    expect(some.measured.every(({ objective }) => objective.serviceId === first)).toBe(true);
  });
});
