import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let customers: number[];
const path = "/v1/reconciliation-findings";

beforeAll(async () => {
  api = await startApi();
  customers = [(await api.onboard("acme")).id, (await api.onboard("other")).id];
  const [acme, other] = customers;
  await api.db.rows(sql`
    insert into reconciliation_findings (customer_id, rule, object_type, object_id, expected, actual, found_at, last_seen_at, cleared_at) values
      (${acme}, 'window_bytes', 'usage_snapshot', 7, '1 + 2', '1 + 1', '2026-11-20T03:23:00Z', '2026-11-21T03:23:00Z', null),
      (${acme}, 'window_missing:primary', 'service', 1, '0', '3', '2026-11-20T03:23:00Z', '2026-11-20T03:23:00Z', '2026-11-21T03:23:00Z'),
      (${other}, 'window_missing:backup:older', 'service', 2, '0', '1', '2026-11-20T03:23:00Z', '2026-11-21T03:23:00Z', null)`);
});

const ids = async (query: string): Promise<number[]> => {
  const { status, body, text } = await api.call("GET", `${path}${query}`);
  expect(status, text).toBe(200);
  return (body as unknown as { id: number }[]).map(({ id }) => id);
};

describe("findings", () => {
  it("are listed, the newest first, as they were noted", async () => {
    expect(await ids("")).toEqual([3, 2, 1]);
    expect((await api.call("GET", `${path}?rule=window_bytes`)).body).toEqual([
      {
        id: 1,
        customer_id: customers[0],
        rule: "window_bytes",
        object_type: "usage_snapshot",
        object_id: 7,
        expected: "1 + 2",
        actual: "1 + 1",
        found_at: "2026-11-20T03:23:00.000Z",
        last_seen_at: "2026-11-21T03:23:00.000Z",
        cleared_at: null,
      },
    ]);
  });

  it("are found by state, rule and customer, page by page", async () => {
    expect(await ids("?state=open")).toEqual([3, 1]);
    expect(await ids("?state=cleared")).toEqual([2]);
    expect(await ids("?rule=window_missing")).toEqual([3, 2]);
    expect(await ids("?rule=window_missing:backup")).toEqual([3]);
    expect(await ids(`?customer=${customers[0]}&state=open`)).toEqual([1]);
    const first = await api.call("GET", `${path}?state=open&limit=1`);
    const next = /^<(.*)>; rel="next"$/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    expect(next).toContain("state=open");
    expect(await ids(next.slice(path.length))).toEqual([1]);
  });

  it.each([
    ["?state=closed", "state"],
    ["?rule=Window%25", "rule"],
    ["?customer=x", "customer"],
    ["?limit=0", "limit"],
  ])("refuse %s by name", async (query, name) => {
    const refused = await api.call("GET", `${path}${query}`);
    expect([refused.status, pointers(refused)]).toEqual([400, [name]]);
  });

  it("are for admins: they name every customer", async () => {
    const { owner } = await api.onboard("third");
    expect((await api.call("GET", path, { token: owner })).status).toBe(403);
  });
});
