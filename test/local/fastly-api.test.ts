import { afterAll, beforeAll, expect, it } from "vitest";
import { startFastlyApi } from "../../local/cdn/fastly-api.ts";
import type { FastlyApi } from "../../local/cdn/fastly-api.ts";

const noon = Date.UTC(2026, 10, 18, 12);
let api: FastlyApi;

beforeAll(async () => {
  const services = [{ id: "s1", domains: ["a.com", "b.com"], inspector: true }, { id: "s2", domains: ["c.com"] }];
  api = await startFastlyApi({ apiToken: "key", services, bytes: (domain) => (domain === "b.com" ? 0 : 100), now: () => noon });
});
afterAll(() => api.close());

const get = async (path: string, key = "key", method = "GET") => {
  const response = await fetch(api.url + path, { method, headers: { "fastly-key": key } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const at = (hoursAgo: number) => (noon - hoursAgo * 3_600_000) / 1_000;
const inspector = (extra: string) => `/metrics/domains/services/s1?start=${at(3)}&end=${at(1)}&group_by=domain${extra}`;

it.each([
  [401, "/service", "wrong"],
  [404, "/nothing", "key"],
  [404, "/stats/service/s9", "key"],
  [400, "/service?per_page=101", "key"],
  [400, "/service?since=1", "key"],
  [400, `/stats/service/s1?from=yesterday&to=${at(1)}&by=hour`, "key"],
  [400, `/stats/service/s1?from=${at(2)}&to=${at(1)}&by=second`, "key"],
  [400, `/stats/service/s1?from=${at(2) + 1}&to=${at(1)}&by=hour`, "key"],
  [400, `/stats/service/s1?from=${at(1)}&to=${at(2)}&by=hour`, "key"],
  [400, `/stats/service/s1?from=${at(36 * 24)}&to=${at(1)}&by=minute`, "key"],
  [400, `/stats/service/s1?start=${at(2)}&end=${at(1)}&downsample=hour`, "key"],
  [403, `/metrics/domains/services/s2?start=${at(2)}&end=${at(1)}&group_by=domain`, "key"],
  [400, inspector("&limit=201"), "key"],
  [400, inspector(`&metric=${Array.from({ length: 11 }, (_, index) => `m${index}`).join(",")}`), "key"],
])("answers %i to %s", async (status, path, key) => {
  expect((await get(path, key)).status).toBe(status);
});

it("refuses another method", async () => {
  expect((await get("/service", "key", "POST")).status).toBe(405);
});

it("leaves out what is not over, or not there yet, and what had no traffic", async () => {
  const { body } = await get(`/stats/service/s1?from=${at(2)}&to=${at(-1)}&by=hour`);
  expect(body["data"]).toMatchObject([{ start_time: at(2), edge_resp_body_bytes: 90, edge_resp_header_bytes: 10 }]);
  const series = (await get(inspector("&metric=edge_resp_body_bytes"))).body["data"];
  expect(series).toEqual([
    { dimensions: { domain: "a.com" }, values: [{ timestamp: at(3), edge_resp_body_bytes: 90 }, { timestamp: at(2), edge_resp_body_bytes: 90 }] },
  ]);
});

it("pages series by cursor, and ends with an empty one", async () => {
  const two = await startFastlyApi({ apiToken: "key", services: [{ id: "s1", domains: ["a.com", "b.com"], inspector: true }], bytes: () => 100, now: () => noon });
  const page = async (cursor: string) => {
    const path = inspector(`&limit=1&metric=edge_resp_body_bytes&cursor=${cursor}`);
    return (await (await fetch(two.url + path, { headers: { "fastly-key": "key" } })).json()) as { meta: { next_cursor: string }; data: unknown[] };
  };
  const first = await page("");
  const second = await page(first.meta.next_cursor);
  expect([first.data, second.data, second.meta.next_cursor]).toMatchObject([[{ dimensions: { domain: "a.com" } }], [{ dimensions: { domain: "b.com" } }], ""]);
  await two.close();
});
