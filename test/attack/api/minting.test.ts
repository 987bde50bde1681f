import { sql } from "drizzle-orm";
import { SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api, CallOptions } from "../../support/api.ts";

/** Hole: whoever held an editor's credential for a minute made himself one that lasted for ever. */
const secret = "a shared secret of 32 bytes or more!";
const gatewaySecret = "what the gateway shows, 32 or more";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let path: string;

beforeAll(async () => {
  api = await startApi({ AUTH_JWT_SECRET: secret, TRUST_CUSTOMER_HEADER: "true", GATEWAY_SECRET: gatewaySecret });
  acme = await api.onboard("acme");
  path = `/v1/customers/${acme.id}/tokens`;
});

const jwt = (role: string) =>
  new SignJWT({ customer_id: acme.id, role })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(Math.floor(api.time.nowMs / 1_000) + 60)
    .sign(new TextEncoder().encode(secret));

const tokens = async (): Promise<number> =>
  (await api.db.rows<{ n: number }>(sql`select count(*) as n from customer_tokens where revoked_at is null`))[0]?.n ?? 0;

/** Tries to make a token of each role, and to revoke the one that there is. */
const attempt = async (options: CallOptions): Promise<number[]> => {
  const [victim] = await api.db.rows<{ id: number }>(
    sql`select id from customer_tokens where customer_id = ${acme.id} order by id limit 1`,
  );
  const statuses: number[] = [];
  for (const role of ["viewer", "editor", "owner"])
    statuses.push((await api.call("POST", path, { ...options, body: { name: "mine for ever", role } })).status);
  statuses.push((await api.call("DELETE", `${path}/${victim?.id ?? 0}`, options)).status);
  return statuses;
};

describe("a credential that is not an owner's makes no other one, and takes none away", () => {
  it.each<[string, () => Promise<CallOptions>]>([
    ["an editor's token", async () => ({ token: acme.editor })],
    ["a viewer's token", async () => ({ token: acme.viewer })],
    ["a JWT that is good for a minute", async () => ({ token: await jwt("editor") })],
    ["a JWT that says owner", async () => ({ token: await jwt("owner") })],
    ["a gateway's header", async () => ({ token: null, customer: acme.id, headers: { "x-gateway-secret": gatewaySecret } })],
  ])("%s", async (_, options) => {
    const before = await tokens();
    expect(await attempt(await options())).toEqual([403, 403, 403, 403]);
    expect(await tokens()).toBe(before);
  });

  it("nor does an owner's token that expires make one that outlives it", async () => {
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = await api.created(path, { name: "for an hour", role: "owner", expires_at: endsAt });
    const token = String(made["token"]);
    const mint = async (body: object) => (await api.call("POST", path, { token, body: { name: "heir", role: "viewer", ...body } })).status;
    expect(await mint({})).toBe(403);
    expect(await mint({ expires_at: new Date(Date.parse(endsAt) + 1).toISOString() })).toBe(403);
    expect(await mint({ expires_at: endsAt })).toBe(201);
  });
});

describe("an owner's token", () => {
  it("mints every role, and revokes", async () => {
    for (const role of ["viewer", "editor", "owner"]) {
      const made = await api.created(path, { name: "of the owner", role }, { token: acme.owner });
      expect((await api.call("DELETE", `${path}/${made.id}`, { token: acme.owner })).status).toBe(204);
    }
  });
});

describe("a token that expires", () => {
  const mint = async (expiresAt: unknown) =>
    await api.call("POST", path, { body: { name: "short", role: "viewer", expires_at: expiresAt } });

  it("begins in the future", async () => {
    for (const late of [new Date(api.time.nowMs).toISOString(), "2020-01-01T00:00:00Z", "soon", 5])
      expect((await mint(late)).status).toBe(400);
  });

  it("is refused from that moment on, on our clock and on the database's, and by what is remembered of it", async () => {
    const endsMs = Date.now() + 600_000;
    const made = await mint(new Date(endsMs).toISOString());
    const token = String(made.body["token"]);
    const status = async () => (await api.call("GET", "/v1/services", { token })).status;
    const startMs = api.time.nowMs;
    api.time.nowMs = endsMs - 1_000;
    expect(await status()).toBe(200);
    // Asked for a second ago, and remembered for thirty.
    api.time.nowMs = endsMs;
    expect(await status()).toBe(401);
    api.time.nowMs = startMs;
    await api.db.rows(sql`update customer_tokens set expires_at = now() - interval '1 second' where id = ${made.body.id}`);
    expect(await status()).toBe(401);
    const listed = await api.call("GET", path, { token: acme.viewer });
    expect(listed.list.find(({ id }) => id === made.body.id)?.["expires_at"]).toMatch(/Z$/);
  });
});
