import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import type { Api } from "../../support/api.ts";
import { startApi } from "../../support/api.ts";
import type { Tenant } from "../../support/tenant.ts";
import { seedTenant } from "../../support/tenant.ts";

let api: Api;
let [owner, stranger]: Tenant[] = [];

const path = () => `/v1/storms/${owner?.ids["storms"] ?? 0}/evidence`;

beforeAll(async () => {
  api = await startApi();
  [owner, stranger] = [await seedTenant(api, "owner"), await seedTenant(api, "stranger")];
  await api.db.rows(sql`
    insert into evidence (service_id, storm_id, kind, body)
    select service_id, id, k.kind, '{"note":"é \\" 1"}' from storm_events cross join (values ('begin'), ('end')) k(kind) where id = ${owner.ids["storms"]}`);
});

describe("GET /v1/storms/{id}/evidence", () => {
  it("gives the bytes that were hashed, to keep", async () => {
    const answer = await api.call("GET", path(), { token: owner?.viewer ?? "" });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="storm-${owner?.ids["storms"]}-evidence.json"`);
    expect(answer.list).toMatchObject([
      { kind: "begin", seq: 1, previous_hash: null },
      { kind: "end", seq: 2, previous_hash: answer.list[0]?.["hash"] },
    ]);
    for (const record of answer.list) {
      const { hash, ...hashed } = record as Record<string, unknown>;
      // The names are in their canonical order already.
      const bytes = new TextEncoder().encode(JSON.stringify(hashed));
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      expect([...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")).toBe(hash);
    }
    expect(answer.text, "no space, no reordering").toBe(JSON.stringify(answer.list));
  });

  it("that was deleted for its age is gone, and its chain says where it goes on", async () => {
    const storm = owner?.ids["storms"] ?? 0;
    await api.db.rows(
      sql`update storm_events set state = 'ended', started_at = '2020-01-01', ended_at = '2020-01-02', ended_reason = 'recovered' where id = ${storm}`,
    );
    const records = await api.db.rows<{ seq: number; hash: string }>(
      sql`select seq, hash from evidence where storm_id = ${storm} order by seq desc`,
    );
    await api.db.rows(sql`alter table evidence disable trigger evidence_append_only`);
    await api.db.rows(sql`update evidence set created_at = '2020-01-02' where storm_id = ${storm}`);
    await api.db.rows(sql`alter table evidence enable trigger evidence_append_only`);
    await api.db.rows(sql`delete from evidence where storm_id = ${storm}`);
    const answer = await api.call("GET", path(), { token: owner?.viewer ?? "" });
    expect([answer.status, answer.body["title"]]).toEqual([410, "Gone"]);
    expect(answer.body["detail"]).toContain(`after record ${records[0]?.seq}, ${records[0]?.hash}`);
  });

  it("is a missing one for everybody else, and empty for a storm from before there was evidence", async () => {
    expect((await api.call("GET", path(), { token: stranger?.editor ?? "" })).status).toBe(404);
    expect((await api.call("GET", path(), { token: null })).status).toBe(401);
    expect((await api.call("GET", "/v1/storms/999999999/evidence", { token: owner?.viewer ?? "" })).status).toBe(404);
    const old = await api.call("GET", `/v1/storms/${stranger?.ids["storms"]}/evidence`, { token: stranger?.viewer ?? "" });
    expect([old.status, old.text]).toEqual([200, "[]"]);
  });
});
