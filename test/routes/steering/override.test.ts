import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let path: string;
let serviceId: number;

beforeAll(async () => {
  api = await startApi();
  api.time.nowMs = Date.now();
  acme = await api.onboard("acme");
  serviceId = (await api.service(acme.editor)).id;
  path = `/v1/services/${serviceId}/routing/override`;
});

const put = (body: unknown, token = acme.editor, at = path) => api.call("PUT", at, { token, body });
const shown = async () => (await api.call("GET", `/v1/services/${serviceId}/routing`, { token: acme.viewer })).body["override"];
const iso = (inMs: number) => new Date(api.time.nowMs + inMs).toISOString();
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

describe("an override", () => {
  it("is set, replaced, shown and cleared, with an audit row each", async () => {
    const until = iso(hourMs);
    const set = await put({ mode: "backup", reason: "the primary drops uploads", until });
    expect([set.status, set.body]).toMatchObject([200, { mode: "backup", reason: "the primary drops uploads", until }]);
    expect(set.body["actor"]).toMatch(/^token:\d+$/);
    expect(await shown()).toEqual(set.body);
    const frozen = await put({ mode: "frozen", reason: "hands off" });
    expect(frozen.body).toMatchObject({ mode: "frozen", until: null });
    expect(await shown()).toEqual(frozen.body);
    for (let twice = 0; twice < 2; twice += 1) expect((await api.call("DELETE", path, { token: acme.editor })).status).toBe(204);
    expect(await shown()).toBeNull();
    const { list } = await api.call("GET", "/v1/audit-log?object_type=routing_override", { token: acme.viewer });
    expect(list).toMatchObject([
      { action: "clear", object_id: serviceId, before: { mode: "frozen" }, after: null },
      { action: "set", before: { mode: "backup", reason: "the primary drops uploads" }, after: { mode: "frozen", until: null } },
      { action: "set", before: null, after: { mode: "backup" } },
    ]);
  });

  it("leaves alone what steering remembers of the service", async () => {
    await api.db.rows(sql`
      insert into service_routing (service_id, state, reason) values (${serviceId}, 'held', 'backup_down')
      on conflict (service_id) do update set state = 'held', reason = 'backup_down'`);
    await put({ mode: "primary", reason: "x" });
    await api.call("DELETE", path, { token: acme.editor });
    const { body } = await api.call("GET", `/v1/services/${serviceId}/routing`, { token: acme.viewer });
    expect(body).toMatchObject({ state: "held", reason: "backup_down", override: null });
  });

  it.each([
    [{ reason: "x" }, "/mode"],
    [{ mode: "off", reason: "x" }, "/mode"],
    [{ mode: "backup" }, "/reason"],
    [{ mode: "backup", reason: " " }, "/reason"],
    [{ mode: "backup", reason: "x".repeat(501) }, "/reason"],
    [{ mode: "backup", reason: "x", until: "tomorrow" }, "/until"],
    [{ mode: "backup", reason: "x", until: "2020-01-01T00:00:00Z" }, "/until"],
    [{ mode: "backup", reason: "x", untill: null }, "/untill"],
  ])("refuses %j", async (body, pointer) => {
    const answer = await put(body);
    expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
  });

  it("lapses in the future, at most 30 days ahead", async () => {
    expect((await put({ mode: "backup", reason: "x", until: iso(0) })).status).toBe(400);
    expect((await put({ mode: "backup", reason: "x", until: iso(30 * dayMs + 1) })).status).toBe(400);
    expect((await put({ mode: "backup", reason: "x", until: iso(30 * dayMs) })).status).toBe(200);
    await api.db.rows(sql`update service_routing set override_until = now() - interval '1 second'`);
    expect(await shown()).toBeNull();
  });

  it("is for editors of the service", async () => {
    const body = { mode: "backup", reason: "x" };
    const globex = await api.onboard("globex");
    expect((await put(body, acme.viewer)).status).toBe(403);
    expect((await put(body, globex.editor)).status).toBe(404);
    expect((await api.call("DELETE", path, { token: globex.editor })).status).toBe(404);
    expect((await put(body, acme.editor, "/v1/services/999999/routing/override")).status).toBe(404);
  });
});
