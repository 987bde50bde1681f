import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pointers, startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";
import { insertStates } from "../../support/states.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
let named = 0;

const minuteUs = 60_000_000;
const hourUs = 60 * minuteUs;
const dayUs = 24 * hourUs;
const nowUs = () => Date.now() * 1_000;
/** Of one moment, so that two of them are as far apart as they say. */
const startedUs = nowUs();
const ago = (us: number) => new Date(Math.floor((startedUs - us) / 1_000)).toISOString();

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

const serviceOf = async (token = acme.editor) => await api.service(token, `web ${(named += 1)}`);
const pathOf = (service: Json) => `/v1/services/${service.id}/objectives`;
const create = (service: Json, body: unknown, token = acme.editor) => api.call("POST", pathOf(service), { token, body });
const made = async (service: Json, body: object = {}): Promise<Json> =>
  await api.created(pathOf(service), { name: `o ${(named += 1)}`, target: 99.9, ...body }, { token: acme.editor });
const statusOf = async (service: Json, objective: Json) =>
  (await api.call("GET", `${pathOf(service)}/${objective.id}`, { token: acme.viewer })).body["status"] as Json;
const details = (answer: { body: Json }) =>
  (answer.body["errors"] as { pointer: string; detail: string }[]).map(({ pointer, detail }) => `${pointer} ${detail}`);

describe("an objective", () => {
  it("is made with its defaults, read, listed, changed and deleted", async () => {
    const service = await serviceOf();
    const answer = await create(service, { name: "checkout", target: 99.9 });
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `${pathOf(service)}/${answer.body.id}`]);
    const shown = {
      id: answer.body.id,
      service_id: service.id,
      service_name: service["name"],
      name: "checkout",
      version: 1,
      target: 99.9,
      window_days: 30,
      calendar: null,
      dependency_exclusion: "strict",
      excluded_upstreams: [],
      burn_warning_percent: 50,
      burn_critical_percent: 80,
      fast_burn_multiplier: 5,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    };
    expect(answer.body).toEqual(shown);
    const path = `${pathOf(service)}/${answer.body.id}`;
    expect((await api.call("GET", pathOf(service), { token: acme.viewer })).list).toEqual([answer.body]);
    expect((await api.call("GET", path, { token: acme.viewer })).body).toEqual({ ...answer.body, status: expect.any(Object) });
    const changed = await api.call("PATCH", path, {
      token: acme.editor,
      body: { calendar: "month", target: 99.99999, excluded_upstreams: ["fastly"] },
    });
    expect(changed.body).toEqual({
      ...shown,
      version: 2,
      calendar: "month",
      window_days: null,
      target: 99.99999,
      excluded_upstreams: ["fastly"],
    });
    const audit = await api.call("GET", "/v1/audit-log?object_type=objective", { token: acme.viewer });
    expect(audit.list.map((entry) => entry["action"]).slice(0, 2)).toEqual(["update", "create"]);
    expect((await api.call("DELETE", path, { token: acme.editor })).status).toBe(204);
    expect((await api.call("GET", path, { token: acme.viewer })).status).toBe(404);
    expect((await api.call("GET", pathOf(service), { token: acme.viewer })).list).toEqual([]);
  });

  it("is made once per Idempotency-Key", async () => {
    const service = await serviceOf();
    const options = { token: acme.editor, body: { name: "once", target: 95 }, headers: { "idempotency-key": "objective-once" } };
    const first = await api.call("POST", pathOf(service), options);
    const second = await api.call("POST", pathOf(service), options);
    expect([second.status, second.headers.get("idempotency-replayed"), second.body]).toEqual([201, "true", first.body]);
    expect((await api.call("GET", pathOf(service), { token: acme.viewer })).list).toHaveLength(1);
  });

  it.each([
    [{ target: 100 }, "/target"],
    [{ target: 0 }, "/target"],
    [{ target: 0.99999 }, "/target"],
    [{ target: -99.9 }, "/target"],
    [{ target: 99.9999999 }, "/target"],
    [{ target: 99.999999 }, "/target"],
    [{ target: "99.9" }, "/target"],
    [{ target: undefined }, "/target"],
    [{ window_days: 0 }, "/window_days"],
    [{ window_days: 401 }, "/window_days"],
    [{ window_days: 1.5 }, "/window_days"],
    [{ window_days: 7, calendar: "week" }, "/calendar"],
    [{ calendar: "year" }, "/calendar"],
    [{ dependency_exclusion: "lenient" }, "/dependency_exclusion"],
    [{ excluded_upstreams: ["Fastly"] }, "/excluded_upstreams/0"],
    [{ excluded_upstreams: ["fastly", "fastly"] }, "/excluded_upstreams"],
    [{ excluded_upstreams: Array.from({ length: 11 }, (_, at) => `cdn-${at}`) }, "/excluded_upstreams"],
    [{ burn_warning_percent: 81 }, "/burn_warning_percent"],
    [{ burn_warning_percent: 0 }, "/burn_warning_percent"],
    [{ burn_critical_percent: 101 }, "/burn_critical_percent"],
    [{ fast_burn_multiplier: 0 }, "/fast_burn_multiplier"],
    [{ fast_burn_multiplier: 1.001 }, "/fast_burn_multiplier"],
    [{ fast_burn_multiplier: 1_000.01 }, "/fast_burn_multiplier"],
    [{ name: " " }, "/name"],
  ])("is refused %j, and nothing is stored", async (over, pointer) => {
    const service = await serviceOf();
    const answer = await create(service, { name: "bad", target: 99.9, ...over });
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    expect((await api.call("GET", pathOf(service), { token: acme.viewer })).list).toEqual([]);
  });

  it.each([
    [{ target: 1 }, { target: 1 }],
    [{ target: 99.99999 }, { target: 99.99999 }],
    [{ window_days: 1 }, { window_days: 1, calendar: null }],
    [{ window_days: 400 }, { window_days: 400 }],
    [
      { window_days: null, calendar: "week" },
      { window_days: null, calendar: "week" },
    ],
    [{ burn_warning_percent: 80 }, { burn_warning_percent: 80 }],
    [{ fast_burn_multiplier: 0.01 }, { fast_burn_multiplier: 0.01 }],
    [{ excluded_upstreams: Array.from({ length: 10 }, (_, at) => `cdn-${at}`) }, {}],
  ])("is taken with %j", async (over, shown) => {
    const service = await serviceOf();
    expect(await made(service, over)).toMatchObject(shown);
  });

  it.each([
    [{}, ""],
    [{ window_days: null }, "/window_days"],
    [{ calendar: null }, "/window_days"],
    [{ window_days: 7, calendar: "week" }, "/calendar"],
    [{ burn_critical_percent: 49 }, "/burn_warning_percent"],
    [{ target: 100 }, "/target"],
    [{ name: "taken" }, "/name", 409],
  ])("is not changed by %j", async (body, pointer, status = 400) => {
    const service = await serviceOf();
    const [objective] = [await made(service), await made(service, { name: "taken" })];
    const answer = await api.call("PATCH", `${pathOf(service)}/${objective.id}`, { token: acme.editor, body });
    expect([answer.status, pointers(answer)]).toEqual([status, [pointer]]);
    expect((await api.call("GET", pathOf(service), { token: acme.viewer })).list[0]).toEqual(objective);
  });

  it("is counted by the quota of objectives", async () => {
    await api.call("PUT", `/v1/customers/${globex.id}/quotas`, { body: { objectives: 1 } });
    const service = await serviceOf(globex.editor);
    expect((await create(service, { name: "a", target: 99 }, globex.editor)).status).toBe(201);
    const answer = await create(service, { name: "b", target: 99 }, globex.editor);
    expect([answer.status, answer.body["quota"]]).toEqual([409, { kind: "objectives", limit: 1 }]);
  });
});

describe("the status of an objective", () => {
  it("of a service that was never measured is that nothing is known", async () => {
    const service = await serviceOf();
    expect(await statusOf(service, await made(service))).toMatchObject({
      state: "insufficient_data",
      elapsed_minutes: 0,
      coverage: null,
      availability: null,
      total_minutes: 43_200,
      allowed_minutes: 43.2,
      consumed_minutes: 0,
      remaining_percent: 100,
      is_open: false,
      is_breaching: false,
      exhausted_in_minutes: null,
      reconstructed: false,
    });
  });

  it("has minutes beside every percentage, who is to blame, and what consumes", async () => {
    const service = await serviceOf();
    const from = nowUs() - 40 * dayUs;
    const at = (us: number) => nowUs() - us;
    const [one, two, three, four] = [at(2 * dayUs), at(2 * dayUs) + 10 * minuteUs, at(dayUs), at(dayUs) + 20 * minuteUs];
    await insertStates(api.db, service.id, [
      { fromUs: from, toUs: one, state: "up" },
      { fromUs: one, toUs: two, state: "self" },
      { fromUs: two, toUs: three, state: "up" },
      { fromUs: three, toUs: four, state: { upstream: "fastly" } },
      { fromUs: four, toUs: null, state: "up" },
    ]);
    const lenient = await statusOf(service, await made(service, { dependency_exclusion: "self-only" }));
    expect(lenient).toMatchObject({
      state: "healthy",
      consumed_minutes: 10,
      remaining_minutes: 33.2,
      remaining_percent: 76.85185,
      good_minutes: 43_190,
      availability: 99.97685,
      up_minutes: 43_170,
      strict_availability: 99.93055,
      window_elapsed_percent: 100,
      coverage: 1,
      downtime: { minutes: 30, self_minutes: 10, upstreams: [{ cdn: "fastly", minutes: 20, consumes: false }] },
    });
    expect(await statusOf(service, await made(service))).toMatchObject({ state: "healthy", consumed_minutes: 30, availability: 99.93055 });
    const excluded = await made(service, { dependency_exclusion: "self-only", excluded_upstreams: ["fastly"] });
    expect(await statusOf(service, excluded)).toMatchObject({ consumed_minutes: 30, downtime: { upstreams: [{ consumes: true }] } });
    expect(await statusOf(service, await made(service, { target: 99.99 }))).toMatchObject({
      state: "breaching",
      is_breaching: true,
      remaining_minutes: -25.68,
    });
  });

  it("is open at once where the service is down when the objective is made, and ends with the service", async () => {
    const service = await serviceOf();
    const since = nowUs() - 3 * hourUs;
    await insertStates(api.db, service.id, [
      { fromUs: nowUs() - 31 * dayUs, toUs: since, state: "up" },
      { fromUs: since, toUs: null, state: { upstream: "cloudflare" } },
    ]);
    const objective = await made(service, { target: 99 });
    const status = await statusOf(service, objective);
    expect(status).toMatchObject({ is_open: true, open_since: new Date(Math.floor(since / 1_000)).toISOString(), state: "degraded" });
    expect(Math.round(Number(status["consumed_minutes"]))).toBe(180);
    expect(Number(status["exhausted_in_minutes"])).toBeCloseTo(432 - 180, 0);
    expect((await api.call("DELETE", `/v1/services/${service.id}`, { token: acme.editor })).status).toBe(204);
    expect((await api.call("GET", `${pathOf(service)}/${objective.id}`, { token: acme.viewer })).status).toBe(404);
    const all = await api.call("GET", "/v1/objectives?limit=200", { token: acme.viewer });
    expect(all.list.map(({ id }) => id)).not.toContain(objective.id);
    expect(await api.db.rows(sql`select id from service_states where service_id = ${service.id} and ended_at is null`)).toEqual([]);
  });

  it("says of each burn alert what it looks at, and why it can never fire", async () => {
    const service = await serviceOf();
    await insertStates(api.db, service.id, [{ fromUs: nowUs() - 31 * dayUs, toUs: null, state: "up" }]);
    const low = await statusOf(service, await made(service, { target: 90, fast_burn_multiplier: 11 }));
    expect(low["burn_tiers"]).toMatchObject([
      {
        alert: "1h",
        long_minutes: 60,
        short_minutes: 5,
        factor: 14.4,
        long_burn: 0,
        short_burn: 0,
        unreachable: expect.stringContaining("10 times"),
      },
      { alert: "6h", long_minutes: 360, short_minutes: 30, factor: 6, unreachable: null },
      { alert: "3d", long_minutes: 4_320, short_minutes: 360, factor: 1, unreachable: null },
    ]);
    expect(low["fast_burn"]).toMatchObject({ minutes: 60, multiplier: 11, unreachable: expect.stringContaining("10 times") });
    const short = await statusOf(service, await made(service, { window_days: 3 }));
    expect(short["burn_tiers"]).toMatchObject([{ long_minutes: 6, short_minutes: 0.5, factor: 14.4, unreachable: null }, {}, {}]);
  });

  it("is read of all objectives of the customer, and of those of some services, page by page", async () => {
    const [a, b] = [await serviceOf(), await serviceOf()];
    const ids = [await made(a), await made(b), await made(a)].map(({ id }) => id);
    const bulk = (body: unknown, query = "", token = acme.viewer) => api.call("POST", `/v1/objectives/status${query}`, { token, body });
    const first = await bulk({ service_ids: [a.id, b.id, b.id] }, "?limit=2");
    expect([first.status, first.list.map(({ id }) => id)]).toEqual([200, ids.slice(0, 2)]);
    expect(first.list[0]).toMatchObject({ service_id: a.id, status: { state: "insufficient_data" } });
    const next = /<(.*)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await api.call("POST", next, { token: acme.viewer, body: { service_ids: [a.id, b.id] } });
    expect([second.list.map(({ id }) => id), second.headers.get("link")]).toEqual([ids.slice(2), null]);
    expect((await bulk({ service_ids: [b.id] })).list.map(({ id }) => id)).toEqual([ids[1]]);
    expect((await bulk({ service_ids: [a.id, b.id] }, "", globex.viewer)).list).toEqual([]);
    expect((await bulk({ service_ids: [] })).status).toBe(400);
    expect((await bulk({ service_ids: Array.from({ length: 201 }, (_, at) => at + 1) })).status).toBe(400);
    const all: number[] = [];
    for (let path: string | undefined = "/v1/objectives?limit=3"; path !== undefined;) {
      const page = await api.call("GET", path, { token: acme.viewer });
      all.push(...page.list.map(({ id }) => id));
      path = /<(.*)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(all).toEqual([...new Set(all)].toSorted((x, y) => x - y));
    expect(all).toEqual(expect.arrayContaining(ids));
  });

  it("is exported as OpenSLO, which a reader of YAML takes for what it is", async () => {
    const service = await serviceOf();
    const name = 'yes: "no" # \u{1f600} é - {x}';
    const objective = await made(service, { name, target: 99.95, dependency_exclusion: "self-only", excluded_upstreams: ["fastly"] });
    const answer = await api.call("GET", `${pathOf(service)}/${objective.id}/openslo`, { token: acme.viewer });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/yaml"]);
    for (const version of ["1.1", "1.2"] as const) {
      expect(parse(answer.text, { version })).toMatchObject({
        apiVersion: "openslo/v1",
        kind: "SLO",
        metadata: { name: `objective-${objective.id}`, displayName: name, annotations: { "excluded-upstreams": "fastly" } },
        spec: {
          service: `service-${service.id}`,
          timeWindow: [{ duration: "30d", isRolling: true }],
          budgetingMethod: "Occurrences",
          objectives: [{ displayName: name, targetPercent: 99.95 }],
        },
      });
    }
  });
});

describe("a correction", () => {
  const at = (service: Json) => `/v1/services/${service.id}/slo-corrections`;
  const correct = (service: Json, body: object) =>
    api.call("POST", at(service), { token: acme.editor, body: { reason: "maintenance", ...body } });

  it("takes its time out of what is counted, overlapping or not, until it is deleted", async () => {
    const service = await serviceOf();
    const down = nowUs() - 4 * hourUs;
    await insertStates(api.db, service.id, [
      { fromUs: nowUs() - 31 * dayUs, toUs: down, state: "up" },
      { fromUs: down, toUs: null, state: "self" },
    ]);
    const objective = await made(service, { target: 99 });
    const first = await correct(service, { from: ago(3 * hourUs), to: ago(1.5 * hourUs) });
    expect([first.status, first.body]).toEqual([
      201,
      {
        id: first.body.id,
        service_id: service.id,
        from: expect.any(String),
        to: expect.any(String),
        minutes: 90,
        reason: "maintenance",
        actor: expect.stringContaining("token:"),
        created_at: expect.any(String),
        closed_days_unchanged: expect.any(Array),
      },
    ]);
    expect((await correct(service, { from: ago(2 * hourUs), to: ago(hourUs) })).status).toBe(201);
    const consumed = async () => Math.round(Number((await statusOf(service, objective))["consumed_minutes"]));
    expect(await consumed()).toBe(120);
    const events = await api.call("GET", `${pathOf(service)}/${objective.id}/events`, { token: acme.viewer });
    const [event] = events.body["events"] as Json[];
    expect([Math.round(Number(event?.["minutes"])), Number(event?.["corrected_minutes"]).toFixed(2)]).toEqual([240, "120.00"]);
    const list = await api.call("GET", at(service), { token: acme.viewer });
    expect(list.list).toHaveLength(2);
    expect((await api.call("DELETE", `${at(service)}/${first.body.id}`, { token: acme.editor })).status).toBe(204);
    expect((await api.call("DELETE", `${at(service)}/${first.body.id}`, { token: acme.editor })).status).toBe(404);
    expect(await consumed()).toBe(180);
    const audit = await api.call("GET", "/v1/audit-log?object_type=slo_correction", { token: acme.viewer });
    expect(audit.list.map((entry) => entry["action"])).toEqual(["delete", "create", "create"]);
  });

  it("names the days that are over, which it does not change", async () => {
    const service = await serviceOf();
    await made(service);
    const from = new Date(Date.now() - 3 * 86_400_000);
    const answer = await correct(service, { from: from.toISOString(), to: ago(2 * dayUs) });
    const days = answer.body["closed_days_unchanged"] as string[];
    expect(days[0]).toBe(from.toISOString().slice(0, 10));
    expect([1, 2]).toContain(days.length);
  });

  it.each([
    ["inverted", { from: ago(hourUs), to: ago(2 * hourUs) }, "/to must be after from"],
    ["empty", { from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z" }, "/to must be after from"],
    ["in the future", { from: ago(hourUs), to: ago(-hourUs) }, "/to must not be in the future"],
    ["wholly in the future", { from: ago(-hourUs), to: ago(-2 * hourUs) }, "/to must not be in the future"],
    ["too long ago", { from: ago(401 * dayUs), to: ago(390 * dayUs) }, "/from must be at most 400 days ago"],
    ["too long", { from: ago(91 * dayUs), to: ago(hourUs) }, "/to must be at most 90 days after from"],
    [
      "outside every window",
      { from: ago(33 * dayUs), to: ago(31 * dayUs) },
      /^\/to must be after \S+: no window of the service's objectives reaches back farther than that of "o \d+" \(\d+\)/,
    ],
    [
      "without a reason",
      { from: ago(hourUs), to: ago(hourUs / 2), reason: "" },
      "/reason Too small: expected string to have >=1 characters",
    ],
  ])("that is %s is refused", async (_, body, error) => {
    const service = await serviceOf();
    await made(service);
    const answer = await correct(service, body);
    expect([answer.status, details(answer)]).toEqual([400, [typeof error === "string" ? error : expect.stringMatching(error)]]);
    expect((await api.call("GET", at(service), { token: acme.viewer })).list).toEqual([]);
  });

  it("of a service without an objective is refused, and a longer window takes more", async () => {
    const service = await serviceOf();
    const body = { from: ago(33 * dayUs), to: ago(31 * dayUs) };
    expect(details(await correct(service, body))[0]).toContain("in the window of no objective");
    const objective = await made(service, { window_days: 32 });
    expect((await correct(service, body)).status).toBe(201);
    await api.call("DELETE", `${pathOf(service)}/${objective.id}`, { token: acme.editor });
    expect((await correct(service, body)).status).toBe(400);
  });
});

describe("what is recorded of an objective", () => {
  it("is its downtime, joined where one is to blame, clipped, the newest first", async () => {
    const service = await serviceOf();
    const start = Math.floor((nowUs() - 10 * dayUs) / 1_000) * 1_000;
    const at = (minutes: number) => start + minutes * minuteUs;
    await insertStates(api.db, service.id, [
      { fromUs: start - dayUs, toUs: at(0), state: "up" },
      { fromUs: at(0), toUs: at(10), state: { upstream: "cloudflare" } },
      { fromUs: at(10), toUs: at(15), state: { upstream: "cloudflare" } },
      { fromUs: at(15), toUs: at(20), state: "self" },
      { fromUs: at(20), toUs: at(30), state: "unknown" },
      { fromUs: at(30), toUs: at(40), state: "self" },
      { fromUs: at(40), toUs: null, state: "up" },
    ]);
    const objective = await made(service, { dependency_exclusion: "self-only" });
    const path = `${pathOf(service)}/${objective.id}/events`;
    const iso = (minutes: number) => new Date(at(minutes) / 1_000).toISOString();
    const read = async (query = "") => {
      const answer = await api.call("GET", `${path}${query}`, { token: acme.viewer });
      const events = answer.body["events"] as Json[];
      return {
        answer,
        rows: events.map((event) => [event["started_at"], event["ended_at"], event["minutes"], event["upstream_cdn"], event["consumes"]]),
      };
    };
    const { rows } = await read();
    const all = [
      [iso(30), iso(40), 10, null, true],
      [iso(15), iso(20), 5, null, true],
      [iso(0), iso(15), 15, "cloudflare", false],
    ];
    expect(rows).toEqual(all);
    const clipped = await read(`?from=${iso(5)}&to=${iso(17)}`);
    expect(clipped.rows).toEqual([
      [iso(15), iso(17), 2, null, true],
      [iso(5), iso(15), 10, "cloudflare", false],
    ]);
    expect(clipped.answer.body).toMatchObject({ objective_id: objective.id, from: iso(5), to: iso(17) });
    const first = await read(`?limit=2&from=${iso(0)}`);
    expect(first.rows).toEqual(all.slice(0, 2));
    const next = /<(.*)>; rel="next"/.exec(first.answer.headers.get("link") ?? "")?.[1] ?? "";
    const rest = await api.call("GET", next, { token: acme.viewer });
    expect((rest.body["events"] as Json[]).map((event) => event["started_at"])).toEqual([iso(0)]);
    expect((await api.call("GET", `${path}?from=${iso(17)}&to=${iso(5)}`, { token: acme.viewer })).status).toBe(400);
  });

  it("goes on as long as somebody judges it", async () => {
    const service = await serviceOf();
    const since = Math.floor((nowUs() - hourUs) / 1_000) * 1_000;
    await insertStates(api.db, service.id, [
      { fromUs: since - dayUs, toUs: since, state: "up" },
      { fromUs: since, toUs: null, state: "self" },
    ]);
    const objective = await made(service);
    const read = async () =>
      ((await api.call("GET", `${pathOf(service)}/${objective.id}/events`, { token: acme.viewer })).body["events"] as Json[])[0];
    expect(await read()).toMatchObject({ started_at: new Date(since / 1_000).toISOString(), ended_at: null });
    const judged = new Date(Date.now() - 30 * 60_000).toISOString();
    await api.db.rows(sql`
      insert into leases (name, holder, provider, acquired_at, expires_at, judged_at) values ('shard:0', 'local:x', 'local', now(), now(), ${judged}::timestamptz)
      on conflict (name) do update set judged_at = excluded.judged_at`);
    expect(await read()).toMatchObject({ ended_at: judged });
    await api.db.rows(sql`update leases set judged_at = null`);
  });

  it("is its alerts, its days with their streaks, what the service has achieved, and the weeks that were sent", async () => {
    const service = await serviceOf();
    const objective = await made(service);
    const figures = {
      burn: 20,
      shortBurn: null,
      threshold: 14.4,
      allowedUs: 2_592e6,
      consumedUs: 60e6,
      remainingUs: 2_532e6,
      downUs: 90e6,
    };
    await api.db.rows(sql`
      insert into slo_alerts (objective_id, service_id, kind, fired_at, fired, resolved_at, resolved) values
      (${objective.id}, ${service.id}, '1h', '2026-11-20T01:01:00Z', ${JSON.stringify(figures)}::jsonb, '2026-11-20T02:00:00Z', ${JSON.stringify(figures)}::jsonb),
      (${objective.id}, ${service.id}, 'exhausted', '2026-11-20T01:02:00Z', ${JSON.stringify(figures)}::jsonb, null, null)`);
    const path = `${pathOf(service)}/${objective.id}`;
    const alerts = async (query = "") => (await api.call("GET", `${path}/alerts${query}`, { token: acme.viewer })).list;
    const shown = {
      burn: 20,
      short_burn: null,
      threshold: 14.4,
      allowed_minutes: 43.2,
      consumed_minutes: 1,
      remaining_minutes: 42.2,
      downtime_minutes: 1.5,
    };
    expect(await alerts()).toMatchObject([
      { alert: "exhausted", state: "open", fired_at: "2026-11-20T01:02:00.000Z", fired: shown, resolved_at: null, resolved: null },
      { alert: "1h", state: "resolved", resolved_at: "2026-11-20T02:00:00.000Z", resolved: shown },
    ]);
    expect((await alerts("?state=open")).map((one) => one["alert"])).toEqual(["exhausted"]);
    expect((await alerts("?state=resolved")).map((one) => one["alert"])).toEqual(["1h"]);
    const day = (date: string, verdict: string, streak: number, broken = 0) => sql`
      insert into slo_daily_snapshots (objective_id, day, version, state, allowed_us, consumed_us, down_us, measured_us, elapsed_us,
        day_consumed_us, day_down_us, day_measured_us, day_elapsed_us, verdict, streak, broken_streak)
      values (${objective.id}, ${date}, 1, 'healthy', 2592000000, 600000000, 1800000000, 2592000000000, 2592000000000, 86400000, 86400000, 86400000000, 86400000000,
        ${verdict}, ${streak}, ${broken})`;
    for (const row of [
      day("2026-11-17", "good", 1),
      day("2026-11-18", "good", 2),
      day("2026-11-19", "bad", 0, 2),
      day("2026-11-20", "good", 1),
      day("2026-11-21", "insufficient", 1),
    ])
      await api.db.rows(row);
    const days = (await api.call("GET", `${path}/snapshots?limit=2`, { token: acme.viewer })).body;
    expect(days).toMatchObject({
      objective_id: objective.id,
      current_streak: { days: 1, started_on: "2026-11-20", ended_on: "2026-11-20" },
      best_streak: { days: 2, started_on: "2026-11-17", ended_on: "2026-11-18" },
      snapshots: [
        {
          day: "2026-11-21",
          version: 1,
          target: 99.9,
          allowed_minutes: 43.2,
          consumed_minutes: 10,
          remaining_minutes: 33.2,
          remaining_percent: 76.85185,
          availability: 99.97685,
          coverage: 1,
          day_consumed_minutes: 1.44,
          day_measured_minutes: 1_440,
          burn: 1,
          verdict: "insufficient",
          streak: 1,
        },
        { day: "2026-11-20", verdict: "good" },
      ],
    });
    await api.db.rows(sql`
      insert into slo_achievements (service_id, name, objective_id, day) values (${service.id}, 'rapid_recovery', null, '2026-11-20'), (${service.id}, 'first_steps', ${objective.id}, '2026-11-19')`);
    const achieved = (await api.call("GET", "/v1/achievements", { token: acme.viewer })).list;
    expect(achieved).toEqual([
      {
        service_id: service.id,
        service_name: service["name"],
        achievements: [
          { name: "first_steps", day: "2026-11-19", objective_id: objective.id },
          { name: "rapid_recovery", day: "2026-11-20", objective_id: null },
        ],
      },
    ]);
    expect((await api.call("GET", "/v1/achievements", { token: globex.viewer })).list).toEqual([]);
    const digest = {
      week: "2026-W53",
      objectives: 2,
      states: { healthy: 1, at_risk: 0, degraded: 0, breaching: 1, insufficient_data: 0 },
      storms: 1,
      switches: 2,
      avoidedUs: 3_600e6,
      avoidedCents: 120,
      discountCents: 7,
      currency: "EUR",
      best: [],
      worst: [
        {
          objectiveId: objective.id,
          name: "x",
          serviceId: service.id,
          service: "web",
          target: 99.9,
          state: "breaching",
          availability: 99.8,
          remainingUs: -60e6,
          remainingPercent: -2.3,
          weekDownUs: 120e6,
          weekConsumedUs: 60e6,
        },
      ],
    };
    await api.db.rows(sql`
      insert into slo_digests (customer_id, week, body, created_at) values (${acme.id}, '2026-W53', ${JSON.stringify(digest)}::jsonb, '2027-01-04T09:00:00Z'),
        (${acme.id}, '2026-W52', ${JSON.stringify({ ...digest, week: "2026-W52" })}::jsonb, '2026-12-28T09:00:00Z')`);
    const weeks = await api.call("GET", "/v1/digests?limit=1", { token: acme.viewer });
    expect(weeks.list).toEqual([{ week: "2026-W53", created_at: "2027-01-04T09:00:00.000Z" }]);
    const next = /<(.*)>; rel="next"/.exec(weeks.headers.get("link") ?? "")?.[1] ?? "";
    expect((await api.call("GET", next, { token: acme.viewer })).list).toMatchObject([{ week: "2026-W52" }]);
    expect((await api.call("GET", "/v1/digests/2026-W53", { token: acme.viewer })).body).toMatchObject({
      week: "2026-W53",
      states: { breaching: 1 },
      worst: [{ objective_id: objective.id, remaining_minutes: -1, week_downtime_minutes: 2, week_consumed_minutes: 1 }],
      avoided_minutes: 60,
      avoided_cents: 120,
    });
    const of = async (week: string, token = acme.viewer) => (await api.call("GET", `/v1/digests/${week}`, { token })).status;
    expect([await of("2026-W51"), await of("2027-W53"), await of("2026-W53", globex.viewer)]).toEqual([404, 400, 404]);
  });

  it("is how far its service is with each achievement", async () => {
    const { viewer, editor } = await api.onboard("initech");
    const service = await api.service(editor);
    await api.service(editor, "bare");
    const start = nowUs() - 10 * dayUs;
    await insertStates(api.db, service.id, [
      { fromUs: start, toUs: start + dayUs, state: "up" },
      { fromUs: start + dayUs, toUs: start + dayUs + 4 * minuteUs, state: { upstream: "cloudflare" } },
      { fromUs: start + dayUs + 4 * minuteUs, toUs: start + dayUs + hourUs, state: "avoided" },
      { fromUs: start + dayUs + hourUs, toUs: null, state: "up" },
    ]);
    await api.created(
      `/v1/services/${service.id}/domains`,
      { name: "initech.test", primary_target: "a.test", backup_target: "b.test" },
      { token: editor },
    );
    const objective = await api.created(
      `/v1/services/${service.id}/objectives`,
      { name: "a", target: 99, dependency_exclusion: "self-only" },
      { token: editor },
    );
    const { list } = await api.call("GET", "/v1/milestones", { token: viewer });
    expect(list).toHaveLength(2);
    const milestones = list[0]?.["milestones"] as Json[];
    expect(milestones.map((one) => [one["name"], one["current"], one["target"], one["unit"]])).toEqual([
      ["first_steps", 1, 1, "objectives"],
      ["full_coverage", 1, 1, "domains"],
      ["iron_uptime", 0, 7, "days"],
      ["diamond_uptime", 0, 30, "days"],
      ["nines_club", 10, 30, "days"],
      ["budget_miser", 10, 30, "days"],
      ["clean_sheet", 0, 30, "days"],
      ["cascade_breaker", 1, 1, "outages"],
      ["rapid_recovery", 1, 1, "outages"],
    ]);
    expect(milestones.every((one) => one["achieved_on"] === null)).toBe(true);
    expect(milestones[0]).toMatchObject({ objective_id: objective.id });
    const bare = (list[1]?.["milestones"] ?? []) as Json[];
    expect(bare.map((one) => one["current"])).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("what downtime costs a service", () => {
  it("is stated, changed, taken back and audited", async () => {
    const priced = (body: object) =>
      api.call("POST", "/v1/services", {
        token: acme.editor,
        body: { name: `priced ${(named += 1)}`, primary_cdn: "a", backup_cdn: "b", ...body },
      });
    expect((await priced({})).body["downtime_cents_per_minute"]).toBeNull();
    for (const value of [0, 1_000_000_000, null])
      expect((await priced({ downtime_cents_per_minute: value })).body["downtime_cents_per_minute"]).toBe(value);
    for (const value of [-1, 1_000_000_001, 0.5, "7"])
      expect(pointers(await priced({ downtime_cents_per_minute: value }))).toEqual(["/downtime_cents_per_minute"]);
    const { id } = (await priced({ downtime_cents_per_minute: 1_000 })).body;
    const patch = async (value: number | null) =>
      (await api.call("PATCH", `/v1/services/${id}`, { token: acme.editor, body: { downtime_cents_per_minute: value } })).body[
        "downtime_cents_per_minute"
      ];
    expect([await patch(7), await patch(null)]).toEqual([7, null]);
    const audit = await api.call("GET", `/v1/audit-log?object_type=service&limit=2`, { token: acme.viewer });
    expect(audit.list.map((entry) => (entry["after"] as Json)["downtime_cents_per_minute"])).toEqual([null, 7]);
  });
});

describe("a target", () => {
  it.each(["99.9000000000000000001", "99.99999999999999999999", "9.99e1", "99.900000"])(
    "written as %s is taken exactly, or refused",
    async (text) => {
      const service = await serviceOf();
      const answer = await create(service, `{"name":"exact","target":${text}}`);
      if (text.length < 10) expect([answer.status, answer.body["target"]]).toEqual([201, 99.9]);
      else expect([answer.status, pointers(answer)]).toEqual([400, ["/target"]]);
    },
  );
});
