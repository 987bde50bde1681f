import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let serviceId: number;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
});

/** What no float shows: it reads as a number of four decimals, or as none at all. */
const smuggled = [
  "0.10000000000000000001",
  "1e-400",
  "0.5000000000000000000000001e0",
  "1.0000000000000000001",
  "0.30000000000000004",
  "5e-324",
  "1e-300",
  "0.00001",
];

describe("every decimal that a request may hold", () => {
  const terms = { valid_from: '"2027-01-01T00:00:00Z"', rate_cents_per_gb: "12", discount_rate: "0.5", currency: '"USD"' };
  const text = (fields: Record<string, string>) =>
    `{${Object.entries(fields)
      .map(([name, value]) => `"${name}":${value}`)
      .join(",")}}`;
  it.each([
    [
      "a rate",
      "POST",
      "/v1/customers/{c}/billing-terms",
      (value: string) => text({ ...terms, rate_cents_per_gb: value }),
      "/rate_cents_per_gb",
    ],
    [
      "a discount rate",
      "POST",
      "/v1/customers/{c}/billing-terms",
      (value: string) => text({ ...terms, discount_rate: value }),
      "/discount_rate",
    ],
    ["a cap", "PATCH", "/v1/customers/{c}", (value: string) => text({ max_coverage_cap: value }), "/max_coverage_cap"],
    ["a threshold", "POST", "/v1/services/{s}/storm-policies", (value: string) => text({ threshold_avail: value }), "/threshold_avail"],
    [
      "a factor",
      "POST",
      "/v1/services/{s}/storm-policies",
      (value: string) => text({ max_coverage_factor: value }),
      "/max_coverage_factor",
    ],
    [
      "a multiplier",
      "POST",
      "/v1/services/{s}/objectives",
      (value: string) => text({ name: '"x"', target: "99.9", fast_burn_multiplier: value }),
      "/fast_burn_multiplier",
    ],
    [
      "a tax",
      "PUT",
      "/v1/customers/{c}/billing-profile",
      (value: string) => `{"taxes":[{"label":"VAT","rate":${value}}]}`,
      "/taxes/0/rate",
    ],
    [
      "a tax as text",
      "PUT",
      "/v1/customers/{c}/billing-profile",
      (value: string) => `{"taxes":[{"label":"VAT","rate":"${value}"}]}`,
      "/taxes/0/rate",
    ],
  ] as const)("%s is what its digits say, or refused by its name", async (_, method, path, body, pointer) => {
    const at = path.replace("{c}", String(acme.id)).replace("{s}", String(serviceId));
    for (const value of smuggled) {
      const answer = await api.call(method, at, { body: body(value), ...(path.includes("{s}") && { token: acme.editor }) });
      expect([value, answer.status, pointers(answer)]).toEqual([value, 400, [pointer]]);
    }
  });

  it("bytes too: what no integer of ours holds is not rounded to one that does", async () => {
    const body = (bytes: string) =>
      `[{"window_start":"2026-11-20T00:00:00Z","window_end":"2026-11-20T01:00:00Z","primary_bytes":${bytes}}]`;
    for (const bytes of ["9007199254740993", "1.00000000000000000001", "1e-400"]) {
      const answer = await api.call("PUT", `/v1/services/${serviceId}/usage`, { token: acme.editor, body: body(bytes) });
      expect([bytes, answer.status, pointers(answer)]).toEqual([bytes, 400, ["/0/primary_bytes"]]);
    }
  });

  it("other notations of a number that is kept are taken", async () => {
    for (const [index, value] of ["1.50", "15e-1", "0.0150E+2", "1.5000000000000000000000000"].entries()) {
      const body = `{"valid_from":"2027-0${index + 2}-01T00:00:00Z","rate_cents_per_gb":${value},"discount_rate":-0,"currency":"USD"}`;
      expect((await api.call("POST", `/v1/customers/${acme.id}/billing-terms`, { body })).body["rate_cents_per_gb"]).toBe(1.5);
    }
  });
});

describe("the columns", () => {
  const refused = (statement: ReturnType<typeof sql>) => expect(api.db.rows(statement)).rejects.toMatchObject({ code: "23514" });
  it("hold no more places than a request may bring, whoever writes", async () => {
    await refused(
      sql`insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values (${acme.id}, now(), 1e-300, 0.5, 'USD')`,
    );
    await refused(
      sql`insert into billing_terms (customer_id, valid_from, rate_cents_per_gb, discount_rate, currency) values (${acme.id}, now(), 12, 0.12345, 'USD')`,
    );
    await refused(sql`update customers set max_coverage_cap = 1.00001 where id = ${acme.id}`);
    const { id } = await api.created(`/v1/services/${serviceId}/storm-policies`, {}, { token: acme.editor });
    await refused(
      sql`insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures) values (${id}, 9, 5e-324, 60, 60, 1, 3, 3)`,
    );
    await refused(
      sql`insert into storm_policy_versions (policy_id, version, threshold_avail, window_seconds, cooldown_seconds, max_coverage_factor, min_samples, min_failures) values (${id}, 9, 0.9, 60, 60, 1.00001, 3, 3)`,
    );
  });
});
