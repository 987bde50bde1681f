import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
const customers: Awaited<ReturnType<Api["onboard"]>>[] = [];
/** Storms by the order of their making: three of each of two customers, in turns. */
const ids: number[] = [];

beforeAll(async () => {
  api = await startApi();
  const policies: { customer: number; service: number; policy: number }[] = [];
  for (const [customer, name] of ["acme", "globex"].entries()) {
    customers.push(await api.onboard(name));
    const service = await api.created(
      "/v1/services",
      { name: "web", primary_cdn: customer === 0 ? "cloudflare" : "fastly", backup_cdn: "bunny" },
      { token: customers[customer]?.editor ?? "" },
    );
    const policy = await api.created(`/v1/services/${service.id}/storm-policies`, {}, { token: customers[customer]?.editor ?? "" });
    policies.push({ customer, service: service.id, policy: policy.id });
  }
  // Storms of the past are of the CDNs of the past.
  await api.db.rows(sql`update service_cdns set from_at = '2026-01-01T00:00:00Z'`);
  for (const [state, startedAt] of [
    ["ended", "2026-11-01T00:00:00Z"],
    ["ended", "2026-11-10T00:00:00Z"],
    ["recovering", "2026-11-20T00:00:00Z"],
  ] as const) {
    for (const { service, policy } of policies) {
      const [row] = await api.db.rows<{ id: number }>(sql`
        insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, recovering_since, ended_at, ended_reason, max_coverage_factor)
        select ${service}, ${policy}, 1, 'http_availability', ${state}, t, t, case when ${state} = 'recovering' then t end, case when ${state} = 'ended' then t + interval '1 hour' end,
          case when ${state} = 'ended' then 'recovered' end, 1.5 from (select ${startedAt}::timestamptz as t) x returning id`);
      ids.push(row?.id ?? 0);
    }
  }
});

const storms = async (query = "", options: { token?: string; customer?: number } = {}) => {
  const answer = await api.call("GET", `/v1/storms${query}`, options);
  expect(answer.status, answer.text).toBe(200);
  return answer.list.map(({ id }) => ids.indexOf(id));
};

describe("an admin's list of storms", () => {
  it("has those of all customers, the newest first, each with whose it is", async () => {
    expect(await storms()).toEqual([5, 4, 3, 2, 1, 0]);
    const { list } = await api.call("GET", "/v1/storms?limit=2");
    expect(list.map((one) => [one["customer_id"], one["customer_name"], one["service_name"]])).toEqual([
      [customers[1]?.id, "globex", "web"],
      [customers[0]?.id, "acme", "web"],
    ]);
  });

  it("is filtered by state, CDN, time, service and customer", async () => {
    expect(await storms("?state=recovering")).toEqual([5, 4]);
    expect(await storms("?state=ended&cdn=fastly")).toEqual([3, 1]);
    expect(await storms("?cdn=bunny")).toEqual([]);
    expect(await storms("?active=false&from=2026-11-05T00:00:00Z")).toEqual([3, 2]);
    expect(await storms(`?customer_id=${customers[0]?.id}`)).toEqual([4, 2, 0]);
    expect(await storms("?state=ended", { customer: customers[1]?.id ?? 0 })).toEqual([3, 1]);
    const { list } = await api.call("GET", "/v1/storms");
    expect(await storms(`?service_id=${Number(list[0]?.["service_id"])}`)).toEqual([5, 3, 1]);
    for (const [query, pointer] of [
      ["state=calm", "state"],
      ["cdn=Cloud%20Flare", "cdn"],
      ["state=ended&state=ended", "state"],
    ]) {
      const answer = await api.call("GET", `/v1/storms?${query}`);
      expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    }
  });

  it("asks for the primary that a service had when the storm began, not for the one that it has", async () => {
    const { list } = await api.call("GET", "/v1/storms?cdn=fastly&limit=1");
    await api.call("PATCH", `/v1/services/${Number(list[0]?.["service_id"])}`, {
      body: { primary_cdn: "gcore" },
      customer: customers[1]?.id ?? 0,
    });
    expect(await storms("?cdn=fastly")).toEqual([5, 3, 1]);
    expect(await storms("?cdn=gcore")).toEqual([]);
  });

  it("is walked along its links", async () => {
    const seen: number[] = [];
    for (let path: string | undefined = "/v1/storms?limit=4"; path !== undefined;) {
      const page = await api.call("GET", path);
      seen.push(...page.list.map(({ id }) => ids.indexOf(id)));
      path = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual([5, 4, 3, 2, 1, 0]);
  });
});

describe("a customer's list of storms", () => {
  it("has its own alone, by state and CDN as well", async () => {
    const token = customers[0]?.viewer ?? "";
    expect(await storms("", { token })).toEqual([4, 2, 0]);
    expect(await storms("?state=recovering&cdn=cloudflare", { token })).toEqual([4]);
    expect(await storms("?cdn=fastly", { token })).toEqual([]);
    expect(await storms("?limit=2", { token })).toEqual([4, 2]);
    expect((await api.call("GET", `/v1/storms?customer_id=${customers[1]?.id}`, { token })).status).toBe(403);
  });
});
