import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Answer, Api } from "../../support/api.ts";
import { bearingCalls, idleCalls } from "../../support/cloudtrail-calls.ts";
import { recordId, trailRecords } from "../../support/cloudtrail.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
let scored = 0;

beforeAll(async () => {
  api = await startApi();
  Object.assign(api.deps, { scoreSoon: () => void (scored += 1) });
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
});

const path = "/v1/cost/events";
const dayMs = 86_400_000;
const push = (body: unknown, token = acme.editor) => api.call("POST", path, { token, body });
const read = (query = "", token = acme.viewer) => api.call("GET", `${path}${query}`, { token });
const hour = () => api.time.nowMs - 3_600_000;
const rows = async (customerId: number) =>
  (
    await api.db.rows<{ events: number; batches: number; ids: number }>(sql`
      select (select count(*) from cost_events where customer_id = ${customerId}) as events, count(*) as batches,
        coalesce(sum(cardinality(event_ids)), 0)::int as ids from cost_batches where customer_id = ${customerId}`)
  )[0];

const event = (own: Readonly<Record<string, unknown>> = {}) => ({
  event_id: "e-1",
  account_id: "123456789012",
  resource_type: "ec2:instance",
  occurred_at: new Date(hour()).toISOString(),
  ...own,
});
const none = { read_only: 0, failed: 0, not_cost_bearing: 0, digest: 0, expired: 0 };

describe("what is pushed", () => {
  it("is a file of CloudTrail as it is: each call is stored once, and queued with its batch", async () => {
    const { id, editor, viewer } = await api.onboard("trail");
    const before = scored;
    const Records = [
      ...trailRecords(120, { fromMs: hour() }),
      ...trailRecords(idleCalls.length, { fromMs: hour(), seed: 9, calls: idleCalls }),
    ];
    const { status, body } = await push({ Records }, editor);
    expect([status, body]).toEqual([
      200,
      { accepted: 120, duplicate: 0, ignored: { ...none, read_only: 0, not_cost_bearing: 5 }, rejected: 0, rejections: [] },
    ]);
    expect([await rows(id), scored - before]).toEqual([{ events: 120, batches: 1, ids: 120 }, 1]);
    const { list } = await read("?limit=200", viewer);
    expect(new Set(list.map((one) => (one["raw"] as { eventName: string }).eventName)).size).toBe(
      new Set(bearingCalls.map(({ name }) => name)).size,
    );
    expect(list.at(-1)?.["raw"], "as it came").toEqual(Records[0]);
  });

  it("may be the short form, and both beside each other", async () => {
    const { id, editor, viewer } = await api.onboard("short");
    const full = event({ resource_id: "i-1", actor: "deploy", hourly_cost_cents: 38.4, raw: { any: ["thing", null] } });
    const { body } = await push({ events: [full, ...trailRecords(1, { fromMs: hour() }), event()] }, editor);
    expect([body["accepted"], body["duplicate"]]).toEqual([2, 1]);
    const { list } = await read("?resource_type=ec2%3Ainstance&actor=deploy", viewer);
    expect(list).toMatchObject([{ ...full, occurred_at: event().occurred_at, severity: null }]);
    expect(await rows(id)).toEqual({ events: 2, batches: 1, ids: 2 });
  });

  it("changes nothing when it comes three times at once, nor later", async () => {
    const { id, editor } = await api.onboard("thrice");
    const Records = trailRecords(500, { fromMs: hour(), seed: 3 });
    const answers = await Promise.all([
      push({ Records }, editor),
      push({ Records: Records.toReversed() }, editor),
      push({ Records }, editor),
    ]);
    const sums = answers.map(({ body }) => [Number(body["accepted"]), Number(body["duplicate"])]);
    expect(sums.every(([accepted = 0, duplicate = 0]) => accepted + duplicate === 500)).toBe(true);
    expect(sums.reduce((sum, [accepted = 0]) => sum + accepted, 0)).toBe(500);
    expect(await rows(id)).toMatchObject({ events: 500, ids: 500 });
    const before = scored;
    expect((await push({ Records }, editor)).body).toMatchObject({ accepted: 0, duplicate: 500 });
    expect([await rows(id), scored]).toEqual([{ ...(await rows(id)), events: 500, ids: 500 }, before]);
  });

  it("is each customer's own: the same ids and accounts of another touch nothing", async () => {
    const one = await api.onboard("one");
    const other = await api.onboard("other");
    const events = [event({ event_id: "shared", hourly_cost_cents: 1 })];
    expect((await push({ events }, one.editor)).body["accepted"]).toBe(1);
    expect((await push({ events: [event({ event_id: "shared", hourly_cost_cents: 9e8 })] }, other.editor)).body["accepted"]).toBe(1);
    expect((await read("", one.viewer)).list).toMatchObject([{ event_id: "shared", hourly_cost_cents: 1 }]);
    expect((await read("?account_id=123456789012", other.viewer)).list).toMatchObject([{ hourly_cost_cents: 9e8 }]);
  });

  it("is not for viewers, nor for nobody", async () => {
    expect((await push({ events: [event()] }, globex.viewer)).status).toBe(403);
    expect((await api.call("POST", path, { token: null, body: { events: [event()] } })).status).toBe(401);
  });
});

describe("what is no good", () => {
  it("is told with its place, and drops no other", async () => {
    const { id, editor } = await api.onboard("bad");
    const raw = (text: string, eventId: string) => JSON.stringify(event({ event_id: eventId })).replace(/\}$/, `,"raw":${text}}`);
    const bomb = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
    const body = `{"events":[${[
      raw('{"ok":true}', "good"),
      raw('{"x":["a\\u0000"]}', "nul"),
      raw('"\\ud800"', "half"),
      raw("1e999", "huge"),
      raw(bomb, "deep"),
      raw('{"n":1e300,"long":0.10000000000000000001,"twice":1,"twice":2}', "kept"),
      JSON.stringify(event({ event_id: "future", occurred_at: new Date(api.time.nowMs + 2 * dayMs).toISOString() })),
      "null",
      '"\\u0000"',
      "1e999",
      JSON.stringify(event({ event_id: "unknown", hourly_cost: 1 })),
    ].join(",")}]}`;
    const answer = await push(body, editor);
    expect(answer.body).toMatchObject({ accepted: 2, duplicate: 0, rejected: 9 });
    expect((answer.body["rejections"] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      "/events/1/raw/x/0",
      "/events/2/raw",
      "/events/3/raw",
      "/events/4",
      "/events/6/occurred_at",
      "/events/7",
      "/events/8",
      "/events/9",
      "/events/10/hourly_cost",
    ]);
    expect(await rows(id)).toEqual({ events: 2, batches: 1, ids: 2 });
  });

  it("is listed up to a hundred, and counted", async () => {
    const { id, editor } = await api.onboard("many");
    const { body } = await push({ events: Array.from({ length: 1_000 }, () => ({})) }, editor);
    expect([body["rejected"], (body["rejections"] as unknown[]).length, await rows(id)]).toEqual([
      1_000,
      100,
      { events: 0, batches: 0, ids: 0 },
    ]);
  });

  it("is read as it is: without userIdentity nobody acted, unknown services bear nothing", async () => {
    const { editor, viewer } = await api.onboard("odd");
    const [first, second] = trailRecords(2, { fromMs: hour(), seed: 5 });
    const { userIdentity: _, ...nobody } = first ?? {};
    const { body } = await push({ Records: [nobody, { ...second, eventSource: "quantum.amazonaws.com" }] }, editor);
    expect(body).toMatchObject({ accepted: 1, ignored: { ...none, not_cost_bearing: 1 } });
    expect((await read("", viewer)).list).toMatchObject([{ actor: null }]);
  });

  it("may be a month old, but not older than what is kept, whatever the clock does", async () => {
    const { editor } = await api.onboard("old");
    const at = (days: number, eventId: string) =>
      event({ event_id: eventId, occurred_at: new Date(api.time.nowMs - days * dayMs).toISOString() });
    expect((await push({ events: [at(30, "a"), at(90, "b"), at(91, "c")] }, editor)).body).toMatchObject({
      accepted: 2,
      ignored: { ...none, expired: 1 },
    });
    api.time.nowMs += dayMs;
    expect((await push({ events: [at(91, "b")] }, editor)).body).toMatchObject({ accepted: 0, ignored: { ...none, expired: 1 } });
    api.time.nowMs -= 2 * dayMs;
    expect((await push({ events: [at(-0.5, "d"), at(-1.5, "e")] }, editor)).body).toMatchObject({ accepted: 1, rejected: 1 });
    api.time.nowMs += dayMs;
  });

  it.each<[string, unknown, number, readonly string[]]>([
    ["1,001 events", { events: Array.from({ length: 1_001 }, () => 1) }, 400, ["/events"]],
    ["no event", { events: [] }, 400, ["/events"]],
    ["both lists", { events: [1], Records: [1] }, 400, ["/Records"]],
    ["neither", {}, 400, ["/events"]],
    ["another field", { events: [1], more: 1 }, 400, ["/more"]],
    ["no object", [1], 400, [""]],
    ["half a body", '{"events":[{"event_id":"a"', 400, [""]],
    ["a list given twice", '{"events":[1],"events":[2]}', 400, ["/events"]],
    ["one byte too many", `{"events":["${"x".repeat(1_048_576 - 14)}"]}`, 413, []],
  ])("%s refuses all of it", async (_, body, status, fields) => {
    const answer: Answer = await push(body);
    expect([answer.status, pointers(answer)], answer.text.slice(0, 300)).toEqual([status, fields]);
  });

  it("just fits", async () => {
    const body = `{"events":["${"x".repeat(1_048_576 - 15)}"]}`;
    expect([body.length, (await push(body)).status]).toEqual([1_048_576, 200]);
  });
});

describe("the list", () => {
  it("is the newest first, filtered and paged, and nobody else's", async () => {
    const { editor, viewer } = await api.onboard("list");
    await push({ Records: trailRecords(250, { fromMs: hour(), seed: 7, stepMs: 500 }) }, editor);
    const seen: string[] = [];
    let next: string | undefined = `${path}?limit=60`;
    while (next !== undefined) {
      const page: Answer = await api.call("GET", next, { token: viewer });
      expect(page.status).toBe(200);
      seen.push(...page.list.map((one) => String(one["event_id"])));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect([seen.length, new Set(seen).size]).toEqual([250, 250]);
    const times = (await read("?limit=200", viewer)).list.map((one) => String(one["occurred_at"]));
    expect(times).toEqual(times.toSorted().toReversed());
    const from = new Date(hour() + 10_000).toISOString();
    const to = new Date(hour() + 20_000).toISOString();
    expect((await read(`?from=${from}&to=${to}`, viewer)).list).toHaveLength(20);
    expect((await read("?resource_type=kms%3Akey&actor=root%3A123456789012", viewer)).list.length).toBeGreaterThan(0);
    expect((await read("?severity=critical", viewer)).list).toEqual([]);
    expect((await read(`?account_id=999999999999`, viewer)).list).toEqual([]);
    expect((await read("", globex.viewer)).list).toEqual([]);
    expect(seen).toContain(recordId(7, 0));
  });

  it("is bounded by bytes, whatever events hold", async () => {
    const { editor, viewer } = await api.onboard("large");
    for (const name of ["a", "b", "c", "d"]) {
      await push({ events: [event({ event_id: name, raw: "x".repeat(1_000_000) })] }, editor);
    }
    const page = await read("", viewer);
    expect([page.list.length < 4, page.list.length > 0, page.headers.get("link")]).toEqual([
      true,
      true,
      expect.stringContaining("cursor="),
    ]);
  });

  it.each([
    ["?cursor=MTI", "cursor"],
    ["?cursor=%00", "cursor"],
    ["?limit=201", "limit"],
    ["?severity=odd", "severity"],
    ["?actor=%00", "actor"],
    ["?from=2026-11-22T00%3A00%3A00Z&to=2026-11-21T00%3A00%3A00Z", "to"],
    ["?account=1", "account"],
  ])("refuses %s", async (query, field) => {
    const answer = await read(query);
    expect([answer.status, pointers(answer)]).toEqual([400, [field]]);
  });
});
