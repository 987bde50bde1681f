import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Answer, Api } from "../../support/api.ts";

const secret = "cron-secret-of-the-test";
const gib = 2 ** 30;
let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;
/** The next hour of that day that nothing was billed for. */
let free = 0;

beforeAll(async () => {
  api = await startApi({ CRON_SECRET: secret, BILLING_PERIOD: "240h" });
  acme = await api.onboard("acme", 10);
  serviceId = (await api.created("/v1/services", { name: "plain", primary_cdn: "akamai", backup_cdn: "fastly" }, { token: acme.editor }))
    .id;
});

const hour = (at: number): string => new Date(Date.parse("2026-11-20T00:00:00Z") + at * 3_600_000).toISOString();
type Bytes = { readonly primary_bytes?: number; readonly backup_bytes?: number };
const put = (at: number, bytes: Bytes, options: { token?: string; customer?: number } = { token: acme.editor }): Promise<Answer> =>
  api.call("PUT", `/v1/services/${serviceId}/usage`, {
    ...options,
    body: [{ window_start: hour(at), window_end: hour(at + 1), ...bytes }],
  });
const bill = async (): Promise<void> => {
  const response = await api.app.request("/internal/cron/bill", { headers: { authorization: `Bearer ${secret}` } });
  expect([response.status, new TextDecoder().decode(await response.arrayBuffer())]).toEqual([200, expect.stringContaining('"ok":true')]);
};
const paid = async (): Promise<number> =>
  (
    await api.db.rows<{ cents: number }>(
      sql`select coalesce(sum(total_cents), 0)::bigint as cents from invoices where customer_id = ${acme.id}`,
    )
  )[0]?.cents ?? 0;

/** A window that was pushed and billed; what was paid until then. */
const billed = async (bytes: Bytes) => {
  const at = (free += 1);
  expect((await put(at, bytes)).status).toBe(200);
  await bill();
  const [before] = [await paid()];
  return {
    at,
    /** What a push, and the invoices after it, change of what was paid. */
    gain: async (next: Bytes, options?: { token?: string; customer?: number }) => {
      const answer = await put(at, next, options);
      expect(answer.status, answer.text).toBe(200);
      await bill();
      return { cents: before - (await paid()), window: answer.list[0] ?? answer.body };
    },
  };
};

/** A storm over an hour. */
const storm = async (at: number, { credit = "earned", factor = 1.5 } = {}) => {
  await api.db.rows(sql`
    with policy as (insert into storm_policies (service_id, kind, deleted_at) values (${serviceId}, 'http_availability', now()) returning id)
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor, credit, credit_reason)
    select ${serviceId}, id, 1, 'http_availability', 'ended', ${hour(at)}::timestamptz, ${hour(at)}::timestamptz, ${hour(at + 1)}::timestamptz, 'recovered', ${factor}, ${credit},
      ${credit === "earned" ? null : "uncorroborated"} from policy`);
};
const list = async (options: { token?: string; customer?: number } = {}, query = "?status=pending") =>
  (await api.call("GET", `/v1/corrections${query}`, options)).list;
const decide = (id: number, what: string, options: { token?: string } = {}) =>
  api.call("POST", `/v1/corrections/${id}/${what}`, { ...options, body: { reason: "INC-1" } });

const full = { primary_bytes: 100 * gib, backup_bytes: 100 * gib };

describe("an admin who may act for customers", () => {
  const tokenOf = async (name: string, scopes: string[]) => String((await api.created("/v1/admin-tokens", { name, scopes }))["token"]);

  it("refunds nothing by a push without the scope that approves: it waits for who has that", async () => {
    const { gain } = await billed(full);
    const { cents, window } = await gain(
      { primary_bytes: 0, backup_bytes: 0 },
      { token: await tokenOf("support", ["read", "write"]), customer: acme.id },
    );
    expect([cents, window["pending_correction"]]).toEqual([0, expect.objectContaining({ primary_bytes: 0 })]);
  });

  it("does with it", async () => {
    const { gain } = await billed(full);
    const { cents, window } = await gain(
      { primary_bytes: 0, backup_bytes: 0 },
      { token: await tokenOf("books", ["read", "write", "billing"]), customer: acme.id },
    );
    expect([cents > 0, window["pending_correction"]]).toEqual([true, null]);
  });
});

describe("a customer who pushes after the invoice", () => {
  it.each([
    ["zero bytes", { primary_bytes: 0, backup_bytes: 0 }],
    ["a byte less on one side", { primary_bytes: 100 * gib - 1 }],
    ["a few per cent less of the backup", { backup_bytes: 95 * gib }],
    ["bytes moved from the primary to the backup", { primary_bytes: 0, backup_bytes: 200 * gib }],
    ["bytes moved from the backup to the primary", { primary_bytes: 200 * gib, backup_bytes: 0 }],
    ["less of one side beside more of the other", { primary_bytes: 99 * gib, backup_bytes: 500 * gib }],
  ])("%s is not refunded: it waits, and he sees that it does", async (_, bytes: Bytes) => {
    const { at, gain } = await billed(full);
    await storm(at);
    await bill();
    const before = await paid();
    const { window } = await gain(bytes);
    expect(await paid()).toBe(before);
    expect(window).toMatchObject({
      ...full,
      corrected_at: null,
      pending_correction: { primary_bytes: bytes.primary_bytes ?? null, backup_bytes: bytes.backup_bytes ?? null },
    });
    expect((await list({ token: acme.viewer })).at(-1)).toMatchObject({
      window_start: hour(at),
      status: "pending",
      was_primary_bytes: 100 * gib,
      was_backup_bytes: 100 * gib,
      actor: expect.stringMatching(/^token:/),
    });
  });

  it("more backup bytes is not refunded either, where a storm takes more off a byte than it costs, be its credit still pending", async () => {
    const { at, gain } = await billed({ primary_bytes: 1_000 * gib, backup_bytes: gib });
    await storm(at, { credit: "pending", factor: 10 });
    const { cents, window } = await gain({ backup_bytes: 300 * gib });
    expect([cents, window["backup_bytes"], window["pending_correction"]]).toEqual([
      0,
      gib,
      { id: expect.any(Number), primary_bytes: null, backup_bytes: 300 * gib },
    ]);
  });

  it("what he owes passes at once: more of a side, and more of the backup under an ordinary storm", async () => {
    const { at, gain } = await billed(full);
    expect((await gain({ primary_bytes: 200 * gib })).cents).toBe(-1_200);
    await storm(at);
    await bill();
    const before = await paid();
    expect((await gain({ backup_bytes: 200 * gib })).window["pending_correction"]).toBeNull();
    expect(await paid()).toBeGreaterThan(before);
  });

  it("first more and then less again waits as well, at what is known by then", async () => {
    const { gain } = await billed(full);
    expect((await gain({ primary_bytes: 300 * gib })).cents).toBe(-2_400);
    const { cents, window } = await gain({ primary_bytes: 100 * gib });
    expect([cents, window["primary_bytes"]]).toEqual([-2_400, 300 * gib]);
  });

  it("one window that waits keeps no other of the push waiting", async () => {
    const { at } = await billed(full);
    const body = [at, at + 1].map((start) => ({ window_start: hour(start), window_end: hour(start + 1), primary_bytes: 7 }));
    free += 1;
    const { list: windows } = await api.call("PUT", `/v1/services/${serviceId}/usage`, { token: acme.editor, body });
    expect(windows.map((window) => [window["primary_bytes"], window["pending_correction"] === null])).toEqual([
      [100 * gib, false],
      [7, true],
    ]);
  });

  it("what he takes back is withdrawn", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 0 });
    expect((await gain({ primary_bytes: 100 * gib })).window["pending_correction"]).toBeNull();
    expect((await list({ token: acme.viewer }, "")).filter((one) => one["window_start"] === hour(at)).map((one) => one["status"])).toEqual([
      "superseded",
    ]);
  });
});

describe("an admin", () => {
  it("approves, once: the bytes are those that were pushed, the next invoice refunds them, and both are in the audit log", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 0 });
    const own = (await list()).find((one) => one["window_start"] === hour(at)) ?? { id: 0 };
    expect(own).toMatchObject({ customer_id: acme.id });
    const before = await paid();
    expect((await decide(own.id, "approve")).body).toMatchObject({ status: "approved", decided_by: "admin", reason: "INC-1" });
    await bill();
    expect(before - (await paid())).toBe(1_200);
    expect([(await decide(own.id, "approve")).status, (await decide(own.id, "reject")).status]).toEqual([409, 409]);
    const actions = (await api.call("GET", "/v1/audit-log?object_type=usage_correction", { customer: acme.id })).list.filter(
      (entry) => entry["object_id"] === own.id,
    );
    expect(actions.map((entry) => [entry["action"], entry["actor"]])).toEqual([
      ["approve", "admin"],
      ["request", expect.stringMatching(/^token:/)],
    ]);
    await bill();
    expect(before - (await paid())).toBe(1_200);
  });

  it("rejects: nothing changes, and the customer sees why", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 0 });
    const own = (await list()).find((one) => one["window_start"] === hour(at)) ?? { id: 0 };
    expect((await decide(own.id, "reject")).body).toMatchObject({ status: "rejected" });
    const before = await paid();
    await bill();
    expect(await paid()).toBe(before);
    expect((await list({ token: acme.viewer }, "?status=rejected")).find(({ id }) => id === own.id)).toMatchObject({ reason: "INC-1" });
  });

  it("does not approve another figure than the one that was read: a push in between has another id", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 99 * gib });
    const read = (await list()).find((one) => one["window_start"] === hour(at)) ?? { id: 0 };
    await gain({ primary_bytes: 0 });
    expect((await decide(read.id, "approve")).status).toBe(409);
    const own = (await list()).filter((one) => one["window_start"] === hour(at));
    expect(own).toMatchObject([{ primary_bytes: 0, status: "pending" }]);
    expect(own[0]?.id).not.toBe(read.id);
  });

  it("pushes himself and waits for nobody; what waited is superseded", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 0 });
    expect((await gain({ primary_bytes: 50 * gib }, { customer: acme.id })).cents).toBe(600);
    expect((await list()).filter((one) => one["window_start"] === hour(at))).toEqual([]);
  });

  it("is needed: neither the customer nor another one approves, and others do not see it", async () => {
    const { at, gain } = await billed(full);
    await gain({ primary_bytes: 0 });
    const own = (await list()).find((one) => one["window_start"] === hour(at)) ?? { id: 0 };
    const other = await api.onboard("globex");
    expect([
      (await decide(own.id, "approve", { token: acme.editor })).status,
      (await decide(own.id, "reject", { token: other.editor })).status,
    ]).toEqual([403, 403]);
    expect(await list({ token: other.viewer }, "")).toEqual([]);
    expect(await list({ customer: other.id }, "")).toEqual([]);
    expect([(await decide(999_999, "approve")).status, (await decide(999_999, "reject")).status]).toEqual([404, 404]);
  });
});

it("the reconciliation finds nothing of what waits", async () => {
  const { gain } = await billed(full);
  await gain({ primary_bytes: 0 });
  const response = await api.app.request("/internal/cron/reconcile", { headers: { authorization: `Bearer ${secret}` } });
  expect([response.status, new TextDecoder().decode(await response.arrayBuffer())]).toEqual([200, expect.stringContaining('"ok":true')]);
  const found = await api.db.rows(
    sql`select rule, expected, actual from reconciliation_findings where cleared_at is null and rule <> 'window_missing'`,
  );
  expect(found).toEqual([]);
});
