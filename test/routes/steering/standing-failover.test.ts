import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let at: string;
let domainId: number;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  const service = await api.service(acme.editor);
  const body = { name: "app.example.test", primary_target: "app.a.cdn.net", backup_target: "app.b.cdn.net" };
  domainId = (await api.created(`/v1/services/${service.id}/domains`, body, { token: acme.editor })).id;
  at = `/v1/services/${service.id}/domains/${domainId}/standing-failover`;
});

const want = (options = {}, path = at) => api.call("POST", path, { token: acme.editor, ...options });
const shown = async () => (await api.call("GET", at, { token: acme.viewer })).body;
const set = (columns: string) => api.db.rows(sql`update standing_failovers set ${sql.raw(columns)}`);

describe("a standing failover", () => {
  it("is not there before it is wanted", async () => {
    expect((await api.call("GET", at, { token: acme.viewer })).status).toBe(404);
    expect((await api.call("DELETE", at, { token: acme.editor })).status).toBe(204);
  });

  it("is wanted, shown, wanted again, and unwanted, with an audit row each", async () => {
    const first = await want({ headers: { "idempotency-key": "k" } });
    expect([first.status, first.body]).toMatchObject([
      200,
      { domain_id: domainId, state: "pending", primary_check_id: null, last_error: null, checked_at: null },
    ]);
    expect(await shown()).toEqual(first.body);
    const again = await want({ headers: { "idempotency-key": "k" } });
    expect([again.body, again.headers.get("idempotency-replayed")]).toEqual([first.body, "true"]);
    expect((await want()).body).toEqual(first.body);
    expect((await api.call("DELETE", at, { token: acme.editor })).status).toBe(204);
    expect(await shown()).toMatchObject({ state: "removing" });
    expect((await want()).body).toMatchObject({ state: "pending" });
    const { list } = await api.call("GET", "/v1/audit-log?object_type=standing_failover", { token: acme.viewer });
    expect(list.map(({ action, object_id: id, before, after }) => [action, id, before, after])).toEqual([
      ["want", domainId, { state: "removing" }, { state: "standing" }],
      ["unwant", domainId, { state: "standing" }, { state: "removing" }],
      ["want", domainId, { state: "standing" }, { state: "standing" }],
      ["want", domainId, null, { state: "standing" }],
    ]);
  });

  it("fault 10: is refused where Route 53 cannot apply its expect_status", async () => {
    const domain = at.replace("/standing-failover", "");
    await api.call("PATCH", domain, { token: acme.editor, body: { expect_status: "200,404" } });
    const refused = await want();
    expect([refused.status, refused.body["detail"]]).toEqual([409, expect.stringContaining("expect_status holds 404")]);
    await api.call("PATCH", domain, { token: acme.editor, body: { expect_status: "200-399" } });
  });

  it("says how far it is", async () => {
    const check = (id: string, disabled: boolean) => `{"id":"${id}","version":1,"target":null,"disabled":${disabled}}`;
    await set(
      `checks = '{"primary":${check("P", false)},"backup":${check("B", false)}}', attached = true, checked_at = '2026-11-21T10:00:00Z'`,
    );
    expect(await shown()).toMatchObject({
      state: "standing",
      primary_check_id: "P",
      backup_check_id: "B",
      checked_at: "2026-11-21T10:00:00.000Z",
    });
    await set(`checks = '{"primary":${check("P", true)},"backup":${check("B", true)}}', last_error = 'the service is frozen'`);
    expect(await shown()).toMatchObject({ state: "disabled", last_error: "the service is frozen" });
  });

  it.each([
    ["nobody has proven that the name is theirs", sql`update service_domains set verified_at = null`, "prove the ownership"],
    ["the service is shadowed", sql`update services set steering = 'shadow'`, "shadowed"],
    ["a target is missing", sql`update service_domains set backup_target = null`, "backup_target"],
  ])("is refused where %s", async (_, spoil, detail) => {
    await api.db.rows(spoil);
    const answer = await want();
    expect([answer.status, String(answer.body["detail"]).includes(detail)]).toEqual([409, true]);
    await api.db.rows(sql`update service_domains set verified_at = now(), backup_target = 'app.b.cdn.net'`);
    await api.db.rows(sql`update services set steering = 'auto'`);
  });

  it("is for editors of the domain", async () => {
    const globex = await api.onboard("globex");
    expect((await want({ token: acme.viewer })).status).toBe(403);
    for (const method of ["GET", "POST", "DELETE"]) {
      expect((await api.call(method, at, { token: globex.editor })).status).toBe(404);
      expect((await api.call(method, at.replace(`/${domainId}/`, "/999999/"), { token: acme.editor })).status).toBe(404);
    }
    expect((await want({ body: { force: true } })).status).toBe(400);
  });
});
