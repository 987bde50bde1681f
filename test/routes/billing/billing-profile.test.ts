import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { runScheduled } from "../../../src/cron/schedule.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let path: string;

const gib = 2 ** 30;
const hour = (day: string, at: number) => ({
  window_start: `${day}T${String(at).padStart(2, "0")}:00:00Z`,
  window_end: `${day}T${String(at + 1).padStart(2, "0")}:00:00Z`,
});

beforeAll(async () => {
  api = await startApi({ BILLING_CYCLE: "month", BILLING_GRACE: "6h" });
  acme = await api.onboard("acme");
  path = `/v1/customers/${acme.id}/billing-profile`;
});

const profile = {
  legal_name: "ACME Corporation Ltd",
  address: ["1 Acme Road", "London N1 1AA"],
  tax_id: "GB123456789",
  po_number: "PO-4711",
  number_pattern: "{year}/{number}",
  payment_days: 14,
  taxes: [
    { label: "VAT", rate: 0.2 },
    { label: "Levy", rate: "0.0150" },
  ],
  reverse_charge: false,
};
const put = (body: unknown, token = api.env.ADMIN_TOKEN, at = path) => api.call("PUT", at, { token, body });

describe("the billing profile of a customer", () => {
  it("is what is usual while nobody has said more", async () => {
    const answer = await api.call("GET", path, { token: acme.viewer });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        legal_name: null,
        address: [],
        tax_id: null,
        po_number: null,
        number_pattern: "TR-{year}-{number}",
        payment_days: 30,
        taxes: [],
        reverse_charge: false,
        updated_at: null,
      },
    ]);
  });

  it("is set by admins alone, as a whole, read by the customer, and audited", async () => {
    const answer = await put(profile);
    const stored = {
      ...profile,
      taxes: [
        { label: "VAT", rate: "0.2" },
        { label: "Levy", rate: "0.015" },
      ],
      updated_at: expect.any(String),
    };
    expect([answer.status, answer.body]).toEqual([200, stored]);
    expect((await api.call("GET", path, { token: acme.viewer })).body).toEqual(answer.body);
    const bare = await put({});
    expect(bare.body).toMatchObject({ legal_name: null, address: [], number_pattern: "TR-{year}-{number}", payment_days: 30, taxes: [] });
    const rows = await api.db.rows(sql`
      select actor, action, before->>'legal_name' as before, after->>'number_pattern' as after, customer_id from audit_log where object_type = 'billing_profile' order by id`);
    expect(rows).toEqual([
      { actor: "admin", action: "set", before: null, after: "{year}/{number}", customer_id: acme.id },
      { actor: "admin", action: "set", before: "ACME Corporation Ltd", after: "TR-{year}-{number}", customer_id: acme.id },
    ]);
  });

  it("is nobody else's", async () => {
    const other = await api.onboard("globex");
    expect((await put(profile, acme.editor)).status).toBe(403);
    expect((await api.call("GET", path, { token: other.viewer })).status).toBe(404);
    expect((await api.call("GET", "/v1/customers/999999/billing-profile")).status).toBe(404);
    expect((await put(profile, api.env.ADMIN_TOKEN, "/v1/customers/999999/billing-profile")).status).toBe(404);
  });

  const taxed = (...rates: unknown[]) => ({ taxes: rates.map((rate) => ({ label: "VAT", rate })) });
  it.each<[string, object, string]>([
    ["a day too many", { payment_days: 366 }, "/payment_days"],
    ["a fraction of a day", { payment_days: 1.5 }, "/payment_days"],
    ["a negative term", { payment_days: -1 }, "/payment_days"],
    ["a pattern without its number", { number_pattern: "TR-{year}" }, "/number_pattern"],
    ["a pattern with a figure beside its number", { number_pattern: "{year}{number}" }, "/number_pattern"],
    ["a pattern with other characters", { number_pattern: "TR {number}" }, "/number_pattern"],
    ["a rate above 1", taxed("0.1", "1.0001"), "/taxes/1/rate"],
    ["a rate with five decimals", taxed("0.12345"), "/taxes/0/rate"],
    ["a number with five decimals", taxed(0.12345), "/taxes/0/rate"],
    ["a negative rate", taxed(-0.1), "/taxes/0/rate"],
    ["a rate that is none", taxed("19 %"), "/taxes/0/rate"],
    ["a rate in another notation", taxed("1e-2"), "/taxes/0/rate"],
    ["a tax without a name", { taxes: [{ rate: "0.1" }] }, "/taxes/0/label"],
    ["four taxes", taxed("0", "0", "0", "0"), "/taxes"],
    ["tax beside a reverse charge", { ...taxed("0", "0.19"), reverse_charge: true }, "/taxes/1/rate"],
    ["a line of an address with a line feed", { address: ["1 Acme Road\nLondon"] }, "/address/0"],
    ["an empty line", { address: ["", "London"] }, "/address/0"],
    ["seven lines", { address: Array.from({ length: 7 }, () => "x") }, "/address"],
    ["a field that is none", { vat_id: "GB1" }, "/vat_id"],
  ])("refuses %s, and stores nothing", async (_name, body, pointer) => {
    const before = await api.call("GET", path);
    const answer = await put(body);
    expect([answer.status, pointers(answer)], answer.text).toEqual([400, [pointer]]);
    expect((await api.call("GET", path)).body).toEqual(before.body);
  });

  it("takes a reverse charge with taxes of nothing", async () => {
    expect((await put({ taxes: [{ label: "VAT", rate: "0.000" }], reverse_charge: true })).body).toMatchObject({
      taxes: [{ label: "VAT", rate: "0" }],
      reverse_charge: true,
    });
  });
});

describe("the issuer", () => {
  const issuer = {
    legal_name: "Tranche Operations Ltd",
    address: ["2 Operator Street", "Dublin 2"],
    tax_id: "IE1234567T",
    payment_details: ["IBAN IE29"],
  };

  it("is nobody until an admin says who, is read by admins alone, and audited", async () => {
    const unset = await api.call("GET", "/v1/billing/issuer");
    expect([unset.status, unset.body]).toEqual([
      200,
      { legal_name: null, address: [], tax_id: null, payment_details: [], updated_at: null },
    ]);
    expect((await put(issuer, acme.editor, "/v1/billing/issuer")).status).toBe(403);
    const set = await put(issuer, api.env.ADMIN_TOKEN, "/v1/billing/issuer");
    expect([set.status, set.body]).toEqual([200, { ...issuer, updated_at: expect.any(String) }]);
    await put({ legal_name: "Other Ltd" }, api.env.ADMIN_TOKEN, "/v1/billing/issuer");
    expect((await api.call("GET", "/v1/billing/issuer")).body).toMatchObject({
      legal_name: "Other Ltd",
      address: [],
      tax_id: null,
      payment_details: [],
    });
    expect((await api.call("GET", "/v1/billing/issuer", { token: acme.viewer })).status).toBe(403);
    expect(pointers(await put({ address: [] }, api.env.ADMIN_TOKEN, "/v1/billing/issuer"))).toEqual(["/legal_name"]);
    const rows = await api.db.rows(
      sql`select before->>'legal_name' as before, after->>'legal_name' as after from audit_log where object_type = 'issuer' order by id`,
    );
    expect(rows).toEqual([
      { before: null, after: "Tranche Operations Ltd" },
      { before: "Tranche Operations Ltd", after: "Other Ltd" },
    ]);
  });
});

describe("terms", () => {
  it("name a cycle, or none, and a currency that is one", async () => {
    const { id } = await api.onboard("initech");
    const terms = `/v1/customers/${id}/billing-terms`;
    const body = { valid_from: "2026-12-01T00:00:00Z", rate_cents_per_gb: 1, discount_rate: 0, currency: "JPY" };
    expect(await api.created(terms, body)).toMatchObject({ currency: "JPY", cycle: null });
    expect(await api.created(terms, { ...body, valid_from: "2026-12-02T00:00:00Z", cycle: "day" })).toMatchObject({ cycle: "day" });
    for (const [field, value] of [
      ["currency", "ZZZ"],
      ["currency", "HRK"],
      ["currency", "XAU"],
      ["currency", "jpy"],
      ["cycle", "week"],
    ] as const) {
      const answer = await api.call("POST", terms, { body: { ...body, valid_from: "2026-12-03T00:00:00Z", [field]: value } });
      expect([answer.status, pointers(answer)], value).toEqual([400, [`/${field}`]]);
    }
  });
});

describe("the preview between closes", () => {
  const at = (text: string) => {
    api.time.nowMs = Date.parse(text);
  };

  it("holds the month so far, and says until when it bills and when it closes", async () => {
    const { id, editor, viewer } = await api.onboard("hooli");
    const service = (await api.created("/v1/services", { name: "s", primary_cdn: "akamai", backup_cdn: "bunny" }, { token: editor })).id;
    const push = async (...windows: object[]) =>
      expect((await api.call("PUT", `/v1/services/${service}/usage`, { token: editor, body: windows })).status).toBe(200);
    const preview = async () => (await api.call("GET", "/v1/invoices/preview", { token: viewer })).body;
    await put({ taxes: [{ label: "VAT", rate: "0.19" }] }, api.env.ADMIN_TOKEN, `/v1/customers/${id}/billing-profile`);

    // Nothing was ever closed: October is, with the next run.
    at("2026-11-30T12:00:00Z");
    await push(
      { ...hour("2026-11-05", 3), primary_bytes: 100 * gib },
      { ...hour("2026-11-30", 10), primary_bytes: 10 * gib },
      { ...hour("2026-11-30", 11), primary_bytes: 0 },
    );
    expect(await preview()).toMatchObject({
      cycle: "month",
      bills_until: "2026-11-01T00:00:00.000Z",
      closes_at: "2026-11-01T06:00:00.000Z",
      invoices: [],
      waiting_windows: 3,
    });
    await runScheduled(api.deps, "7 * * * *", api.time.nowMs);

    const november = {
      cycle: "month",
      bills_until: "2026-12-01T00:00:00.000Z",
      closes_at: "2026-12-01T06:00:00.000Z",
      waiting_windows: 0,
      withheld_windows: 0,
      idle_windows: 0,
    };
    expect(await preview()).toMatchObject({
      ...november,
      invoices: [
        {
          number: 1,
          total_cents: 1_320,
          tax_cents: 251,
          payable_cents: 1_571,
          line_count: 3,
          lines: [{ arrears: false }, { arrears: false }, { arrears: false }],
        },
      ],
    });
    // Windows of December wait while November's grace lasts; what is incomplete is withheld until the look-back is over.
    at("2026-12-01T03:30:00Z");
    await push({ ...hour("2026-12-01", 1), primary_bytes: gib }, { ...hour("2026-11-30", 22), primary_bytes: 5 * gib });
    await api.db.rows(
      sql`update usage_snapshots set primary_incomplete = true where service_id = ${service} and window_start = '2026-11-30T22:00:00Z'::timestamptz`,
    );
    expect(await preview()).toMatchObject({ ...november, waiting_windows: 1, withheld_windows: 1, invoices: [{ total_cents: 1_320 }] });
    await runScheduled(api.deps, "7 * * * *", api.time.nowMs);
    expect((await api.call("GET", "/v1/invoices", { token: viewer })).list).toEqual([]);
    at("2026-12-01T06:07:00Z");
    const last = await preview();
    expect(last).toMatchObject({ ...november, waiting_windows: 1, invoices: [{ total_cents: 1_380, line_count: 4 }] });
    const lines = (last["invoices"] as { lines: { window_start: string; estimated: boolean }[] }[])[0]?.lines ?? [];
    expect(lines.filter(({ estimated }) => estimated).map(({ window_start }) => window_start)).toEqual(["2026-11-30T22:00:00.000Z"]);

    await runScheduled(api.deps, "7 * * * *", api.time.nowMs);
    expect((await api.call("GET", "/v1/invoices", { token: viewer })).list).toMatchObject([{ number: 1, total_cents: 1_380 }]);
    // Late usage of November is seen at once, on December's.
    await push({ ...hour("2026-11-20", 1), primary_bytes: 2 * gib }, { ...hour("2026-12-01", 2), primary_bytes: 0 });
    expect(await preview()).toMatchObject({
      ...november,
      bills_until: "2027-01-01T00:00:00.000Z",
      closes_at: "2027-01-01T06:00:00.000Z",
      invoices: [
        {
          number: 2,
          total_cents: 36,
          lines: [
            { arrears: true, amount_cents: 24 },
            { arrears: false, amount_cents: 12 },
            { arrears: false, amount_cents: 0 },
          ],
        },
      ],
    });
  });

  it("counts what costs nothing and waits", async () => {
    at("2026-11-21T12:30:00Z");
    const { id, editor, viewer } = await api.onboard("umbrella");
    await api.created(`/v1/customers/${id}/billing-terms`, {
      valid_from: "2026-01-01T00:00:00Z",
      rate_cents_per_gb: 12,
      discount_rate: 0,
      currency: "USD",
      cycle: "run",
    });
    const service = (await api.created("/v1/services", { name: "s", primary_cdn: "akamai", backup_cdn: "bunny" }, { token: editor })).id;
    await api.call("PUT", `/v1/services/${service}/usage`, {
      token: editor,
      body: [
        { ...hour("2026-11-20", 3), primary_bytes: 1_000 },
        { ...hour("2026-11-20", 4), primary_bytes: 0 },
      ],
    });
    expect((await api.call("GET", "/v1/invoices/preview", { token: viewer })).body).toEqual({
      cycle: "run",
      bills_until: "2026-11-21T06:30:00.000Z",
      closes_at: null,
      invoices: [],
      waiting_windows: 0,
      withheld_windows: 0,
      idle_windows: 2,
    });
    expect((await api.call("GET", "/v1/invoices/preview", { customer: 999_999 })).status).toBe(404);
  });
});
