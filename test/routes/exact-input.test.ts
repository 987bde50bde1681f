import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../support/api.ts";
import type { Api, CallOptions, Json } from "../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let service: Json;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  service = await api.service(acme.editor);
});

/** `{service}` and `{customer}` in a path are the ids; whoever may do it does it. */
const call = async (method: string, path: string, body?: unknown) => {
  const filled = path.replace("{service}", String(service.id)).replace("{customer}", String(acme.id));
  const options: CallOptions = /^\/v1\/(customers|freeze)/.test(path) ? {} : { token: acme.editor };
  return await api.call(method, filled, { ...options, ...(body !== undefined && { body }) });
};

type Place = readonly [method: string, path: string, body: (value: string) => unknown, pointer: string];

describe("names and reasons, which invoices and reports print", () => {
  const places: readonly Place[] = [
    ["POST", "/v1/customers", (name) => ({ name }), "/name"],
    ["PATCH", "/v1/customers/{customer}", (name) => ({ name }), "/name"],
    ["POST", "/v1/customers/{customer}/tokens", (name) => ({ name, role: "viewer" }), "/name"],
    ["POST", "/v1/services", (name) => ({ name, primary_cdn: "a", backup_cdn: "b" }), "/name"],
    ["PATCH", "/v1/services/{service}", (name) => ({ name }), "/name"],
    ["POST", "/v1/services/{service}/objectives", (name) => ({ name, target: 99.9 }), "/name"],
    [
      "POST",
      "/v1/services/{service}/slo-corrections",
      (reason) => ({ from: "2026-11-20T00:00:00Z", to: "2026-11-20T01:00:00Z", reason }),
      "/reason",
    ],
    ["PUT", "/v1/services/{service}/routing/override", (reason) => ({ mode: "frozen", reason }), "/reason"],
    ["PUT", "/v1/freeze", (reason) => ({ reason }), "/reason"],
    [
      "POST",
      "/v1/cdn-accounts",
      (account_ref) => ({ cdn: "cloudflare", api_token: "token-at-cloudflare-0123456789", account_ref }),
      "/account_ref",
    ],
  ];

  it.each(places)("%s %s refuses what a reader does not see, and names it", async (method, path, body, pointer) => {
    for (const hidden of [
      "\u202e",
      "\u2066",
      "\u200b",
      "\u200d",
      "\u00ad",
      "\ufe0f",
      "\u3164",
      "\ufff9",
      "\ufeff",
      "\u2028",
      "\u{e0041}",
      "\u0378",
      "\ue000",
      "\u0007",
    ]) {
      for (const text of [`Ac${hidden}me`, `${hidden}Acme`, `Acme${hidden}`]) {
        const answer = await call(method, path, body(text));
        const name = `U+${hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`;
        expect([answer.status, pointers(answer), (answer.body["errors"] as Json[])[0]?.["detail"]]).toEqual([
          400,
          [pointer],
          `must not contain control or invisible characters (${name})`,
        ]);
      }
    }
  });

  it("are taken in any script, without the white space around them", async () => {
    const answer = await call("PATCH", "/v1/services/{service}", { name: " \tMüller & 株式会社　山田 – שלום 😀\n" });
    expect([answer.status, answer.body["name"]]).toEqual([200, "Müller & 株式会社　山田 – שלום 😀"]);
  });
});

describe("times", () => {
  const window = (window_start: string) => [{ window_start, window_end: "2026-11-20T01:00:00Z", primary_bytes: 1 }];
  const places: readonly Place[] = [
    ["PUT", "/v1/services/{service}/usage", window, "/0/window_start"],
    ["PUT", "/v1/services/{service}/routing/override", (until) => ({ mode: "frozen", reason: "x", until }), "/until"],
    ["POST", "/v1/services/{service}/slo-corrections", (from) => ({ from, to: "2026-11-20T01:00:00Z", reason: "x" }), "/from"],
    ["PUT", "/v1/freeze", (until) => ({ reason: "x", until }), "/until"],
    [
      "POST",
      "/v1/customers/{customer}/billing-terms",
      (valid_from) => ({ valid_from, rate_cents_per_gb: 1, discount_rate: 0, currency: "USD" }),
      "/valid_from",
    ],
    ["POST", "/v1/services/{service}/storm-policies/backtest", (from) => ({ policy: {}, from, to: "2026-11-21T00:00:00Z" }), "/from"],
  ];
  const filters = [
    ["/v1/services/{service}/usage?from=", "from"],
    ["/v1/services/{service}/usage?to=", "to"],
    ["/v1/storms?from=", "from"],
    ["/v1/storms?to=", "to"],
    ["/v1/services/{service}/availability?path=primary&step=3600&to=2026-11-21T00:00:00Z&from=", "from"],
  ] as const;
  const finer = [
    "2026-11-20T00:00:00.0001Z",
    "2026-11-20T00:00:00.0000001Z",
    "2026-11-20T00:00:00.1234567890Z",
    "2026-11-20T00:00:00.000000000001Z",
  ];
  const words = "must be given in whole milliseconds: at most 3 decimals of a second";

  it.each(places)("%s %s refuses what is finer than a millisecond", async (method, path, body, pointer) => {
    for (const text of finer) {
      const answer = await call(method, path, body(text));
      expect([answer.status, answer.body["errors"]], answer.text).toEqual([400, [{ pointer, detail: words }]]);
    }
  });

  it.each(filters)("so does the filter %s", async (path, pointer) => {
    for (const text of finer) {
      const answer = await call("GET", `${path}${text}`);
      expect([answer.status, answer.body["errors"]], answer.text).toEqual([400, [{ pointer, detail: words }]]);
    }
  });

  it("may end in zeros", async () => {
    for (const text of ["2026-11-20T00:00:00.000000000Z", "2026-11-20T00:00:00.0Z", "2026-11-20T00:00:00.000Z", "2026-11-20T00:00:00Z"]) {
      const answer = await call("PUT", "/v1/services/{service}/usage", window(text));
      expect([answer.status, answer.list[0]?.["window_start"]], answer.text).toEqual([200, "2026-11-20T00:00:00.000Z"]);
    }
    expect((await call("GET", "/v1/storms?from=2026-11-20T00:00:00.123000Z")).status).toBe(200);
  });
});

describe("decimals", () => {
  it.each([1e-300, 5e-324, 0.30000000000000004, 0.00001, 0.123456, 1.00005, 1e-5])("%s has too many", async (value) => {
    for (const [path, body, pointer] of [
      ["/v1/services/{service}/storm-policies", { threshold_avail: value }, "/threshold_avail"],
      ["/v1/services/{service}/storm-policies", { max_coverage_factor: value }, "/max_coverage_factor"],
      ["/v1/customers", { name: "decimals", max_coverage_cap: value }, "/max_coverage_cap"],
      [
        "/v1/customers/{customer}/billing-terms",
        { valid_from: "2026-12-01T00:00:00Z", rate_cents_per_gb: value, discount_rate: 0, currency: "USD" },
        "/rate_cents_per_gb",
      ],
    ] as const) {
      const answer = await call("POST", path, body);
      expect([answer.status, (answer.body["errors"] as Json[]).map((error) => [error["pointer"], error["detail"]])]).toEqual([
        400,
        expect.arrayContaining([[pointer, "must have at most 4 decimals"]]),
      ]);
    }
  });

  it.each([0.0001, 0.9, 0.3, 1, 0.9999])("%s is stored as it is", async (value) => {
    const other = await api.service(acme.editor, `threshold ${value}`);
    const made = await api.created(`/v1/services/${other.id}/storm-policies`, { threshold_avail: value }, { token: acme.editor });
    expect(made["threshold_avail"]).toBe(value);
  });
});
