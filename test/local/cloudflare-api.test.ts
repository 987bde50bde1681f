import { afterEach, describe, expect, it } from "vitest";
import { startCloudflareApi } from "../../local/cdn/cloudflare-api.ts";
import { auditEntry } from "../support/audit-logs.ts";
import type { CloudflareApi, CloudflareApiOptions } from "../../local/cdn/cloudflare-api.ts";

const TOKEN = "local-token";
const NOW_MS = Date.UTC(2026, 10, 18, 12);
const zones = Array.from({ length: 12 }, (_, i) => ({ id: `zone${i}`, name: `site${i}.example` }));
const running: CloudflareApi[] = [];

async function start(options: Partial<CloudflareApiOptions> = {}): Promise<CloudflareApi> {
  const api = await startCloudflareApi({
    apiToken: TOKEN,
    accountId: "acc",
    zones,
    now: () => NOW_MS,
    bytes: (zoneId, host, fromMs, toMs) => (zoneId === "zone0" && host === "a.site0.example" ? toMs - fromMs : 0),
    ...options,
  });
  running.push(api);
  return api;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

type Answer = { data: unknown; errors: { message: string; path: string[] | null; extensions: object }[] | null };

async function ask(api: CloudflareApi, query: string, variables: object = {}): Promise<Answer & { status: number }> {
  const response = await fetch(api.graphqlUrl, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, ...((await response.json()) as Answer) };
}

function list(api: CloudflareApi, search: string, authorization = `Bearer ${TOKEN}`): Promise<Response> {
  return fetch(`${api.url}/client/v4/zones?${search}`, { headers: { Authorization: authorization } });
}

const QUERY = `query ($zones: [string!], $filter: ZoneHttpRequestsAdaptiveGroupsFilter_InputObject, $limit: uint64!) {
  viewer { zones(filter: { zoneTag_in: $zones }) { zoneTag
    httpRequestsAdaptiveGroups(limit: $limit, filter: $filter, orderBy: [datetimeHour_DESC]) {
      count dimensions { clientRequestHTTPHost datetimeHour } sum { edgeResponseBytes } avg { sampleInterval } } } }
}`;
const filter = {
  datetime_geq: "2026-11-18T08:30:00Z",
  datetime_lt: "2026-11-18T10:00:00Z",
  requestSource: "eyeball",
  clientRequestHTTPHost_in: ["a.site0.example", "b.site0.example"],
};

const lastWeek = { datetime_geq: "2026-11-11T11:59:59Z", datetime_lt: "2026-11-11T12:30:00Z" };

describe("local Cloudflare GraphQL", () => {
  it("answers by host and hour, in the order asked, without rows for silent hosts", async () => {
    const api = await start();
    const { status, data, errors } = await ask(api, QUERY, { zones: ["zone1", "zone0"], filter, limit: 10 });
    const row = (datetimeHour: string, edgeResponseBytes: number) => ({
      count: 1,
      dimensions: { clientRequestHTTPHost: "a.site0.example", datetimeHour },
      sum: { edgeResponseBytes },
      avg: { sampleInterval: 1 },
    });
    const rows = [row("2026-11-18T09:00:00Z", 3_600_000), row("2026-11-18T08:00:00Z", 1_800_000)];
    expect({ status, errors }).toEqual({ status: 200, errors: null });
    expect(data).toEqual({
      viewer: {
        zones: [
          { zoneTag: "zone0", httpRequestsAdaptiveGroups: rows },
          { zoneTag: "zone1", httpRequestsAdaptiveGroups: [] },
        ],
      },
    });
    expect(api.queries).toHaveLength(1);
  });

  it("understands aliases, AND, one host, settings, and the limit", async () => {
    const api = await start();
    const { data, errors } = await ask(
      api,
      `{ viewer { zones(filter: { zoneTag: "zone0" }) {
        settings { httpRequestsAdaptiveGroups { enabled maxDuration maxPageSize notOlderThan } }
        total: httpRequestsAdaptiveGroups(limit: 5, filter: { datetime_geq: "2026-11-18T08:00:00Z", AND: [
          { datetime_lt: "2026-11-18T09:00:00Z" }, { clientRequestHTTPHost: "a.site0.example" }] }) {
          sum { edgeResponseBytes } }
        first: httpRequestsAdaptiveGroups(limit: 1, orderBy: [datetimeHour_ASC], filter: {
          datetime_geq: "2026-11-18T08:00:00Z", datetime_lt: "2026-11-18T11:00:00Z",
          clientRequestHTTPHost: "a.site0.example" }) { dimensions { datetimeHour } }
        workers: httpRequestsAdaptiveGroups(limit: 5, filter: { requestSource: "edgeWorkerFetch",
          datetime_geq: "2026-11-18T08:00:00Z", datetime_lt: "2026-11-18T09:00:00Z",
          clientRequestHTTPHost: "a.site0.example" }) { count }
      } } }`,
    );
    expect(errors).toBeNull();
    const limits = { enabled: true, maxDuration: 86_400, maxPageSize: 10_000, notOlderThan: 604_800 };
    expect(data).toEqual({
      viewer: {
        zones: [
          {
            settings: { httpRequestsAdaptiveGroups: limits },
            total: [{ sum: { edgeResponseBytes: 3_600_000 } }],
            first: [{ dimensions: { datetimeHour: "2026-11-18T08:00:00Z" } }],
            workers: [],
          },
        ],
      },
    });
  });

  const refused: [string, object | string, RegExp][] = [
    ["more than ten zones", { zones: zones.slice(0, 11).map(({ id }) => id) }, /maximum is 10/],
    ["a zone of somebody else", { zones: ["zone0", "foreign"] }, /zones \[foreign\] are not authorized/],
    ["a window wider than the plan", { filter: { ...filter, datetime_geq: "2026-11-17T09:59:59Z" } }, /than 86400s/],
    ["data older than the plan", { filter: { ...filter, ...lastWeek } }, /older than 604800s/],
    ["an open-ended window", { filter: { ...filter, datetime_lt: undefined } }, /time range is too large/],
    ["an inverted window", { filter: { ...filter, datetime_lt: "2026-11-18T08:30:00Z" } }, /time range/],
    ["a page that is too large", { limit: 10_001 }, /not greater than 10000/],
    ["a limit of nothing", { limit: 0 }, /limit must be positive/],
    ["a limit in words", { limit: "10" }, /uint64/],
    ["no limit", { limit: undefined }, /limit/],
    ["a time that is none", { filter: { ...filter, datetime_geq: "yesterday" } }, /error parsing args|Time/],
    ["an unknown filter", { filter: { ...filter, clientRequestHost: "a" } }, /clientRequestHost/],
    ["no host at all", { filter: { ...filter, clientRequestHTTPHost_in: undefined } }, /host/],
    ["an unknown field", "{ viewer { zones { zoneTag bytes } } }", /bytes/],
    ["a missing limit argument", "{ viewer { zones { httpRequestsAdaptiveGroups { count } } } }", /limit/],
    ["an object without selections", "{ viewer }", /selection/],
    ["what does not parse", "{ viewer {", /Syntax Error/],
    ["a mutation", "mutation { viewer { zones { zoneTag } } }", /mutation/],
  ];
  it.each(refused)("refuses %s inside a 200", async (_name, change, message) => {
    const api = await start();
    const base = { zones: ["zone0"], filter, limit: 10 };
    const answer = typeof change === "string" ? ask(api, change) : ask(api, QUERY, { ...base, ...change });
    const { status, data, errors } = await answer;
    expect({ status, data }).toEqual({ status: 200, data: null });
    expect(errors?.[0]?.message).toMatch(message);
    expect(errors?.[0]?.extensions).toMatchObject({ timestamp: "2026-11-18T12:00:00.000Z" });
  });

  it("says where the error is, and can use the documented status instead", async () => {
    const api = await start({ refusalStatus: "documented", limits: { maxNumberOfFields: 4, maxScopedNodes: 1 } });
    const tooMany = await ask(api, QUERY, { zones: ["zone0"], filter, limit: 1 });
    expect([tooMany.status, tooMany.errors?.[0]?.path]).toEqual([400, ["viewer", "zones", "0", "httpRequestsAdaptiveGroups"]]);
    const foreign = await ask(api, QUERY, { zones: ["foreign"], filter, limit: 1 });
    expect([foreign.status, foreign.errors?.[0]?.extensions]).toMatchObject([403, { code: "authz" }]);
    const lean = QUERY.replace("avg { sampleInterval }", "");
    expect((await ask(api, lean, { zones: ["zone0", "zone1"], filter, limit: 1 })).status).toBe(429);
    expect((await ask(api, lean, { zones: ["zone0"], filter, limit: 1 })).status).toBe(200);
  });

  it("allows 300 queries in five minutes", async () => {
    let nowMs = NOW_MS;
    const api = await start({ now: () => nowMs });
    for (let i = 0; i < 300; i += 1) {
      expect((await ask(api, "{ viewer { zones(limit: 0) { zoneTag } } }")).status).toBe(200);
    }
    expect(await ask(api, "{ viewer { zones { zoneTag } } }")).toMatchObject({
      status: 429,
      errors: [{ message: "rate limiter budget depleted, try again after 5 minutes" }],
    });
    nowMs += 300_001;
    expect((await ask(api, "{ viewer { zones(limit: 0) { zoneTag } } }")).status).toBe(200);
  });
});

describe("local Cloudflare REST", () => {
  it("lists zones in pages, filtered", async () => {
    const api = await start({ zones: [...zones, { id: "new", name: "new.example", status: "pending" }] });
    const page = (await (await list(api, "account.id=acc&page=3&per_page=5&status=active")).json()) as {
      result: { name: string }[];
    };
    expect(page).toMatchObject({
      success: true,
      result: [{ id: "zone10", name: "site10.example", status: "active" }, { id: "zone11" }],
      result_info: { page: 3, per_page: 5, count: 2, total_count: 12, total_pages: 3 },
    });
    expect(await (await list(api, "name=new.example")).json()).toMatchObject({ result: [{ id: "new" }] });
    expect(await (await list(api, "account.id=other")).json()).toMatchObject({ success: true, result: [] });
    expect((await list(api, "per_page=51")).status).toBe(400);
    expect((await list(api, "page=0")).status).toBe(400);
    expect(api.zoneLists[0]).toBe("/client/v4/zones?account.id=acc&page=3&per_page=5&status=active");
  });

  it("knows its token, its paths and its methods", async () => {
    const api = await start();
    const wrong = await list(api, "", "Bearer wrong");
    expect([wrong.status, await wrong.json()]).toEqual([
      403,
      { success: false, errors: [{ code: 10000, message: "Authentication error" }], messages: [], result: null },
    ]);
    const malformed = await list(api, "", `token ${TOKEN}`);
    expect([malformed.status, await malformed.json()]).toMatchObject([400, { errors: [{ code: 6003 }] }]);
    const headers = { Authorization: "Bearer wrong" };
    const graphql = await fetch(api.graphqlUrl, { method: "POST", headers, body: "{}" });
    expect([graphql.status, await graphql.json()]).toMatchObject([401, { errors: [{ message: "Unauthorized" }] }]);
    const good = { Authorization: `Bearer ${TOKEN}` };
    expect((await fetch(api.graphqlUrl, { headers: good })).status).toBe(405);
    expect((await fetch(`${api.url}/client/v4/accounts`, { headers: good })).status).toBe(404);
    expect((await fetch(api.graphqlUrl, { method: "POST", headers: good, body: "not json" })).status).toBe(400);
    expect(api.queries).toEqual([]);
  });
});

describe("local Cloudflare faults", () => {
  it("deals out each fault to the endpoint and as often as asked", async () => {
    const api = await start();
    api.setFault({ kind: "rate_limited", times: 1, on: "zones", retryAfterSeconds: 7 });
    expect((await ask(api, "{ viewer { zones(limit: 0) { zoneTag } } }")).status).toBe(200);
    const limited = await list(api, "");
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "7"]);
    expect((await list(api, "")).status).toBe(200);

    api.setFault("http_500_html");
    const html = await list(api, "");
    expect([html.status, await html.text()]).toEqual([500, expect.stringContaining("<html>")]);

    api.setFault({ kind: "errors_in_200", message: "Internal server error" });
    expect(await ask(api, "{ viewer { zones { zoneTag } } }")).toMatchObject({
      status: 200,
      data: null,
      errors: [{ message: "Internal server error" }],
    });
    expect(await (await list(api, "")).json()).toMatchObject({ success: false });

    api.setFault("empty_zones");
    expect(await ask(api, QUERY)).toMatchObject({ status: 200, data: { viewer: { zones: [] } }, errors: null });

    api.setFault("hang");
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const pending = fetch(api.url + "/client/v4/zones", { headers, signal: AbortSignal.timeout(100) });
    await expect(pending).rejects.toMatchObject({ name: "TimeoutError" });

    api.setFault("healthy");
    expect((await list(api, "")).status).toBe(200);
  });
});

describe("local Cloudflare zones that misbehave", () => {
  const settings =
    "query ($zones: [string!]) { viewer { zones(filter: { zoneTag_in: $zones }) { zoneTag settings { httpRequestsAdaptiveGroups { enabled } } } } }";
  const usage = `query ($zones: [string!]) { viewer { zones(filter: { zoneTag_in: $zones }) { zoneTag
    w0: httpRequestsAdaptiveGroups(limit: 1, filter: { datetime_geq: "2026-11-18T08:00:00Z", datetime_lt: "2026-11-18T09:00:00Z", clientRequestHTTPHost: "a.site0.example" }) { count } } } }`;
  const both = { zones: ["zone0", "zone1"] };
  const told = { zoneTag: "zone0", settings: { httpRequestsAdaptiveGroups: { enabled: true } } };

  it("tells nothing of a plan, or that it has no analytics, and refuses those then", async () => {
    const api = await start();
    const settingsWith = async (kind: "null_settings" | "null_node" | "off") => {
      api.setZoneFault("zone1", { kind });
      return (await ask(api, settings, both)).data;
    };
    const answer = (of: unknown) => ({ viewer: { zones: [told, { zoneTag: "zone1", settings: of }] } });
    expect(await settingsWith("null_settings")).toEqual(answer(null));
    expect(await settingsWith("null_node")).toEqual(answer({ httpRequestsAdaptiveGroups: null }));
    expect(await settingsWith("off")).toEqual(answer({ httpRequestsAdaptiveGroups: { enabled: false } }));
    expect((await ask(api, usage, both)).errors?.[0]?.message).toBe("zone 'zone1' does not have access to the path");
    expect((await ask(api, usage, { zones: ["zone0"] })).errors).toBeNull();
    api.setZoneFault("zone1", null);
    expect((await ask(api, usage, both)).errors).toBeNull();
  });

  it("spoils the queries that name it, of the kind and as often as told", async () => {
    const api = await start();
    api.setZoneFault("zone1", { kind: "refused", on: "usage", message: "no", times: 1 });
    expect((await ask(api, settings, both)).errors).toBeNull();
    expect((await ask(api, usage, both)).errors?.[0]?.message).toBe("no");
    expect((await ask(api, usage, both)).errors).toBeNull();
    api.setZoneFault("zone1", { kind: "left_out", on: "settings" });
    expect((await ask(api, settings, both)).data).toEqual({ viewer: { zones: [told] } });
    api.setZoneFault("zone1", { kind: "body", change: (zone) => [zone, zone] });
    expect((await ask(api, settings, both)).data).toMatchObject({ viewer: { zones: [told, { zoneTag: "zone1" }, { zoneTag: "zone1" }] } });
    api.setZoneFault("zone1", { kind: "status", status: 502 });
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const failing = await fetch(api.graphqlUrl, { method: "POST", headers, body: JSON.stringify({ query: usage, variables: both }) });
    expect([failing.status, await failing.text()]).toEqual([502, "<html>502</html>"]);
  });

  it("narrows its token at run time, changes a plan, and pages without end", async () => {
    const api = await start();
    api.narrow(["zone1"]);
    expect(await (await list(api, "per_page=50")).json()).toMatchObject({ result: [{ id: "zone1" }], result_info: { total_count: 1 } });
    expect((await ask(api, usage, both)).errors?.[0]?.message).toBe("zones [zone0] are not authorized");
    api.narrow(null);
    api.setLimits("zone1", { maxDurationSeconds: 60 });
    expect((await ask(api, usage, { zones: ["zone1"] })).errors?.[0]?.message).toMatch(/than 60s/);
    api.setFault({ kind: "http_500_html", on: "zones", page: 2 });
    expect([(await list(api, "per_page=5")).status, (await list(api, "per_page=5&page=2")).status]).toEqual([200, 500]);
    api.setFault("endless_pages");
    expect(await (await list(api, "per_page=5&page=7")).json()).toMatchObject({
      result: [{ id: "zone0" }, {}, {}, {}, {}],
      result_info: { page: 7, total_pages: 8 },
    });
  });
});

describe("local Cloudflare audit log", () => {
  const entries = Array.from({ length: 5 }, (_, nth) => auditEntry(nth, NOW_MS - nth * 60_000));
  const read = async (api: CloudflareApi, search: string, { account = "acc", token = TOKEN } = {}) => {
    const response = await fetch(`${api.url}/client/v4/accounts/${account}/audit_logs?${search}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const body = (await response.json()) as { success: boolean; result: { id: string }[] | null; errors: { code: number }[] };
    return body.success ? body.result?.map(({ id }) => id) : [response.status, body.errors[0]?.code];
  };

  it("shows the newest first unless asked otherwise, in pages, between two times", async () => {
    const api = await start({ auditLog: () => entries });
    expect(await read(api, "")).toEqual(["entry-0", "entry-1", "entry-2", "entry-3", "entry-4"]);
    expect(await read(api, "direction=asc&per_page=2&page=2")).toEqual(["entry-2", "entry-1"]);
    expect(await read(api, "since=2026-11-18T11:57:30Z&before=2026-11-18T11:59:00.000Z")).toEqual(["entry-1", "entry-2"]);
    expect(await read(await start(), "page=9")).toEqual([]);
  });

  it("refuses what the real one does", async () => {
    const api = await start({ auditLog: () => entries });
    for (const search of ["page=0", "per_page=1001", "direction=up", "since=yesterday", "hide_user_logs=maybe", "sinse=2026-11-18"])
      expect([search, await read(api, search)]).toEqual([search, [400, 7400]]);
    expect(await read(api, "", { account: "another" })).toEqual([403, 9109]);
    expect(await read(api, "", { token: "another" })).toEqual([403, 10000]);
    expect(await read(await start({ auditLog: () => null }), "")).toEqual([403, 9109]);
  });
});
