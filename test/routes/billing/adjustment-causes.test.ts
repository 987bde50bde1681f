import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { seedTenant } from "../../support/tenant.ts";
import type { Tenant } from "../../support/tenant.ts";

let api: Api;
let acme: Tenant;
const path = "/v1/adjustment-causes";
const reason = "differs since the restore";

beforeEach(async () => {
  api = await startApi();
  acme = await seedTenant(api, "acme");
  await api.db.rows(sql`delete from adjustment_causes`);
});

const windowThat = async (billed: boolean): Promise<number> => {
  const [row] = await api.db.rows<{ id: number }>(sql`select id from usage_snapshots where (invoice_id is not null) = ${billed} limit 1`);
  return row?.id ?? 0;
};
const want = (snapshot: unknown, options: object = {}) =>
  api.call("POST", path, { body: { usage_snapshot_id: snapshot, reason }, ...options });

describe("the adjustment of a window", () => {
  it("is asked for once, listed, and in the audit log of its customer with its reason", async () => {
    const snapshot = await windowThat(true);
    const made = await want(snapshot);
    const cause = {
      id: expect.any(Number) as number,
      customer_id: acme.id,
      service_id: acme.ids["services"],
      cause: "usage",
      from: "2026-11-20T01:00:00.000Z",
      to: "2026-11-20T02:00:00.000Z",
      noted_at: expect.any(String) as string,
      idle: false,
    };
    expect([made.status, made.body]).toEqual([201, cause]);
    const again = await want(snapshot);
    expect([again.status, again.body]).toEqual([201, made.body]);
    expect((await api.call("GET", path)).body).toEqual([made.body]);
    expect(
      await api.db.rows(
        sql`select customer_id as customer, actor, action, after->>'reason' as reason from audit_log where object_type = 'adjustment'`,
      ),
    ).toEqual([{ customer: acme.id, actor: "admin", action: "want", reason }]);
  });

  it("is asked for anew where the one before was found to change no cents", async () => {
    const snapshot = await windowThat(true);
    await want(snapshot);
    await api.db.rows(sql`update adjustment_causes set idle = true`);
    expect((await want(snapshot)).status).toBe(201);
  });

  it("is answered alike for a repeated key, and made once", async () => {
    const snapshot = await windowThat(true);
    const keyed = () => want(snapshot, { headers: { "idempotency-key": "k" } });
    const [first, second] = [await keyed(), await keyed()];
    expect([first.status, second.status, second.body]).toEqual([201, 201, first.body]);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });

  it("needs a window that is there and billed, a reason, and the scope billing", async () => {
    expect((await want(999_999)).status).toBe(404);
    expect(await want(await windowThat(false))).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining("not billed yet") as string },
    });
    for (const bad of [0, 1.5, "1", null]) expect(pointers(await want(bad))).toEqual(["/usage_snapshot_id"]);
    const bare = await api.call("POST", path, { body: { usage_snapshot_id: 1 } });
    expect([bare.status, pointers(bare)]).toEqual([400, ["/reason"]]);
    expect((await want(1, { token: acme.owner })).status).toBe(403);
    const writer = await api.created("/v1/admin-tokens", { name: "writer", scopes: ["read", "write"] });
    expect((await want(1, { token: writer["token"] })).status).toBe(403);
    expect(await api.db.rows(sql`select from adjustment_causes`)).toEqual([]);
  });

  it("shows a storm that is on without an end", async () => {
    await api.db.rows(
      sql`insert into adjustment_causes (service_id, cause, from_at, to_at) values (${acme.ids["services"]}, 'storm', now(), 'infinity')`,
    );
    expect((await api.call("GET", path)).body).toMatchObject([{ cause: "storm", to: null }]);
  });
});
