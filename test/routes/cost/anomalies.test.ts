import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { seedAnomaly, seedHours, seedSeries, seedZombie } from "../../support/cost-seed.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;

const hourMs = 3_600_000;

beforeAll(async () => {
  api = await startApi();
  // Snoozes are over by the database's clock.
  api.time.nowMs = Date.now();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

let named = 0;
const anomaly = async (customer = acme): Promise<{ id: number; path: string; seriesId: number }> => {
  const seriesId = await seedSeries(api.db, customer.id, { account: `account ${(named += 1)}` });
  const id = await seedAnomaly(api.db, customer.id, seriesId);
  return { id, seriesId, path: `/v1/cost/anomalies/${id}` };
};
const patch = (path: string, body: unknown, token = acme.editor) => api.call("PATCH", path, { token, body });

describe("an anomaly of cost", () => {
  it("is read, with its series and the figures that made it", async () => {
    const { id, path, seriesId } = await anomaly();
    expect((await api.call("GET", path, { token: acme.viewer })).body).toEqual({
      id,
      baseline_id: seriesId,
      series: {
        kind: "priced",
        account_id: `account ${named}`,
        resource_type: "ec2:instance",
        service_id: null,
        service_name: null,
        cdn: null,
        unit: "cents",
      },
      state: "open",
      severity: "high",
      score: 71.5,
      explanation: "$12.40 an hour, where $3.10 is usual by 1008 hours.",
      value: 1_240,
      usual: 310,
      first_hour: "2026-11-21T10:00:00.000Z",
      last_hour: "2026-11-21T11:00:00.000Z",
      hours: 2,
      figures: { z: 5.2 },
      snoozed_until: null,
      changed_by: null,
      changed_at: null,
      note: null,
      mode: "shadow",
      created_at: expect.any(String),
      resolved_at: null,
    });
  });

  it("is listed with the newest first, by state and by service, in pages", async () => {
    const customer = await api.onboard("lists");
    const service = await api.service(customer.editor, "web");
    const ofService = await seedAnomaly(
      api.db,
      customer.id,
      await seedSeries(api.db, customer.id, { serviceId: service.id, cdn: "fastly" }),
    );
    const [first, second] = [await anomaly(customer), await anomaly(customer)];
    await patch(second.path, { state: "acknowledged" }, customer.editor);
    const ids = async (query: string) =>
      (await api.call("GET", `/v1/cost/anomalies${query}`, { token: customer.viewer })).list.map(({ id }) => id);
    expect(await ids("")).toEqual([second.id, first.id, ofService]);
    expect(await ids("?state=open")).toEqual([first.id, ofService]);
    expect(await ids("?state=acknowledged")).toEqual([second.id]);
    expect(await ids(`?service_id=${service.id}`)).toEqual([ofService]);
    const page = await api.call("GET", "/v1/cost/anomalies?limit=2", { token: customer.viewer });
    expect(page.list.map(({ id }) => id)).toEqual([second.id, first.id]);
    const next = /<([^>]+)>/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
    expect((await api.call("GET", next, { token: customer.viewer })).list.map(({ id }) => id)).toEqual([ofService]);
  });

  it("is acknowledged, snoozed, expected, opened again and resolved, each with who, when and why, and in the audit log", async () => {
    const { id, path } = await anomaly();
    const acknowledged = await patch(path, { state: "acknowledged", note: "looking" });
    expect(acknowledged.body).toMatchObject({ state: "acknowledged", note: "looking", changed_at: expect.any(String) });
    expect(acknowledged.body["changed_by"]).toMatch(/^token:\d+$/);
    const snoozed = await patch(path, { state: "snoozed", hours: 168 });
    expect(snoozed.body).toMatchObject({ state: "snoozed", note: null });
    expect(Date.parse(String(snoozed.body["snoozed_until"]))).toBe(api.time.nowMs + 168 * hourMs);
    for (const state of ["expected", "open", "resolved"]) expect((await patch(path, { state })).body).toMatchObject({ state });
    const resolved = await api.call("GET", path, { token: acme.viewer });
    expect(resolved.body).toMatchObject({ state: "resolved", resolved_at: expect.any(String), snoozed_until: null });
    const log = await api.call("GET", "/v1/audit-log?object_type=cost_anomaly", { token: acme.owner });
    const ofThis = log.list.filter((entry) => entry["object_id"] === id);
    expect(ofThis.map(({ before, after }) => [(before as { state: string }).state, (after as { state: string }).state])).toEqual(
      expect.arrayContaining([
        ["open", "acknowledged"],
        ["acknowledged", "snoozed"],
        ["open", "resolved"],
      ]),
    );
  });

  it("is history once it is resolved", async () => {
    const { path } = await anomaly();
    await patch(path, { state: "resolved" });
    const before = await api.call("GET", path, { token: acme.viewer });
    for (const body of [{ state: "open" }, { state: "resolved" }, { state: "snoozed", hours: 1 }])
      expect((await patch(path, body)).status).toBe(409);
    expect((await api.call("GET", path, { token: acme.viewer })).body).toEqual(before.body);
  });

  it("is open again by itself when its snooze is over", async () => {
    const { path, id } = await anomaly();
    await patch(path, { state: "snoozed", hours: 1 });
    await api.db.rows(sql`update cost_anomalies set snoozed_until = now() - interval '1 second' where id = ${id}`);
    expect((await api.call("GET", path, { token: acme.viewer })).body).toMatchObject({ state: "open", snoozed_until: null });
    const open = await api.call("GET", "/v1/cost/anomalies?state=open", { token: acme.viewer });
    expect(open.list.map((one) => one.id)).toContain(id);
  });

  it.each([
    [{ state: "snoozed" }, ["/hours"]],
    [{ state: "snoozed", hours: 0 }, ["/hours"]],
    [{ state: "snoozed", hours: 169 }, ["/hours"]],
    [{ state: "snoozed", hours: 1.5 }, ["/hours"]],
    [{ state: "open", hours: 3 }, ["/hours"]],
    [{ state: "gone" }, ["/state"]],
    [{}, ["/state"]],
    [{ state: "open", note: "\u202Egnp.exe" }, ["/note"]],
    [{ state: "open", note: "a\u0000b" }, ["/note"]],
    [{ state: "open", note: "x".repeat(501) }, ["/note"]],
    [{ state: "open", severity: "none" }, ["/severity"]],
  ])("refuses %j at its field, and stores nothing", async (body, fields) => {
    const { path } = await anomaly();
    const answer = await patch(path, body);
    expect([answer.status, pointers(answer)]).toEqual([400, fields]);
    expect((await api.call("GET", path, { token: acme.viewer })).body).toMatchObject({ state: "open", changed_at: null });
  });

  it("refuses an unknown state to filter by", async () => {
    const answer = await api.call("GET", "/v1/cost/anomalies?state=gone", { token: acme.viewer });
    expect([answer.status, pointers(answer)]).toEqual([400, ["state"]]);
  });

  it("is nobody else's, and no viewer's to change", async () => {
    const { path } = await anomaly();
    expect((await api.call("GET", path, { token: globex.viewer })).status).toBe(404);
    expect((await patch(path, { state: "open" }, globex.editor)).status).toBe(404);
    expect((await patch(path, { state: "open" }, acme.viewer)).status).toBe(403);
  });

  it("is changed by one of two tabs at a time", async () => {
    const { path } = await anomaly();
    const answers = await Promise.all([patch(path, { state: "resolved" }), patch(path, { state: "resolved" })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
  });
});

describe("what people are told of an anomaly", () => {
  const told = async (customerId: number) =>
    await api.db.rows(sql`select kind, subject, facts->>'actor' as actor, facts->>'note' as note, facts->>'how' as how
      from notifications where customer_id = ${customerId} and (kind like 'cost.%' or kind like 'zombie.%') order by id`);

  it("is nothing of a word that keeps it open, and by whom it was ended", async () => {
    const customer = await api.onboard("told");
    const id = await seedAnomaly(api.db, customer.id, await seedSeries(api.db, customer.id), { mode: "enforce" });
    const path = `/v1/cost/anomalies/${id}`;
    for (const body of [{ state: "acknowledged" }, { state: "snoozed", hours: 3 }, { state: "expected" }, { state: "open" }])
      expect((await patch(path, body, customer.editor)).status).toBe(200);
    expect(await told(customer.id)).toMatchObject([{ kind: "cost.anomaly", subject: `cost-anomaly:${id}` }]);
    const { body } = await patch(path, { state: "resolved", note: "the key is revoked" }, customer.editor);
    expect((await told(customer.id)).slice(1)).toEqual([
      { kind: "cost.resolved", subject: `cost-anomaly:${id}`, actor: body["changed_by"], note: "the key is revoked", how: null },
    ]);
  });

  it("ends with its service, and so does what idles of it", async () => {
    const customer = await api.onboard("gone");
    const service = await api.service(customer.editor, "web");
    const series = await seedSeries(api.db, customer.id, { serviceId: service.id, cdn: "fastly" });
    const id = await seedAnomaly(api.db, customer.id, series, { mode: "audit" });
    await patch(`/v1/cost/anomalies/${id}`, { state: "snoozed", hours: 3 }, customer.editor);
    const zombie = await seedZombie(api.db, customer.id, { rule: "backup-would-not-pay", severity: "critical", serviceId: service.id });
    expect((await api.call("DELETE", `/v1/services/${service.id}`, { token: customer.editor })).status).toBe(204);
    expect((await api.call("GET", `/v1/cost/anomalies/${id}`, { token: customer.viewer })).body).toMatchObject({ state: "resolved" });
    expect((await api.call("GET", `/v1/cost/zombies/${zombie}`, { token: customer.viewer })).body).toMatchObject({ state: "remediated" });
    expect(await told(customer.id)).toMatchObject([
      { kind: "cost.anomaly" },
      { kind: "zombie.found", subject: `zombie:${zombie}` },
      { kind: "cost.resolved", subject: `cost-anomaly:${id}`, how: "deleted" },
      { kind: "zombie.gone", subject: `zombie:${zombie}` },
    ]);
  });
});

describe("a baseline", () => {
  it("is read, listed by kind and service, and begun anew", async () => {
    const customer = await api.onboard("baselines");
    const service = await api.service(customer.editor, "web");
    const egress = await seedSeries(api.db, customer.id, { serviceId: service.id, cdn: "fastly", unit: "bytes" });
    const priced = await seedSeries(api.db, customer.id, {
      actors: [{ name: "arn:aws:iam::123456789012:role/ci", lastSeenMs: 1 }, { name: "root:123456789012" }],
    });
    const list = async (query: string) =>
      (await api.call("GET", `/v1/cost/baselines${query}`, { token: customer.viewer })).list.map(({ id }) => id);
    expect(await list("")).toEqual([egress, priced]);
    expect(await list("?kind=priced")).toEqual([priced]);
    expect(await list(`?service_id=${service.id}`)).toEqual([egress]);
    const path = `/v1/cost/baselines/${priced}`;
    expect((await api.call("GET", path, { token: customer.viewer })).body).toMatchObject({
      mean: 310,
      deviation: 179,
      count: 1_008,
      actors: ["arn:aws:iam::123456789012:role/ci", "root:123456789012"],
      last_hour: "2026-11-21T11:00:00.000Z",
    });
    const reset = await api.call("POST", `${path}/reset`, { token: customer.editor });
    expect(reset.body).toMatchObject({ id: priced, mean: 0, deviation: 0, count: 0, actors: [], last_hour: "2026-11-21T11:00:00.000Z" });
    const [row] = await api.db.rows(sql`select memory, version from cost_series where id = ${priced}`);
    expect(row).toEqual({ memory: null, version: 2 });
    const log = await api.call("GET", "/v1/audit-log?object_type=cost_baseline", { token: customer.owner });
    expect(log.list).toMatchObject([{ action: "reset", before: { event_count: 1_008 }, after: { event_count: 0 } }]);
    expect((await api.call("POST", `${path}/reset`, { token: customer.viewer })).status).toBe(403);
    expect((await api.call("POST", `${path}/reset`, { token: globex.editor })).status).toBe(404);
  });

  it("has its hours with the band of what was usual, for so many days as one answer holds", async () => {
    const seriesId = await seedSeries(api.db, acme.id, { account: "hours" });
    await seedHours(api.db, seriesId, 40 * 24, 298, 310);
    const path = `/v1/cost/baselines/${seriesId}/hours`;
    const usual = await api.call("GET", path, { token: acme.viewer });
    expect(usual.list.length).toBeGreaterThanOrEqual(7 * 24 - 1);
    expect(usual.list.length).toBeLessThanOrEqual(7 * 24);
    expect(usual.list[0]).toEqual({
      hour: expect.stringMatching(/:00:00\.000Z$/),
      value: 298,
      usual: { low: 300, mean: 310, high: 320 },
      score: 0,
      severity: "none",
      label: null,
    });
    const from = new Date(api.time.nowMs - 40 * 24 * hourMs).toISOString();
    const upTo = (days: number, ms = 0) => new Date(Date.parse(from) + days * 24 * hourMs + ms).toISOString();
    expect((await api.call("GET", `${path}?from=${from}&to=${upTo(35)}`, { token: acme.viewer })).list).toHaveLength(35 * 24);
    expect((await api.call("GET", `${path}?from=${from}`, { token: acme.viewer })).list).toHaveLength(35 * 24);
    const wide = await api.call("GET", `${path}?from=${from}&to=${upTo(35, 1)}`, { token: acme.viewer });
    expect([wide.status, pointers(wide)]).toEqual([400, ["to"]]);
    const inverted = await api.call("GET", `${path}?from=${upTo(1)}&to=${from}`, { token: acme.viewer });
    expect([inverted.status, pointers(inverted)]).toEqual([400, ["to"]]);
    expect((await api.call("GET", path, { token: globex.viewer })).status).toBe(404);
  });
});
