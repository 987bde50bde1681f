import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { mostCostRates } from "../../../src/adapters/ports/cost/rates.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { seedAnomaly, seedSeries } from "../../support/cost-seed.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

const put = (cdn: string, body: unknown, token = acme.editor) => api.call("PUT", `/v1/cost/rates/${cdn}`, { token, body });

describe("the rates of a customer's CDNs", () => {
  it("are set, exact to four decimals, read, listed by name, replaced and forgotten", async () => {
    const rate = { cdn: "fastly", cents_per_gb: "2.5000", monthly_cents: 20_000, updated_at: expect.any(String) };
    expect((await put("fastly", { cents_per_gb: "2.5", monthly_cents: 20_000 })).body).toEqual(rate);
    expect((await put("akamai", { monthly_cents: 0 })).body).toMatchObject({ cents_per_gb: null, monthly_cents: 0 });
    expect((await api.call("GET", "/v1/cost/rates/fastly", { token: acme.viewer })).body).toEqual(rate);
    expect((await api.call("GET", "/v1/cost/rates", { token: acme.viewer })).list.map(({ cdn }) => cdn)).toEqual(["akamai", "fastly"]);
    expect((await put("fastly", { cents_per_gb: "99999999.9999" })).body).toMatchObject({
      cents_per_gb: "99999999.9999",
      monthly_cents: null,
    });
    expect((await api.call("GET", "/v1/cost/rates/fastly", { token: globex.viewer })).status).toBe(404);
    expect((await api.call("DELETE", "/v1/cost/rates/fastly", { token: globex.editor })).status).toBe(404);
    expect((await api.call("DELETE", "/v1/cost/rates/fastly", { token: acme.editor })).status).toBe(204);
    expect((await api.call("DELETE", "/v1/cost/rates/fastly", { token: acme.editor })).status).toBe(404);
    expect((await put("fastly", { monthly_cents: 1 }, acme.viewer)).status).toBe(403);
  });

  it.each([
    [{ cents_per_gb: "NaN" }, ["/cents_per_gb"]],
    [{ cents_per_gb: "Infinity" }, ["/cents_per_gb"]],
    [{ cents_per_gb: "-1" }, ["/cents_per_gb"]],
    [{ cents_per_gb: "2.50001" }, ["/cents_per_gb"]],
    [{ cents_per_gb: "1e3" }, ["/cents_per_gb"]],
    [{ cents_per_gb: "123456789" }, ["/cents_per_gb"]],
    [{ cents_per_gb: " 1" }, ["/cents_per_gb"]],
    [{ cents_per_gb: 2.5 }, ["/cents_per_gb"]],
    [{ monthly_cents: -1 }, ["/monthly_cents"]],
    [{ monthly_cents: 0.5 }, ["/monthly_cents"]],
    [{ monthly_cents: "20" }, ["/monthly_cents"]],
    [{}, ["/cents_per_gb"]],
    [{ cents_per_gb: null, monthly_cents: null }, ["/cents_per_gb"]],
  ])("refuse %j at its field", async (body, fields) => {
    const answer = await put("refused", body);
    expect([answer.status, pointers(answer)]).toEqual([400, fields]);
    expect((await api.call("GET", "/v1/cost/rates/refused", { token: acme.viewer })).status).toBe(404);
  });

  it("have CDNs by the name that services call them", async () => {
    expect((await put("Fastly", { monthly_cents: 1 })).status).toBe(400);
    expect((await put("a".repeat(41), { monthly_cents: 1 })).status).toBe(400);
  });

  it("are so many at most", async () => {
    const customer = await api.onboard("many");
    await api.db.rows(sql`insert into cost_rates (customer_id, cdn, monthly_cents)
      select ${customer.id}, 'cdn-' || n, 1 from generate_series(1, ${mostCostRates}::int) n`);
    expect((await put("one-more", { monthly_cents: 1 }, customer.editor)).status).toBe(409);
    expect((await put("cdn-7", { monthly_cents: 2 }, customer.editor)).status).toBe(200);
  });
});

describe("the mode of a customer", () => {
  const mode = (token: string) => api.call("GET", "/v1/cost/mode", { token });
  const set = (to: unknown, token: string) => api.call("PUT", "/v1/cost/mode", { token, body: { mode: to } });
  /** A customer who was made so many days ago, with so many anomalies of which so many were expected. */
  const aged = async (days: number, anomalies: number, expected: number) => {
    const customer = await api.onboard(`aged ${days} ${anomalies} ${expected}`);
    await api.db.rows(sql`update customers set created_at = now() - make_interval(hours => ${24 * days}::int) where id = ${customer.id}`);
    for (let n = 0; n < anomalies; n += 1) {
      const id = await seedAnomaly(api.db, customer.id, await seedSeries(api.db, customer.id, { account: `a${n}` }));
      if (n < expected) {
        await api.call("PATCH", `/v1/cost/anomalies/${id}`, { token: customer.editor, body: { state: "expected" } });
        // What was a false alarm stays one when it is over.
        await api.call("PATCH", `/v1/cost/anomalies/${id}`, { token: customer.editor, body: { state: "resolved" } });
      }
    }
    return customer;
  };

  it("is shadow from the first day on, and says why it stays so", async () => {
    const customer = await aged(3, 0, 0);
    const { body } = await mode(customer.viewer);
    expect(body).toMatchObject({ mode: "shadow", changed_by: null, days: 3, anomalies: 0, expected_percent: 0, next: "audit" });
    const refused = await set("audit", customer.editor);
    expect([refused.status, refused.body["detail"]]).toEqual([409, body["refusal"]]);
    expect(body["refusal"]).toBe(
      "audit needs 14 days in shadow with at most 10 % of its anomalies marked expected; it is shadow for 3 days, with 0 anomalies, of which 0 (0 %) were marked expected",
    );
    expect((await mode(customer.viewer)).body).toEqual(body);
  });

  it("goes up one step after 14 days with few false alarms, and its time begins anew", async () => {
    const customer = await aged(14, 10, 1);
    expect((await set("enforce", customer.editor)).status).toBe(409);
    const raised = await set("audit", customer.editor);
    expect(raised.body).toMatchObject({ mode: "audit", days: 0, anomalies: 0, next: "enforce" });
    expect((await set("audit", customer.editor)).body).toEqual(raised.body);
    expect((await set("enforce", customer.editor)).status).toBe(409);
    expect((await set("shadow", customer.editor)).body).toMatchObject({ mode: "shadow" });
  });

  it("stays where more than one in ten was a false alarm", async () => {
    const customer = await aged(20, 9, 1);
    const refused = await set("audit", customer.editor);
    expect(refused.status).toBe(409);
    expect(refused.body["detail"]).toContain("shadow for 20 days, with 9 anomalies, of which 1 (11.1 %) were marked expected");
  });

  it("is set to any by an admin, by nobody else without the record", async () => {
    const customer = await aged(0, 0, 0);
    const raised = await api.call("PUT", "/v1/cost/mode", { customer: customer.id, body: { mode: "enforce" } });
    expect(raised.body).toMatchObject({ mode: "enforce", changed_by: "admin", next: null, refusal: null });
    expect((await set("audit", customer.viewer)).status).toBe(403);
    expect((await set("loud", customer.editor)).status).toBe(400);
    expect((await api.call("GET", "/v1/cost/mode", { customer: 999_999_999 })).status).toBe(404);
    const log = await api.call("GET", "/v1/audit-log?object_type=cost_mode", { token: customer.owner });
    expect(log.list).toMatchObject([{ before: { mode: "shadow" }, after: { mode: "enforce" } }]);
  });
});
