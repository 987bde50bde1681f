import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import { runBilling } from "../../src/cron/billing/bill.ts";
import { pointers, startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;

const gb = 2 ** 30;
const fence = { name: "job:bill", epoch: 1 };
const hour = (at: number) => `2026-11-21T${String(at).padStart(2, "0")}:00:00Z`;

beforeAll(async () => {
  api = await startApi({ BILLING_GRACE: "1h" });
  acme = await api.onboard("acme");
  serviceId = (
    await api.created("/v1/services", { name: "<web> & co", primary_cdn: "akamai", backup_cdn: "fastly" }, { token: acme.editor })
  ).id;
  await api.created(`/v1/services/${serviceId}/storm-policies`, {}, { token: acme.editor });
  await api.db.rows(sql`
    insert into leases (name, holder, provider, epoch, acquired_at, expires_at)
    values (${fence.name}, 'test', 'local', ${fence.epoch}, now(), now() + interval '1 hour')`);
  await api.db.rows(sql`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, ended_at, ended_reason, max_coverage_factor)
    select service_id, id, 1, kind, 'ended', '2026-11-21T08:15:00Z', '2026-11-21T08:15:20Z', '2026-11-21T08:45:00Z', 'recovered', 1.5
    from storm_policies where service_id = ${serviceId}`);
});

const put = async (at: number, bytes: object) => {
  const body = [{ window_start: hour(at), window_end: hour(at + 1), ...bytes }];
  const answer = await api.call("PUT", `/v1/services/${serviceId}/usage`, { token: acme.editor, body });
  expect(answer.status, answer.text).toBe(200);
  return answer.list[0];
};

const bill = () => {
  const { cycle, periodMs, graceMs, ...terms } = api.deps.config.billing;
  const { lookbackMs } = api.deps.config.usage;
  return runBilling({
    store: createBillingStore(api.db),
    clock: api.clock,
    log: api.log,
    fence,
    terms,
    cycle,
    periodMs,
    graceMs,
    lookbackMs,
  });
};

const get = (path: string, token = acme.viewer) => api.call("GET", path, { token });

describe("billing, as finance sees it", () => {
  let invoiceId: number;

  it("previews what the next run issues, to the letter, and what waits for the grace", async () => {
    const bare = {
      cycle: "run",
      bills_until: "2026-11-21T11:30:00.000Z",
      closes_at: null,
      invoices: [],
      waiting_windows: 0,
      withheld_windows: 0,
      idle_windows: 0,
    };
    expect((await get("/v1/invoices/preview")).body).toEqual(bare);
    await put(8, { primary_bytes: 100 * gb, backup_bytes: 40 * gb });
    await put(9, { primary_bytes: 3 * gb, backup_bytes: 0 });
    await put(11, { primary_bytes: gb, backup_bytes: gb });
    const preview = await get("/v1/invoices/preview");
    expect(preview.body["waiting_windows"]).toBe(1);
    const [expected] = preview.body["invoices"] as Record<string, unknown>[];
    expect(expected).toMatchObject({
      number: 1,
      currency: "USD",
      subtotal_cents: 1716,
      discount_cents: 180,
      total_cents: 1536,
      tax_cents: 0,
      payable_cents: 1536,
      line_count: 2,
    });
    expect((await get("/v1/invoices")).list).toEqual([]);

    expect(await bill()).toMatchObject({ invoices: 1, lines: 2 });
    const [issued] = (await get("/v1/invoices")).list;
    invoiceId = issued?.id ?? 0;
    // An issued invoice says more than a preview: what both say is the same.
    const { tax_cents: _tax, payable_cents: _payable, lines: shown, ...figures } = expected ?? {};
    const { body: invoice } = await get(`/v1/invoices/${invoiceId}`);
    expect(invoice).toMatchObject(figures);
    const lines = (shown as Record<string, unknown>[]).map(({ estimated: _estimated, ...line }) => line);
    expect(invoice["lines"]).toMatchObject(lines);
    expect((await get("/v1/invoices/preview")).body).toEqual({ ...bare, waiting_windows: 1 });
  });

  /** As if the database had the test's clock, too. */
  const pushedNow = () =>
    api.db.rows(
      sql.raw(`do $$ begin
    set local session_replication_role = replica;
    update usage_pushes set pushed_at = '${new Date(api.clock.nowMs()).toISOString()}' where pushed_at > '2026-11-22';
    update usage_pushes_past set replaced_at = '${new Date(api.clock.nowMs()).toISOString()}' where replaced_at > '2026-11-22'; end $$`),
    );

  /** A side of which there is nothing but a push. */
  const pushed = (bytes: number) => ({
    bytes,
    hosts: [],
    hosts_without_reading: [],
    push: { bytes, covers: "rest", actor: expect.stringMatching(/^token:\d+$/), pushed_at: expect.stringMatching(/^\d{4}-.*Z$/) },
  });

  it("explains a line from bytes to cents, with its storms and their evidence", async () => {
    await pushedNow();
    const [line] = (await get(`/v1/invoices/${invoiceId}/lines`)).list;
    const { body } = await get(`/v1/invoices/${invoiceId}/lines/${line?.id}/explain`);
    const [storm] = (await get(`/v1/storms?service_id=${serviceId}`)).list;
    expect(body).toEqual({
      line,
      storms: [
        {
          storm_id: storm?.id,
          from: "2026-11-21T08:15:00.000Z",
          to: "2026-11-21T08:45:00.000Z",
          max_coverage_factor: "1.5",
          evidence: `/v1/storms/${storm?.id}/evidence`,
        },
      ],
      union: [{ from: "2026-11-21T08:15:00.000Z", to: "2026-11-21T08:45:00.000Z" }],
      union_seconds: 1_800,
      window_seconds: 3_600,
      ratio: { fraction: "1/2", decimal: "0.5" },
      factor: "1.5",
      coverage: { fraction: "3/4", decimal: "0.75" },
      primary: { bytes: 100 * gb, exact_cents: { fraction: "1200/1", decimal: "1200" }, cents: 1200 },
      backup: { bytes: 40 * gb, exact_cents: { fraction: "480/1", decimal: "480" }, cents: 480 },
      amount_cents: 1680,
      exact_discount_cents: { fraction: "180/1", decimal: "180" },
      rounded_discount_cents: 180,
      discount_cents: 180,
      issued_before: { lines: 0, primary_bytes: 0, backup_bytes: 0, amount_cents: 0, discount_cents: 0 },
      adds_up: true,
      estimated: false,
      readings: { primary: pushed(100 * gb), backup: pushed(40 * gb), bytes_add_up: true },
      changed: null,
    });
    const other = await api.onboard("globex");
    expect((await get(`/v1/invoices/${invoiceId}/lines/${line?.id}/explain`, other.viewer)).status).toBe(404);
    expect((await get(`/v1/invoices/${invoiceId}/lines/999999/explain`)).status).toBe(404);
  });

  it("takes a correction of a billed window, says so, and adjusts on the next invoice, explained too", async () => {
    api.time.nowMs += 60_000;
    const corrected = await put(8, { backup_bytes: 40 * gb + 500_000_000 });
    await pushedNow();
    expect(corrected).toMatchObject({ primary_bytes: 100 * gb, backup_bytes: 40 * gb + 500_000_000, invoice_id: invoiceId });
    expect(corrected?.["corrected_at"]).toEqual(expect.any(String));
    await bill();
    const [, second] = (await get("/v1/invoices")).list;
    const [line] = (await get(`/v1/invoices/${second?.id}/lines`)).list;
    expect(line).toMatchObject({ kind: "adjustment", primary_bytes: 0, backup_bytes: 500_000_000, amount_cents: 6, discount_cents: 2 });
    const { body } = await get(`/v1/invoices/${second?.id}/lines/${line?.id}/explain`);
    expect(body).toMatchObject({
      backup: { bytes: 40 * gb + 500_000_000, exact_cents: { fraction: "509175855/1048576", decimal: "485.587935447692" }, cents: 486 },
      amount_cents: 1686,
      issued_before: { lines: 1, amount_cents: 1680, discount_cents: 180 },
      discount_cents: 182,
      adds_up: true,
      readings: { primary: pushed(100 * gb), backup: pushed(40 * gb + 500_000_000), bytes_add_up: true },
    });
    const [first] = (await get(`/v1/invoices/${invoiceId}/lines`)).list;
    expect(body["changed"]).toEqual({
      since_line_id: first?.id,
      readings: [],
      storms: [],
      pushes: [{ side: "backup", before: pushed(40 * gb).push, after: pushed(40 * gb + 500_000_000).push }],
    });
    // What the first line was made of is still told as it was.
    const before = await get(`/v1/invoices/${invoiceId}/lines/${first?.id}/explain`);
    expect(before.body["readings"]).toEqual({ primary: pushed(100 * gb), backup: pushed(40 * gb), bytes_add_up: true });
  });

  it("prints an invoice as a page that loads and runs nothing, with every name escaped", async () => {
    const page = await get(`/v1/invoices/${invoiceId}/page`);
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.text).toContain("&lt;web&gt; &amp; co");
    expect(page.text).not.toMatch(/<web>|<script|<img|src=|href="(?!\/v1\/)/);
    const { body } = await get(`/v1/invoices/${invoiceId}`);
    for (const figure of [
      String(body["document_number"]),
      "acme",
      "100.000",
      "107,374,182,400",
      "50.0 % × 1.5",
      "16.80",
      "−1.80",
      "USD 15.36",
    ])
      expect(page.text).toContain(figure);
  });
});

describe("terms of a customer", () => {
  const terms = { valid_from: "2026-11-21T05:00:00Z", rate_cents_per_gb: 7.5, discount_rate: 0.25, currency: "EUR" };

  it("are set by admins alone, once per moment, and read by the customer", async () => {
    const { id, editor, viewer } = await api.onboard("initech");
    const path = `/v1/customers/${id}/billing-terms`;
    expect((await api.call("POST", path, { token: editor, body: terms })).status).toBe(403);
    const made = await api.created(path, terms);
    expect(made).toMatchObject({ ...terms, valid_from: "2026-11-21T05:00:00.000Z" });
    expect((await api.call("POST", path, { body: terms })).status).toBe(409);
    expect((await get(path, viewer)).list).toEqual([made]);
    expect((await get(path)).status).toBe(404);
    expect((await api.call("POST", "/v1/customers/999999/billing-terms", { body: terms })).status).toBe(404);
    for (const bad of [{ rate_cents_per_gb: -1 }, { discount_rate: 1.1 }, { currency: "eur" }, { rate_cents_per_gb: 0.00001 }]) {
      const answer = await api.call("POST", path, { body: { ...terms, valid_from: "2027-01-01T00:00:00Z", ...bad } });
      expect([answer.status, pointers(answer)]).toEqual([400, [`/${Object.keys(bad)[0]}`]]);
    }
  });

  it("are frozen onto the lines of windows that begin under them; another currency is another invoice", async () => {
    const { id, editor, viewer } = await api.onboard("hooli");
    const service = (await api.created("/v1/services", { name: "s", primary_cdn: "akamai", backup_cdn: "bunny" }, { token: editor })).id;
    await api.created(`/v1/customers/${id}/billing-terms`, terms);
    const body = [4, 5].map((at) => ({ window_start: hour(at), window_end: hour(at + 1), primary_bytes: 100 * gb }));
    await api.call("PUT", `/v1/services/${service}/usage`, { token: editor, body });
    const preview = (await get("/v1/invoices/preview", viewer)).body["invoices"] as Record<string, unknown>[];
    expect(preview.map(({ number, currency, total_cents: total }) => [number, currency, total])).toEqual([
      [1, "EUR", 750],
      [2, "USD", 1200],
    ]);
    await bill();
    const invoices = (await get("/v1/invoices", viewer)).list;
    expect(invoices.map(({ number, currency, total_cents: total }) => [number, currency, total])).toEqual([
      [1, "EUR", 750],
      [2, "USD", 1200],
    ]);
    const [line] = (await get(`/v1/invoices/${invoices[0]?.id}/lines`, viewer)).list;
    expect(line).toMatchObject({ rate_cents_per_gb: "7.5", discount_rate: "0.25", currency: "EUR" });
    const csv = await api.call("GET", `/v1/invoices/${invoices[0]?.id}/lines`, { token: viewer, headers: { accept: "text/csv" } });
    expect(csv.text.split("\r\n")[0]).toContain("currency");
  });
});

describe("usage gaps", () => {
  it("are the windows of which a side was reported by nobody, from the service's beginning on, page by page", async () => {
    const service = (
      await api.created("/v1/services", { name: "gappy", primary_cdn: "akamai", backup_cdn: "bunny" }, { token: acme.editor })
    ).id;
    await api.db.rows(sql`update services set created_at = '2026-11-21T06:20:00Z' where id = ${service}`);
    const body = [
      { window_start: hour(7), window_end: hour(8), primary_bytes: 1, backup_bytes: 0 },
      { window_start: hour(9), window_end: hour(10), primary_bytes: 5 },
    ];
    await api.call("PUT", `/v1/services/${service}/usage`, { token: acme.editor, body });
    const path = `/v1/services/${service}/usage?gaps=true`;
    const gaps = await get(path);
    expect(
      gaps.list.map((window) => [String(window["window_start"]).slice(11, 13), window["primary_source"], window["backup_source"]]),
    ).toEqual([
      ["06", null, null],
      ["08", null, null],
      ["09", "push", null],
      ["10", null, null],
      ["11", null, null],
    ]);
    const first = await get(`${path}&limit=2`);
    const next = /<([^>]+)>/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await get(next);
    expect([...first.list, ...second.list]).toEqual(gaps.list.slice(0, 4));
    expect((await get(`${path}&from=${hour(9)}&to=${hour(10)}`)).list).toMatchObject([{ primary_bytes: 5, backup_source: null }]);
    expect((await get(`/v1/services/${service}/usage?gaps=false`)).list).toHaveLength(2);
    const long = await get(`${path}&from=1990-01-01T00:00:00Z`);
    expect([long.status, pointers(long)]).toEqual([400, ["from"]]);
  });
});

describe("accounts at CDNs", () => {
  it("keep a token that nothing gives back, one account per CDN", async () => {
    const { id, editor, viewer } = await api.onboard("umbrella");
    const token = "a-very-secret-token";
    const made = await api.created("/v1/cdn-accounts", { cdn: "cloudflare", account_ref: "acc1", api_token: token }, { token: editor });
    expect(made).toMatchObject({ cdn: "cloudflare", account_ref: "acc1", last_read_at: null, last_error: null, audit_log_error: null });
    expect(
      (await api.call("POST", "/v1/cdn-accounts", { token: editor, body: { cdn: "cloudflare", account_ref: "x", api_token: token } }))
        .status,
    ).toBe(409);
    expect(pointers(await api.call("POST", "/v1/cdn-accounts", { token: editor, body: { cdn: "cloudflare", api_token: token } }))).toEqual([
      "/account_ref",
    ]);
    expect((await get("/v1/cdn-accounts", viewer)).list).toEqual([made]);
    const everything = await api.db.rows<{ text: string }>(sql`
      select (select string_agg(a::text, ' ') from audit_log a) || (select string_agg(c::text, ' ') from cdn_accounts c) as text`);
    expect(everything[0]?.text).not.toContain(token);
    expect(JSON.stringify(api.lines)).not.toContain(token);
    expect((await api.call("DELETE", `/v1/cdn-accounts/${made.id}`, { token: editor })).status).toBe(204);
    expect((await get("/v1/cdn-accounts", viewer)).list).toEqual([]);
    expect(await api.db.rows(sql`select sealed_token from cdn_accounts where customer_id = ${id}`)).toEqual([{ sealed_token: "" }]);
  });

  it("make their side a measured one: pushes are refused", async () => {
    const { editor } = await api.onboard("tyrell");
    const service = (await api.created("/v1/services", { name: "s", primary_cdn: "akamai", backup_cdn: "fastly" }, { token: editor })).id;
    const push = (bytes: object) =>
      api.call("PUT", `/v1/services/${service}/usage`, { token: editor, body: [{ window_start: hour(3), window_end: hour(4), ...bytes }] });
    expect((await push({ backup_bytes: 1 })).status).toBe(200);
    await api.created("/v1/cdn-accounts", { cdn: "fastly", api_token: "another-secret" }, { token: editor });
    const refused = await push({ backup_bytes: 2 });
    expect([refused.status, refused.body["detail"]]).toEqual([409, "the backup side of this service is measured, not pushed"]);
    expect((await push({ primary_bytes: 2 })).status).toBe(200);
  });

  it("are refused where the deployment keeps no secrets", async () => {
    const bare = await startApi({ SECRETS_KEY: "" });
    const { editor } = await bare.onboard("bare");
    const answer = await bare.call("POST", "/v1/cdn-accounts", { token: editor, body: { cdn: "fastly", api_token: "another-secret" } });
    expect([answer.status, answer.body["detail"]]).toEqual([409, expect.stringContaining("SECRETS_KEY")]);
  });
});
