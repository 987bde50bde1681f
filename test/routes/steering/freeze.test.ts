import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/freeze";
const hourMs = 3_600_000;

beforeAll(async () => {
  api = await startApi();
  api.time.nowMs = Date.now();
  acme = await api.onboard("acme");
});

const iso = (inMs: number) => new Date(api.time.nowMs + inMs).toISOString();
const audit = async () =>
  await api.db.rows(
    sql`select action, customer_id as customer, actor, before, after from audit_log where object_type = 'freeze' order by id`,
  );

describe("the freeze of everything", () => {
  it("is set, replaced, shown and lifted in one call each, with an audit row each", async () => {
    expect((await api.call("GET", path)).body).toEqual({ freeze: null });
    const first = await api.call("PUT", path, { body: { reason: "Route 53 is impaired" } });
    expect([first.status, first.body]).toMatchObject([200, { reason: "Route 53 is impaired", until: null, actor: "admin" }]);
    const until = iso(hourMs);
    await api.call("PUT", path, { body: { reason: "until the incident is over", until } });
    expect((await api.call("GET", path)).body).toMatchObject({ freeze: { reason: "until the incident is over", until } });
    expect((await api.call("DELETE", path)).status).toBe(204);
    expect((await api.call("DELETE", path)).status).toBe(204);
    expect((await api.call("GET", path)).body).toEqual({ freeze: null });
    expect(await audit()).toMatchObject([
      { action: "set", customer: null, actor: "admin", before: null, after: { reason: "Route 53 is impaired" } },
      { action: "set", before: { reason: "Route 53 is impaired" }, after: { reason: "until the incident is over" } },
      { action: "lift", before: { reason: "until the incident is over" }, after: null },
    ]);
  });

  it("is shown no more once it has run out", async () => {
    await api.call("PUT", path, { body: { reason: "short", until: iso(1_000) } });
    api.time.nowMs += 1_000;
    expect((await api.call("GET", path)).body).toEqual({ freeze: null });
    await api.call("DELETE", path);
  });

  it("is for admins only", async () => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await api.call(method, path, { token: acme.editor, ...(method === "PUT" && { body: { reason: "mine" } }) });
      expect(answer.status).toBe(403);
    }
  });

  it.each([
    ["in the past", -1],
    ["too far ahead", 31 * 24 * hourMs],
  ])("refuses an end %s", async (_, inMs) => {
    const answer = await api.call("PUT", path, { body: { reason: "x", until: iso(inMs) } });
    expect([answer.status, pointers(answer)]).toEqual([400, ["/until"]]);
  });

  it("counts in the metrics", async () => {
    await api.call("PUT", path, { body: { reason: "metrics" } });
    expect(await api.deps.metrics.read()).toMatchObject({ frozen: true });
    await api.call("DELETE", path);
    expect(await api.deps.metrics.read()).toMatchObject({ frozen: false });
  });
});
