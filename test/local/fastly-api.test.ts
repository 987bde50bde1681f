import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFastlyApi, steadyBytes } from "../../local/cdn/fastly-api.ts";
import type { FastlyApi } from "../../local/cdn/fastly-api.ts";

const noon = Date.UTC(2026, 10, 18, 12);
let api: FastlyApi;

beforeAll(async () => {
  const services = [
    { id: "s1", domains: ["a.com", "b.com"], inspector: true },
    { id: "s2", domains: ["c.com"] },
  ];
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
  [400, "/domain-management/v1/domains?limit=101", "key"],
  [400, "/domain-management/v1/domains?cursor=*", "key"],
  [400, "/domain-management/v1/domains?filter=a.com", "key"],
  [401, "/domain-management/v1/domains", "wrong"],
  [404, "/service/s1/version/2/domain", "key"],
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
    {
      dimensions: { domain: "a.com" },
      values: [
        { timestamp: at(3), edge_resp_body_bytes: 90 },
        { timestamp: at(2), edge_resp_body_bytes: 90 },
      ],
    },
  ]);
});

it("pages series by cursor, and ends with an empty one", async () => {
  const two = await startFastlyApi({
    apiToken: "key",
    services: [{ id: "s1", domains: ["a.com", "b.com"], inspector: true }],
    bytes: () => 100,
    now: () => noon,
  });
  const page = async (cursor: string) => {
    const path = inspector(`&limit=1&metric=edge_resp_body_bytes&cursor=${cursor}`);
    return (await (await fetch(two.url + path, { headers: { "fastly-key": "key" } })).json()) as {
      meta: { next_cursor: string };
      data: unknown[];
    };
  };
  const first = await page("");
  const second = await page(first.meta.next_cursor);
  expect([first.data, second.data, second.meta.next_cursor]).toMatchObject([
    [{ dimensions: { domain: "a.com" } }],
    [{ dimensions: { domain: "b.com" } }],
    "",
  ]);
  await two.close();
});

it("gives steady bytes that add up whatever the split", () => {
  const bytes = steadyBytes({ "a.com": 100 });
  const cuts = [noon, noon + 61_000, noon + 1_000_000, noon + 3_600_000];
  expect(cuts.slice(1).reduce((sum, toMs, index) => sum + bytes("a.com", cuts[index] ?? 0, toMs), 0)).toBe(100);
  expect(bytes("b.com", noon, noon + 3_600_000)).toBe(0);
});

describe("local Fastly that misbehaves", () => {
  let own: FastlyApi;
  const ask = async (path: string) => {
    const response = await fetch(own.url + path, { headers: { "fastly-key": "key" } });
    const text = await response.text();
    return { status: response.status, body: (text.startsWith("<") ? text : JSON.parse(text)) as unknown };
  };
  const names = (body: unknown) => (body as { data: { fqdn: string }[] }).data.map(({ fqdn }) => fqdn);
  beforeAll(async () => {
    const services = [
      { id: "s1", domains: ["a.com"], versionless: ["c.com", "*.d.com"], formerly: [{ domains: ["old.com"], untilMs: noon }] },
      { id: "s2", domains: ["b.com"], versionless: ["e.com"], active: false },
    ];
    own = await startFastlyApi({
      apiToken: "key",
      services,
      looseDomains: [{ fqdn: "f.com" }, { fqdn: "g.com", routingConfigurationId: "r" }],
      bytes: () => 1,
      now: () => noon,
    });
  });
  afterAll(() => own.close());

  it("lists domains without versions by cursor, the last page without one, and by service, name and part of a name", async () => {
    const first = (await ask("/domain-management/v1/domains?limit=3&sort=fqdn")).body as { meta: { next_cursor: string; total: number } };
    expect([names(first), first.meta.total]).toEqual([["*.d.com", "c.com", "e.com"], 5]);
    const second = (await ask(`/domain-management/v1/domains?limit=3&cursor=${first.meta.next_cursor}`)).body;
    expect([names(second), second]).toMatchObject([
      ["f.com", "g.com"],
      {
        data: [
          { service_id: null, routing_configuration_id: null },
          { service_id: null, routing_configuration_id: "r" },
        ],
      },
    ]);
    expect((second as { meta: object }).meta).not.toHaveProperty("next_cursor");
    expect(names((await ask("/domain-management/v1/domains?service_id=s1")).body)).toEqual(["*.d.com", "c.com"]);
    expect(names((await ask("/domain-management/v1/domains?fqdn=d.com")).body)).toEqual(["*.d.com"]);
    expect(names((await ask("/domain-management/v1/domains?fqdn=d.com&fqdn_match=exact")).body)).toEqual([]);
  });

  it("tells versions, and has no domains for a service without an active one", async () => {
    expect((await ask("/service")).body).toMatchObject([
      {
        id: "s1",
        version: 2,
        versions: [
          { number: 1, active: false, locked: true, updated_at: "2026-11-18T12:00:00.000Z" },
          { number: 2, active: true },
        ],
      },
      { id: "s2", versions: [{ number: 1, active: false, locked: false }] },
    ]);
    expect((await ask("/service/s1/version/1/domain")).body).toMatchObject([{ name: "old.com", version: 1 }]);
    expect((await ask("/service/s1/domain")).body).toMatchObject([{ name: "a.com", version: 2 }]);
    expect((await ask("/service/s2/domain")).status).toBe(404);
  });

  it("hides a host from its listings, and all but some services from its token", async () => {
    own.hide("a.com");
    own.hide("c.com");
    expect([(await ask("/service/s1/domain")).body, names((await ask("/domain-management/v1/domains")).body)]).toEqual([
      [],
      ["*.d.com", "e.com", "f.com", "g.com"],
    ]);
    own.show("a.com");
    own.show("c.com");
    own.narrow(["s2"]);
    expect([(await ask("/service")).body, names((await ask("/domain-management/v1/domains")).body)]).toMatchObject([
      [{ id: "s2" }],
      ["e.com"],
    ]);
    expect([(await ask("/service/s1/domain")).status, (await ask("/service/s9/domain")).status]).toEqual([403, 404]);
    own.narrow(null);
    expect((await ask("/service/s1/domain")).body).toMatchObject([{ name: "a.com" }]);
  });

  it("applies faults where they are set, the most specific first, and as often as configured", async () => {
    own.setFault({ kind: "status", status: 503 });
    own.setFault({ kind: "status", status: 403, times: 1 }, { on: "domains", service: "s1" });
    own.setFault({ kind: "body", body: (real: unknown) => [real, "more"] }, { on: "services" });
    own.setFault({ kind: "status", status: 500, html: true }, { on: "versionless" });
    expect([
      (await ask("/service/s1/domain")).status,
      (await ask("/service/s1/domain")).status,
      (await ask("/service/s2/domain")).status,
    ]).toEqual([403, 503, 503]);
    expect((await ask("/service")).body).toMatchObject([[{ id: "s1" }, { id: "s2" }], "more"]);
    expect((await ask("/domain-management/v1/domains")).body).toContain("<html>");
    own.setFault({ kind: "healthy" });
    expect((await ask("/service/s1/domain")).status).toBe(200);
    own.setFault({ kind: "endless" });
    expect([
      ((await ask("/service?per_page=5&page=9")).body as unknown[]).length,
      (await ask("/domain-management/v1/domains?cursor=MA==")).body,
    ]).toMatchObject([5, { meta: { next_cursor: "MA==" } }]);
    own.setFault({ kind: "healthy" });
  });
});
