import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { seedAnomaly, seedBatch, seedHours, seedSeries, seedZombie } from "../../support/cost-seed.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

describe("a zombie", () => {
  const patch = (id: number, body: unknown, token = acme.editor) => api.call("PATCH", `/v1/cost/zombies/${id}`, { token, body });

  it("is read, listed by state, dismissed with a note, and opened again", async () => {
    const [first, second] = [
      await seedZombie(api.db, acme.id, { resource: "one" }),
      await seedZombie(api.db, acme.id, { resource: "two", waste: null }),
    ];
    const path = `/v1/cost/zombies/${first}`;
    expect((await api.call("GET", path, { token: acme.viewer })).body).toEqual({
      id: first,
      rule: "volume-unattached",
      severity: "warning",
      state: "open",
      resource: "one",
      account: "123456789012",
      service_id: null,
      first_seen: "2026-11-20T03:23:00.000Z",
      last_seen: "2026-11-21T03:23:00.000Z",
      last_activity: "2026-11-10T00:00:00.000Z",
      estimated_monthly_waste: 800,
      reason: "It is attached to no instance.",
      remedy: "Delete it.",
      changed_by: null,
      changed_at: null,
      note: null,
      remediated_at: null,
    });
    expect((await patch(first, { state: "dismissed", note: "kept for the audit" })).body).toMatchObject({
      state: "dismissed",
      note: "kept for the audit",
      changed_by: expect.stringMatching(/^token:/),
    });
    const ids = async (query: string) =>
      (await api.call("GET", `/v1/cost/zombies${query}`, { token: acme.viewer })).list.map(({ id }) => id);
    expect(await ids("")).toEqual([second, first]);
    expect(await ids("?state=dismissed")).toEqual([first]);
    expect((await patch(first, { state: "open" })).body).toMatchObject({ state: "open", note: null });
    expect(await ids("?state=open")).toEqual([second, first]);
  });

  it("that is remediated is history, and nobody says so but a hunt", async () => {
    const id = await seedZombie(api.db, acme.id, { resource: "gone" });
    const refused = await patch(id, { state: "remediated" });
    expect([refused.status, pointers(refused)]).toEqual([400, ["/state"]]);
    await api.db.rows(sql`update zombies set state = 'remediated', remediated_at = now() where id = ${id}`);
    expect((await patch(id, { state: "dismissed" })).status).toBe(409);
  });

  it("is nobody else's, and no viewer's to dismiss", async () => {
    const id = await seedZombie(api.db, acme.id, { resource: "mine" });
    expect((await patch(id, { state: "dismissed" }, globex.editor)).status).toBe(404);
    expect((await patch(id, { state: "dismissed" }, acme.viewer)).status).toBe(403);
    expect((await api.call("GET", `/v1/cost/zombies/${id}`, { token: globex.viewer })).status).toBe(404);
    const hidden = await patch(id, { state: "dismissed", note: "a\u2066b" });
    expect([hidden.status, pointers(hidden)]).toEqual([400, ["/note"]]);
  });

  it("was last looked for at a time, and what could not be read is said", async () => {
    expect((await api.call("GET", "/v1/cost/hunt", { token: globex.viewer })).body).toEqual({ hunted_at: null, unread: [] });
    await api.db.rows(sql`insert into zombie_hunts (customer_id, hunted_at, unread)
      values (${acme.id}, '2026-11-21T03:23:00Z', '[{"source": "ec2:DescribeAddresses of 123456789012", "problem": "access denied"}]')`);
    expect((await api.call("GET", "/v1/cost/hunt", { token: acme.viewer })).body).toEqual({
      hunted_at: "2026-11-21T03:23:00.000Z",
      unread: [{ source: "ec2:DescribeAddresses of 123456789012", problem: "access denied" }],
    });
  });
});

describe("a dead letter", () => {
  it("is listed, scored once more, or given up; what waits is none", async () => {
    const [first, second] = [await seedBatch(api.db, acme.id, "dead"), await seedBatch(api.db, acme.id, "dead", 1)];
    const waiting = await seedBatch(api.db, acme.id, "queued");
    const list = async () => (await api.call("GET", "/v1/cost/dead-letters", { token: acme.viewer })).list;
    expect(await list()).toMatchObject([
      { id: first, source: "push", events: 2, tries: 5, last_error: "a value is out of range" },
      { id: second, events: 1 },
    ]);
    expect((await api.call("POST", `/v1/cost/dead-letters/${first}/retry`, { token: globex.editor })).status).toBe(404);
    expect((await api.call("POST", `/v1/cost/dead-letters/${first}/retry`, { token: acme.viewer })).status).toBe(403);
    expect((await api.call("POST", `/v1/cost/dead-letters/${first}/retry`, { token: acme.editor })).status).toBe(204);
    expect((await api.call("POST", `/v1/cost/dead-letters/${first}/retry`, { token: acme.editor })).status).toBe(404);
    const [queued] = await api.db.rows(sql`select state, tries, next_try_at <= now() as due from cost_batches where id = ${first}`);
    expect(queued).toEqual({ state: "queued", tries: 0, due: true });
    expect((await api.call("DELETE", `/v1/cost/dead-letters/${waiting}`, { token: acme.editor })).status).toBe(404);
    expect((await api.call("DELETE", `/v1/cost/dead-letters/${second}`, { token: acme.editor })).status).toBe(204);
    expect(await list()).toEqual([]);
    const log = await api.call("GET", "/v1/audit-log?object_type=cost_dead_letter", { token: acme.owner });
    expect(new Set(log.list.map(({ action }) => action))).toEqual(new Set(["delete", "retry"]));
  });
});

describe("the summary", () => {
  const summary = async (token: string) => (await api.call("GET", "/v1/cost/summary", { token })).body;

  it("of a customer without anything is nothing", async () => {
    expect(await summary(globex.viewer)).toEqual({
      as_of: expect.any(String),
      egress: [],
      egress_omitted: 0,
      open_anomalies: { critical: 0, high: 0, medium: 0 },
      zombies: { open: 0, critical: 0, monthly_waste_cents: 0, unpriced: 0 },
      events: { waiting: 0, dead: 0 },
    });
  });

  it("has egress by service and CDN against the usual, what is odd and what idles", async () => {
    const customer = await api.onboard("summary");
    const service = await api.service(customer.editor, "web");
    const of = (cdn: string | null) => seedSeries(api.db, customer.id, { serviceId: service.id, cdn });
    const [cheap, dear] = [await of("fastly"), await of(null)];
    await seedHours(api.db, cheap, 200, 10, 9);
    await seedHours(api.db, dear, 200, 20, 18);
    await api.db.rows(sql`update cost_hours set usual_mean = null where series_id = ${cheap} and hour < now() - interval '3 days'`);
    const expected = await seedAnomaly(api.db, customer.id, cheap, { severity: "critical" });
    await api.call("PATCH", `/v1/cost/anomalies/${expected}`, { token: customer.editor, body: { state: "expected" } });
    await seedAnomaly(api.db, customer.id, dear, { severity: "medium" });
    await seedZombie(api.db, customer.id, { rule: "backup-would-not-pay", severity: "critical", waste: null });
    await seedZombie(api.db, customer.id, { resource: "one", waste: 123 });
    const dismissed = await seedZombie(api.db, customer.id, { resource: "two", waste: 1_000 });
    await api.call("PATCH", `/v1/cost/zombies/${dismissed}`, { token: customer.editor, body: { state: "dismissed" } });
    await seedBatch(api.db, customer.id, "queued", 3);
    await seedBatch(api.db, customer.id, "dead", 2);
    expect(await summary(customer.viewer)).toMatchObject({
      egress: [
        {
          baseline_id: dear,
          series: { service_name: "web", cdn: null, unit: "cents" },
          last_24_hours: { value: 480, usual: 432, hours: 24 },
          last_7_days: { value: 3_360, usual: 3_024, hours: 168 },
        },
        {
          baseline_id: cheap,
          series: { cdn: "fastly" },
          last_24_hours: { value: 240, usual: 216, hours: 24 },
          last_7_days: { value: 1_680, usual: null, hours: 168 },
        },
      ],
      egress_omitted: 0,
      open_anomalies: { critical: 0, high: 0, medium: 1 },
      zombies: { open: 2, critical: 1, monthly_waste_cents: 123, unpriced: 1 },
      events: { waiting: 3, dead: 2 },
    });
  });

  it("shows the 200 that cost most, and says how many there are beyond", async () => {
    const customer = await api.onboard("wide");
    const service = await api.service(customer.editor, "web");
    await api.db.rows(sql`insert into cost_series (customer_id, kind, resource_type, service_id, cdn, unit, memory)
      select ${customer.id}, 'egress', 'egress', ${service.id}, 'cdn-' || n, 'cents', '{}' from generate_series(1, 203) n`);
    const body = await summary(customer.viewer);
    expect([(body["egress"] as unknown[]).length, body["egress_omitted"]]).toEqual([200, 3]);
  });
});
