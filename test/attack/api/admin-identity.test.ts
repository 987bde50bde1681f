import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole: there was one admin token, so that whoever did it, the audit log said `admin`; and who had it once had everything for ever. */
const path = "/v1/admin-tokens";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi();
  acme = await api.onboard("acme");
});

let made = 0;
const mint = async (scopes: readonly string[], more: object = {}, token = api.env.ADMIN_TOKEN) => {
  made += 1;
  return await api.call("POST", path, { token, body: { name: `person-${made}`, scopes, ...more } });
};
const secretOf = async (scopes: readonly string[], more: object = {}) => String((await mint(scopes, more)).body["token"]);
const service = (name: string) => ({ name, primary_cdn: "a", backup_cdn: "b" });

describe("the audit log", () => {
  it("says which admin it was", async () => {
    for (const name of ["alice", "bob"]) {
      const token = await secretOf(["read", "write"], { name });
      await api.created("/v1/services", service(name), { token, customer: acme.id });
    }
    await api.created("/v1/services", service("bootstrap"), { customer: acme.id });
    const { list } = await api.call("GET", "/v1/audit-log?object_type=service", { token: acme.viewer });
    expect(list.map((entry) => entry["actor"])).toEqual(["admin", "admin:bob", "admin:alice"]);
  });

  it("has who minted and who revoked, and no secret", async () => {
    const token = await mint(["read"]);
    await api.call("DELETE", `${path}/${token.body.id}`);
    await api.call("DELETE", `${path}/${token.body.id}`);
    const rows = await api.db.rows<{ action: string; actor: string; text: string }>(sql`
      select action, actor, concat(before, after) as text from audit_log where object_type = 'admin_token' and object_id = ${token.body.id} order by id`);
    expect(rows.map(({ action, actor }) => [action, actor])).toEqual([
      ["create", "admin"],
      ["revoke", "admin"],
    ]);
    const [stored] = await api.db.rows<{ text: string }>(
      sql`select to_jsonb(t)::text as text from admin_tokens t where id = ${token.body.id}`,
    );
    for (const text of [...rows.map((row) => row.text), stored?.text, (await api.call("GET", path)).text])
      expect(text).not.toContain(String(token.body["token"]));
    expect(rows.map((row) => row.text).join()).not.toContain("token_hash");
  });

  it("does not take one for another: of tokens that are not revoked each has a name of its own", async () => {
    const first = await mint(["read"], { name: "carol" });
    expect((await mint(["read"], { name: "carol" })).status).toBe(409);
    await api.call("DELETE", `${path}/${first.body.id}`);
    expect((await mint(["read"], { name: "carol" })).status).toBe(201);
    for (const name of ["Alice", "alice:bob", "", "-a", "a b", "ali\u0441e", "a".repeat(64)])
      expect((await mint(["read"], { name })).status).toBe(400);
  });
});

describe("an admin token", () => {
  it("does what its scopes say and nothing else", async () => {
    const tries: Record<string, (token: string) => Promise<number>> = {
      read: async (token) => (await api.call("GET", "/v1/customers", { token })).status,
      write: async (token) => (await api.call("PATCH", `/v1/customers/${acme.id}`, { token, body: { max_coverage_cap: 2 } })).status,
      billing: async (token) =>
        (await api.call("PUT", "/v1/billing/issuer", { token, body: { legal_name: "T", address: ["1 Road"] } })).status,
      freeze: async (token) => (await api.call("DELETE", "/v1/freeze", { token })).status,
      tokens: async (token) => (await api.call("GET", path, { token })).status,
    };
    for (const scope of Object.keys(tries)) {
      const token = await secretOf([scope]);
      for (const [other, attempt] of Object.entries(tries))
        expect((await attempt(token)) < 300, `${scope} tries ${other}`).toBe(scope === other);
    }
  });

  it("acts for a customer by read and write only", async () => {
    const act = async (token: string, method: string) =>
      (
        await api.call(method, "/v1/services", {
          token,
          customer: acme.id,
          ...(method === "POST" && { body: service(`${method}${token.slice(-4)}`) }),
        })
      ).status;
    const [reader, writer, banker] = [await secretOf(["read"]), await secretOf(["write"]), await secretOf(["billing", "freeze", "tokens"])];
    expect([await act(reader, "GET"), await act(reader, "POST")]).toEqual([200, 403]);
    expect([await act(writer, "GET"), await act(writer, "POST")]).toEqual([403, 201]);
    expect([await act(banker, "GET"), await act(banker, "POST")]).toEqual([403, 403]);
  });

  it("grants no scope that it lacks, and nothing that outlives it", async () => {
    const minter = await secretOf(["read", "tokens"]);
    expect((await mint(["read"], {}, minter)).status).toBe(201);
    for (const scopes of [["write"], ["read", "billing"], ["freeze"]]) expect((await mint(scopes, {}, minter)).status).toBe(403);
    const ends = new Date(Date.now() + 3_600_000).toISOString();
    const brief = await secretOf(["read", "write", "tokens"], { expires_at: ends });
    expect((await mint(["read"], {}, brief)).status).toBe(403);
    expect((await mint(["read"], { expires_at: ends }, brief)).status).toBe(201);
    const customers = `/v1/customers/${acme.id}/tokens`;
    expect((await api.call("POST", customers, { token: brief, body: { name: "for ever", role: "owner" } })).status).toBe(403);
    // By a customer's token it would write after all.
    expect((await api.call("POST", customers, { token: minter, body: { name: "detour", role: "owner" } })).status).toBe(403);
    expect((await api.call("POST", customers, { token: minter, body: { name: "viewer", role: "viewer" } })).status).toBe(201);
  });

  it("is nobody's to mint but an admin's", async () => {
    for (const token of [acme.owner, acme.editor, acme.viewer]) expect((await mint(["read"], {}, token)).status).toBe(403);
    for (const body of [
      { name: "x" },
      { name: "x", scopes: [] },
      { name: "x", scopes: ["root"] },
      { name: "x", scopes: ["read", "read"] },
    ]) {
      expect((await api.call("POST", path, { body })).status).toBe(400);
    }
  });

  it("ends when it is revoked, elsewhere within 30 s, and when it expires", async () => {
    const status = async (token: string) => (await api.call("GET", "/v1/customers", { token })).status;
    const here = await mint(["read"]);
    expect(await status(String(here.body["token"]))).toBe(200);
    expect((await api.call("DELETE", `${path}/${here.body.id}`)).status).toBe(204);
    expect(await status(String(here.body["token"]))).toBe(401);
    const there = await mint(["read"]);
    expect(await status(String(there.body["token"]))).toBe(200);
    await api.db.rows(sql`update admin_tokens set revoked_at = now() where id = ${there.body.id}`);
    api.time.nowMs += 30_000;
    expect(await status(String(there.body["token"]))).toBe(401);
    const endsMs = Date.now() + 600_000;
    const brief = await mint(["read"], { expires_at: new Date(endsMs).toISOString() });
    expect(await status(String(brief.body["token"]))).toBe(200);
    api.time.nowMs = endsMs;
    expect(await status(String(brief.body["token"]))).toBe(401);
    api.time.nowMs = Date.parse("2026-11-21T12:30:00Z");
  });

  it("counts against a limit of its own", async () => {
    const limited = await startApi({ RATE_LIMIT_PER_CREDENTIAL: "3" });
    const token = String((await limited.call("POST", path, { body: { name: "busy", scopes: ["read"] } })).body["token"]);
    const statuses: number[] = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await limited.call("GET", "/v1/customers", { token })).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await limited.call("GET", "/v1/customers")).status).toBe(200);
  });
});
