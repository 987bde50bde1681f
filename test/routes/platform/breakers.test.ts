import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

const path = "/v1/breakers";
let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
let account: number;

const time = (afterMs: number) => new Date(api.time.nowMs + afterMs).toISOString();

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
  const [row] = await api.db.rows<{ id: number }>(
    sql`insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token) values (${acme.id}, 'cloudflare', 'abc', 'x') returning id`,
  );
  account = row?.id ?? 0;
  const minute = 60_000;
  await api.db.rows(sql`
    insert into breakers (name, kind, customer_id, account_id, failures, in_a_row, pauses, opened_at, probe_at, last_error, updated_at) values
      (${`cdn:${account}`}, 'cdn', ${acme.id}, ${account}, array[${time(0)}::timestamptz], 5, 2, ${time(-minute)}, ${time(minute)}, 'no answer within 20 s', ${time(0)}),
      ('archive', 'archive', null, null, '{}', 5, 1, ${time(-minute)}, ${time(-1)}, 'answered 503', ${time(-minute)}),
      ('cdn:fastly', 'cdn', null, null, array[${time(-9_000)}::timestamptz], 2, 0, null, null, 'no connection (ECONNREFUSED)', ${time(-9_000)}),
      ('timestamp', 'timestamp', null, null, array[${time(-2 * minute)}::timestamptz], 0, 0, null, null, 'answered 500', ${time(0)})`);
  await api.db.rows(sql`
    insert into dns_standings (customer_id, strikes, pauses, paused_until, last_error, updated_at) values
      (${globex.id}, 6, 1, ${time(minute)}, 'no answer', ${time(-2 * minute)})`);
});

const whose = (list: readonly Record<string, unknown>[]) =>
  list.map((one) => [one["kind"], one["customer_id"], one["account"], one["state"]]);

describe("GET /v1/breakers", () => {
  it("shows admins what fails, everybody's and the operator's, open ones first", async () => {
    const { status, list } = await api.call("GET", path);
    expect(status).toBe(200);
    expect(whose(list)).toEqual([
      ["cdn", acme.id, "cloudflare abc", "open"],
      ["archive", null, null, "half-open"],
      ["dns", globex.id, null, "open"],
      ["cdn", null, "fastly", "closed"],
    ]);
    expect(list[0]).toEqual({
      kind: "cdn",
      customer_id: acme.id,
      account_id: account,
      account: "cloudflare abc",
      state: "open",
      failures: 5,
      since: time(-60_000),
      next_probe_at: time(60_000),
      last_error: "no answer within 20 s",
      updated_at: time(0),
    });
  });

  it("shows a customer its own alone, and so an admin who acts for it", async () => {
    for (const token of [acme.viewer, acme.editor])
      expect(whose((await api.call("GET", path, { token })).list)).toEqual([["cdn", acme.id, "cloudflare abc", "open"]]);
    expect(whose((await api.call("GET", path, { token: globex.viewer })).list)).toEqual([["dns", globex.id, null, "open"]]);
    expect(whose((await api.call("GET", `${path}?customer_id=${acme.id}`)).list)).toEqual([["cdn", acme.id, "cloudflare abc", "open"]]);
  });

  it("refuses what it does not know, another customer, and whoever has no credential", async () => {
    expect((await api.call("GET", `${path}?kind=cdn`)).status).toBe(400);
    expect((await api.call("GET", `${path}?customer_id=${globex.id}`, { token: acme.viewer })).status).toBe(403);
    expect((await api.app.request(path)).status).toBe(401);
  });
});
