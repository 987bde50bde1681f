import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;

beforeAll(async () => {
  api = await startApi({ CLOUDFLARE_ACCOUNT_ID: "acc", CLOUDFLARE_API_TOKEN: "tok" });
  acme = await api.onboard("acme");
  const plain = { name: "plain", primary_cdn: "akamai", backup_cdn: "fastly" };
  serviceId = (await api.created("/v1/services", plain, { token: acme.editor })).id;
});

const hour = (at: number) => `2026-11-21T${String(at).padStart(2, "0")}:00:00Z`;
const window = (at: number, bytes: object = { primary_bytes: 1, backup_bytes: 2 }) => ({
  window_start: hour(at),
  window_end: hour(at + 1),
  ...bytes,
});
const put = (body: unknown, id = serviceId, token = acme.editor, customer?: number) =>
  api.call("PUT", `/v1/services/${id}/usage`, { token, body, ...(customer !== undefined && { customer }) });

/** An invoice over one window of the service, as billing would leave it. */
const bill = async (start: string): Promise<number> => {
  const [row] = await api.db.rows<{ id: number }>(sql`
    with invoice as (
      insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, issued_at)
      select ${acme.id}, coalesce(max(number), 0) + 1, ${start}::timestamptz, ${start}::timestamptz + interval '1 hour', 10, 3, 7,
        '2026-11-21T13:00:00Z'::timestamptz from invoices where customer_id = ${acme.id} returning id
    ), line as (
      insert into invoice_line_items (invoice_id, snapshot_id, service_id, window_start, window_end, primary_bytes,
        backup_bytes, rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
      select invoice.id, u.id, u.service_id, u.window_start, u.window_end, u.primary_bytes, u.backup_bytes, 12, 0.5, 0, 1.5, 10, 3
      from invoice, usage_snapshots u where u.service_id = ${serviceId} and u.window_start = ${start}::timestamptz
    )
    update usage_snapshots set invoice_id = (select id from invoice)
    where service_id = ${serviceId} and window_start = ${start}::timestamptz returning invoice_id as id`);
  return row?.id ?? 0;
};

describe("usage", () => {
  it("is pushed side by side, replaced until it is billed, and listed", async () => {
    const first = await put([window(2, { backup_bytes: 5 }), window(1)]);
    expect([first.status, first.list]).toEqual([
      200,
      [
        {
          window_start: "2026-11-21T01:00:00.000Z",
          window_end: "2026-11-21T02:00:00.000Z",
          primary_bytes: 1,
          backup_bytes: 2,
          primary_source: "push",
          backup_source: "push",
          invoice_id: null,
          primary_sampling: null,
          backup_sampling: null,
          primary_incomplete: false,
          backup_incomplete: false,
          corrected_at: null,
          pending_correction: null,
        },
        {
          window_start: "2026-11-21T02:00:00.000Z",
          window_end: "2026-11-21T03:00:00.000Z",
          primary_bytes: 0,
          backup_bytes: 5,
          primary_source: null,
          backup_source: "push",
          invoice_id: null,
          primary_sampling: null,
          backup_sampling: null,
          primary_incomplete: false,
          backup_incomplete: false,
          corrected_at: null,
          pending_correction: null,
        },
      ],
    ]);
    const second = await put([window(2, { primary_bytes: 7 })]);
    expect(second.list).toMatchObject([{ primary_bytes: 7, backup_bytes: 5, primary_source: "push" }]);
    const listed = await api.call("GET", `/v1/services/${serviceId}/usage?from=${hour(2)}`, { token: acme.viewer });
    expect(listed.list).toEqual(second.list);
    const [row] = await api.db.rows<{ before: object; after: object }>(sql`
      select before, after from audit_log where object_type = 'usage' and object_id = ${serviceId} order by id desc limit 1`);
    expect(row).toMatchObject({ before: [{ primary_bytes: 0 }], after: [{ primary_bytes: 7, backup_bytes: 5 }] });
  });

  it.each([
    ["misaligned", { window_start: "2026-11-21T03:30:00Z", window_end: "2026-11-21T04:30:00Z" }, "/1/window_start"],
    ["of another length", { window_start: hour(3), window_end: hour(5) }, "/1/window_end"],
    ["inverted", { window_start: hour(4), window_end: hour(3) }, "/1/window_end"],
    ["empty", { window_start: hour(4), window_end: hour(4) }, "/1/window_end"],
    ["not over", { window_start: hour(12), window_end: hour(13) }, "/1/window_end"],
    ["repeated", { window_start: hour(6), window_end: hour(7) }, "/1/window_start"],
    ["negative", { window_start: hour(3), window_end: hour(4), primary_bytes: -1 }, "/1/primary_bytes"],
    ["fractional", { window_start: hour(3), window_end: hour(4), primary_bytes: 1.5 }, "/1/primary_bytes"],
    ["too large", { window_start: hour(3), window_end: hour(4), primary_bytes: 2 ** 53 }, "/1/primary_bytes"],
    ["in local time", { window_start: "2026-11-21T03:00:00+01:00", window_end: hour(4) }, "/1/window_start"],
  ])("refuses a window that is %s, and stores nothing", async (_, bad, pointer) => {
    const answer = await put([window(6), { primary_bytes: 1, ...bad }]);
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    const stored = await api.call("GET", `/v1/services/${serviceId}/usage?from=${hour(3)}`, { token: acme.viewer });
    expect(stored.list).toEqual([]);
  });

  it("refuses windows without bytes, no windows and too many", async () => {
    expect(pointers(await put([window(6, {})]))).toEqual(["/0/primary_bytes"]);
    expect((await put([])).status).toBe(400);
    expect((await put(Array.from({ length: 1_001 }, () => window(6)))).status).toBe(400);
    expect((await put({})).status).toBe(400);
  });

  it("refuses the side that an adapter measures, admins excepted", async () => {
    const { id } = await api.service(acme.editor, "measured");
    const refused = await put([window(1)], id);
    expect([refused.status, refused.body["detail"]]).toEqual([409, "the primary side of this service is measured, not pushed"]);
    expect((await put([window(1, { backup_bytes: 4 })], id)).status).toBe(200);
    const forced = await put([window(1, { primary_bytes: 9 })], id, api.env.ADMIN_TOKEN, acme.id);
    expect(forced.list).toMatchObject([{ primary_bytes: 9, backup_bytes: 4 }]);
  });

  it("never changes a billed window: what is pushed is a correction, seen at once and adjusted later", async () => {
    await put([window(8), window(9)]);
    const invoiceId = await bill(hour(9));
    const pushed = await put([window(8, { primary_bytes: 100 }), window(9, { primary_bytes: 100 })]);
    expect(pushed.list).toMatchObject([
      { primary_bytes: 100, backup_bytes: 2, invoice_id: null, corrected_at: null },
      { primary_bytes: 100, backup_bytes: 2, invoice_id: invoiceId, corrected_at: expect.any(String) },
    ]);
    const listed = await api.call("GET", `/v1/services/${serviceId}/usage?from=${hour(8)}`, { token: acme.viewer });
    expect(listed.list).toEqual(pushed.list);
    const rows = await api.db.rows(sql`select primary_bytes from usage_snapshots where invoice_id = ${invoiceId}`);
    expect(rows).toEqual([{ primary_bytes: 1 }]);
    const [audited] = await api.db.rows<{ before: object; after: object }>(sql`
      select before, after from audit_log where object_type = 'usage' and object_id = ${serviceId} order by id desc limit 1`);
    expect(audited).toMatchObject({
      before: [{ primary_bytes: 1 }, { primary_bytes: 1 }],
      after: [{ primary_bytes: 100 }, { primary_bytes: 100 }],
    });
  });
});

describe("invoices", () => {
  it("are listed and read with their lines, by their own customer only", async () => {
    await put([window(10)]);
    const id = await bill(hour(10));
    const listed = await api.call("GET", "/v1/invoices", { token: acme.viewer });
    const own = listed.list.find((invoice) => invoice.id === id);
    expect(own).toMatchObject({ subtotal_cents: 10, discount_cents: 3, total_cents: 7, issued_at: "2026-11-21T13:00:00.000Z" });
    const one = await api.call("GET", `/v1/invoices/${id}`, { token: acme.viewer });
    expect(one.body).toMatchObject({ ...own, line_count: 1 });
    const lines = await api.call("GET", `/v1/invoices/${id}/lines`, { token: acme.viewer });
    expect(lines.list).toEqual(one.body["lines"]);
    expect(lines.list).toMatchObject([
      { service_id: serviceId, window_start: "2026-11-21T10:00:00.000Z", rate_cents_per_gb: "12", discount_rate: "0.5" },
    ]);
    const globex = await api.onboard("globex");
    expect((await api.call("GET", `/v1/invoices/${id}`, { token: globex.viewer })).status).toBe(404);
    expect((await api.call("GET", `/v1/invoices/${id}/lines`, { token: globex.viewer })).status).toBe(404);
    expect((await api.call("GET", "/v1/invoices", { token: globex.viewer })).list).toEqual([]);
  });
});

describe("invoice lines as CSV", () => {
  it("are the same lines, one page at a time, for those who ask", async () => {
    await put([window(11)]);
    const path = `/v1/invoices/${await bill(hour(11))}/lines`;
    const json = await api.call("GET", path, { token: acme.viewer });
    const table = await api.call("GET", `${path}?limit=1`, { token: acme.viewer, headers: { accept: "text/csv" } });
    expect(table.status).toBe(200);
    expect(table.headers.get("content-type")).toBe("text/csv; charset=utf-8; header=present");
    expect(table.headers.get("content-disposition")).toMatch(/^attachment; filename="invoice-\d+-lines\.csv"$/);
    expect([table.headers.get("vary"), json.headers.get("vary")]).toEqual(["Accept", "Accept"]);
    const [header = "", row = "", rest] = table.text.split("\r\n");
    const line = Object.fromEntries(header.split(",").map((name, at) => [name, row.split(",")[at]]));
    expect(rest).toBe("");
    expect(header.split(",")).toEqual(expect.arrayContaining(Object.keys(json.list[0] ?? {})));
    expect(line).toMatchObject(Object.fromEntries(Object.entries(json.list[0] ?? {}).map(([name, value]) => [name, String(value)])));
  });

  it("announce the next page, and answer JSON to whoever asks for neither", async () => {
    const id = await bill(hour(8));
    await api.db.rows(sql`alter table invoice_line_items disable trigger user`);
    await api.db.rows(sql`
      insert into invoice_line_items (invoice_id, snapshot_id, service_id, kind, window_start, window_end, primary_bytes,
        backup_bytes, rate_cents_per_gb, discount_rate, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
      select invoice_id, snapshot_id, service_id, 'adjustment', window_start, window_end, 0, 0, 12, 0.5, 0, 1.5, -10, -3
      from invoice_line_items where invoice_id = ${id}`);
    await api.db.rows(sql`alter table invoice_line_items enable trigger user`);
    const headers = { accept: "text/csv" };
    const first = await api.call("GET", `/v1/invoices/${id}/lines?limit=1`, { token: acme.viewer, headers });
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await api.call("GET", next, { token: acme.viewer, headers });
    expect([first.text.split("\r\n").length, second.text.split("\r\n").length]).toEqual([3, 3]);
    expect(second.text).toMatch(/adjustment.*,-10,-3,.*,-7,-0\.10,-0\.03,-0\.07,\d+,\r\n$/);
    const image = await api.call("GET", `/v1/invoices/${id}/lines`, { token: acme.viewer, headers: { accept: "image/png" } });
    expect([image.status, image.list.length]).toEqual([200, 2]);
    expect((await api.call("GET", "/v1/invoices/999999/lines", { token: acme.viewer, headers })).status).toBe(404);
  });
});
