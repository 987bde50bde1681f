import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createObjectiveMeasures } from "../../../../src/adapters/db/slo/measures.ts";
import { createObjectiveStore } from "../../../../src/adapters/db/slo/objectives.ts";
import { noLimits } from "../../../../src/adapters/db/tenants/quotas.ts";
import type { ObjectiveInput } from "../../../../src/adapters/ports/slo/objectives.ts";
import { freshDatabase } from "../../../support/database.ts";
import type { TestDatabase } from "../../../support/database.ts";

let database: TestDatabase;
const change = { actor: "token:1", requestId: "r", idempotency: null };
const page = { limit: 100, afterId: null };
const dayMs = 86_400_000;

const inserted = async (statement: string, values: readonly unknown[]): Promise<number> =>
  Number((await database.sql<{ id: string }>(`${statement} returning id`, [...values]))[0]?.id);
let named = 0;
const customerOf = async () => await inserted("insert into customers (name) values ($1)", [`customer ${(named += 1)}`]);
const serviceOf = async (customerId: number) =>
  await inserted("insert into services (customer_id, name, primary_cdn, backup_cdn) values ($1, $2, 'a', 'b')", [
    customerId,
    `s${(named += 1)}`,
  ]);

const input = (name: string, over: Partial<ObjectiveInput> = {}): ObjectiveInput => ({
  name,
  target: 99.9,
  window: { days: 30 },
  dependencyExclusion: "strict",
  excludedUpstreams: [],
  burnWarningPercent: 50,
  burnCriticalPercent: 80,
  fastBurnMultiplier: 5,
  ...over,
});

const store = () => createObjectiveStore(database.db, { ...noLimits, objectives: 3 });
const measures = () => createObjectiveMeasures(database.db);
const made = async (customerId: number, serviceId: number, body: ObjectiveInput) => {
  const objective = await store().create(customerId, serviceId, body, change);
  if (objective === null) throw new Error("no such service");
  return objective;
};

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

describe("an objective", () => {
  it("is made, read, listed, changed to its next version and deleted, each with its audit row", async () => {
    const customerId = await customerOf();
    const serviceId = await serviceOf(customerId);
    const body = input("web", { target: 99.99999, fastBurnMultiplier: 2.25, excludedUpstreams: ["a", "b"] });
    const first = await made(customerId, serviceId, body);
    expect(first).toEqual({
      ...body,
      id: first.id,
      serviceId,
      serviceName: expect.any(String),
      version: 1,
      createdAtMs: expect.any(Number),
      updatedAtMs: first.createdAtMs,
    });
    expect(await store().get(customerId, serviceId, first.id)).toEqual(first);
    expect(await store().list(customerId, serviceId, page)).toEqual([first]);
    const next = await store().update(customerId, serviceId, first.id, { window: { calendar: "month" }, name: "all" }, change);
    expect(next).toEqual({ ...first, name: "all", window: { calendar: "month" }, version: 2, updatedAtMs: expect.any(Number) });
    const back = await store().update(customerId, serviceId, first.id, { window: { days: 7 }, excludedUpstreams: [], target: 90 }, change);
    expect(back).toMatchObject({ window: { days: 7 }, excludedUpstreams: [], target: 90, version: 3, name: "all" });
    expect(await store().remove(customerId, serviceId, first.id, change)).toBe(true);
    expect(await store().remove(customerId, serviceId, first.id, change)).toBe(false);
    expect(await store().get(customerId, serviceId, first.id)).toBeNull();
    const audit = await database.sql<{ action: string; before: object | null; after: object | null }>(
      "select action, before, after from audit_log where customer_id = $1 and object_type = 'objective' and object_id = $2 order by id",
      [customerId, first.id],
    );
    expect(audit.map(({ action }) => action)).toEqual(["create", "update", "update", "delete"]);
    expect(audit[1]).toMatchObject({
      before: { name: "web", version: 1, window_days: 30, target: 99.99999 },
      after: { name: "all", version: 2, calendar: "month" },
    });
    expect(audit[3]).toMatchObject({ before: { name: "all", version: 3, window_days: 7 }, after: null });
    const versions = await database.sql("select version from slo_objective_versions where objective_id = $1", [first.id]);
    expect(versions).toHaveLength(3);
  });

  it("is of its own customer and service alone", async () => {
    const [customerId, other] = [await customerOf(), await customerOf()];
    const [serviceId, sibling] = [await serviceOf(customerId), await serviceOf(customerId)];
    const { id } = await made(customerId, serviceId, input("web"));
    expect(await store().create(other, serviceId, input("web"), change)).toBeNull();
    expect(await store().list(other, serviceId, page)).toBeNull();
    for (const [who, where] of [
      [other, serviceId],
      [customerId, sibling],
    ] as const) {
      expect(await store().get(who, where, id)).toBeNull();
      expect(await store().update(who, where, id, { target: 95 }, change)).toBeNull();
      expect(await store().remove(who, where, id, change)).toBe(false);
    }
    expect(await store().get(customerId, serviceId, id)).toMatchObject({ version: 1, target: 99.9 });
  });

  it("has a name of its own among the live ones of its service", async () => {
    const customerId = await customerOf();
    const serviceId = await serviceOf(customerId);
    const first = await made(customerId, serviceId, input("web"));
    await expect(store().create(customerId, serviceId, input("web"), change)).rejects.toMatchObject({ code: "conflict" });
    const second = await made(customerId, serviceId, input("other"));
    await expect(store().update(customerId, serviceId, second.id, { name: "web" }, change)).rejects.toMatchObject({ code: "conflict" });
    await store().remove(customerId, serviceId, first.id, change);
    expect(await store().update(customerId, serviceId, second.id, { name: "web" }, change)).toMatchObject({ name: "web", version: 2 });
  });

  it("is refused a warning behind critical also where a patch names one of them, and stays as it was", async () => {
    const customerId = await customerOf();
    const serviceId = await serviceOf(customerId);
    const { id } = await made(customerId, serviceId, input("web"));
    await expect(store().update(customerId, serviceId, id, { burnWarningPercent: 81 }, change)).rejects.toMatchObject({
      code: "bad_request",
      fields: [{ pointer: "/burn_warning_percent" }],
    });
    await expect(store().update(customerId, serviceId, id, { burnCriticalPercent: 49 }, change)).rejects.toMatchObject({
      code: "bad_request",
    });
    expect(await store().get(customerId, serviceId, id)).toMatchObject({ version: 1 });
    expect(await store().update(customerId, serviceId, id, { burnWarningPercent: 80 }, change)).toMatchObject({ version: 2 });
  });

  it("takes a place of the quota while it lives, also when many are made at once", async () => {
    const customerId = await customerOf();
    const serviceId = await serviceOf(customerId);
    const all = await Promise.allSettled(Array.from({ length: 8 }, (_, nth) => made(customerId, serviceId, input(`o${nth}`))));
    const kept = all.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(kept).toHaveLength(3);
    expect(all.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "quota", quota: { kind: "objectives", limit: 3 } },
    });
    await store().remove(customerId, serviceId, kept[0]?.id ?? 0, change);
    await made(customerId, serviceId, input("again"));
    await database.sql("update services set deleted_at = now() where id = $1", [serviceId]);
    await made(customerId, await serviceOf(customerId), input("elsewhere"));
  });
});

describe("what was measured", () => {
  /** Up since 40 days; down since an hour. */
  const history = async (serviceId: number) =>
    await database.sql(
      `insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at) values
       ($1, now() - interval '40 days', now() - interval '1 hour', 'up', 'primary', null, null),
       ($1, now() - interval '1 hour', null, 'down', 'primary', 'self', now() - interval '1 hour')`,
      [serviceId],
    );

  it("is that of all objectives of a customer, of some services or of one, page by page", async () => {
    const [customerId, other] = [await customerOf(), await customerOf()];
    const [first, second] = [await serviceOf(customerId), await serviceOf(customerId)];
    await history(first);
    const a = await made(customerId, first, input("a"));
    const b = await made(customerId, second, input("b", { window: { calendar: "week" } }));
    const c = await made(customerId, first, input("c", { window: { days: 1 } }));
    const theirs = await made(other, await serviceOf(other), input("theirs"));
    const all = await measures().measure({ customerId, page }, null);
    expect(Math.abs(all.atUs / 1_000 - Date.now())).toBeLessThan(dayMs);
    expect(all.measured.map(({ objective }) => objective)).toEqual([a, b, c]);
    expect(all.measured[0]).toMatchObject({ customerId, tallies: { window: { downUs: expect.any(Number) } } });
    expect(all.measured[0]?.tallies.openSinceUs).not.toBeNull();
    expect(Math.round((all.measured[0]?.tallies.window.downUs ?? 0) / 60e6)).toBe(60);
    expect(all.measured[1]?.tallies).toMatchObject({ openSinceUs: null, window: { elapsedUs: 0, measuredUs: 0 } });
    const ids = async (...scope: Parameters<ReturnType<typeof measures>["measure"]>) =>
      (await measures().measure(...scope)).measured.map(({ objective }) => objective.id);
    expect(await ids({ customerId, page: { limit: 2, afterId: null } }, null)).toEqual([a.id, b.id]);
    expect(await ids({ customerId, page: { limit: 2, afterId: b.id } }, null)).toEqual([c.id]);
    expect(await ids({ customerId, serviceIds: [first], page }, null)).toEqual([a.id, c.id]);
    expect(await ids({ customerId, serviceIds: [], page }, null)).toEqual([]);
    expect(await ids({ customerId, objectiveId: b.id, page }, null)).toEqual([b.id]);
    expect(await ids({ customerId: other, serviceIds: [first, theirs.serviceId], objectiveId: b.id, page }, null)).toEqual([]);
    const everybodys = await ids({ serviceIds: [first, theirs.serviceId], page }, null);
    expect(everybodys).toEqual([a.id, c.id, theirs.id]);
    await database.sql("update services set deleted_at = now() where id = $1", [first]);
    expect(await ids({ customerId, page }, null)).toEqual([b.id]);
    expect(Object.keys(await measures().measure({ customerId: 999_999_999, page }, null))).toEqual(["atUs", "measured"]);
  });

  it("is by the terms, the objectives and the corrections of that moment", async () => {
    const customerId = await customerOf();
    const serviceId = await serviceOf(customerId);
    await history(serviceId);
    const { id } = await made(customerId, serviceId, input("web"));
    const clock = async () =>
      Number((await database.sql<{ us: string }>("select (extract(epoch from clock_timestamp()) * 1000000)::bigint as us"))[0]?.us);
    const at = async (us: number | null) => (await measures().measure({ customerId, page }, us)).measured[0];
    const before = await clock();
    await store().update(customerId, serviceId, id, { target: 95, window: { days: 7 } }, change);
    const correction = await inserted(
      `insert into slo_corrections (service_id, from_at, to_at, reason, actor) values ($1, now() - interval '30 minutes', now() - interval '20 minutes', 'r', 'a')`,
      [serviceId],
    );
    const corrected = await clock();
    await database.sql("update slo_corrections set deleted_at = clock_timestamp() where id = $1", [correction]);
    const minutesDown = async (us: number | null) => Math.round(((await at(us))?.tallies.window.downUs ?? 0) / 60e6);
    expect((await at(before))?.objective).toMatchObject({ version: 1, target: 99.9, window: { days: 30 } });
    expect((await at(corrected))?.objective).toMatchObject({ version: 2, target: 95, window: { days: 7 } });
    expect([await minutesDown(before), await minutesDown(corrected), await minutesDown(null)]).toEqual([60, 50, 60]);
    expect(await at(before - 3_600_000_000)).toBeUndefined();
    const { atUs } = await measures().measure({ customerId, page }, before);
    expect(atUs).toBe(before);
  });
});
