import { sql } from "drizzle-orm";
import { SignJWT, exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";

const secret = "a shared secret of 32 bytes or more!";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;

beforeAll(async () => {
  api = await startApi({ AUTH_JWT_SECRET: secret });
  acme = await api.onboard("acme");
  globex = await api.onboard("globex");
});

describe("credentials", () => {
  it.each([
    ["none", {}],
    ["another scheme", { authorization: "Basic YTpi" }],
    ["an unknown token", { authorization: `Bearer trn_${"A".repeat(43)}` }],
    ["nonsense", { "x-api-key": "nonsense" }],
    ["almost the admin token", { "x-api-key": "admin-token-for-tests-0123456789abcdeF" }],
  ])("%s: 401", async (_, headers) => {
    const answer = await api.call("GET", "/v1/services", { token: null, headers });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  });

  it("takes a token as X-API-Key too", async () => {
    const answer = await api.call("GET", "/v1/services", { token: null, headers: { "x-api-key": acme.viewer } });
    expect(answer.status).toBe(200);
  });

  it("lets viewers read and editors write", async () => {
    const body = { name: "roles", primary_cdn: "a", backup_cdn: "b" };
    expect((await api.call("POST", "/v1/services", { token: acme.viewer, body })).status).toBe(403);
    expect((await api.call("POST", "/v1/services", { token: acme.editor, body })).status).toBe(201);
  });

  it("wants X-Customer-ID to be the token's own", async () => {
    const as = (customer: number | string) => api.call("GET", "/v1/services", { token: acme.viewer, customer });
    expect((await as(acme.id)).status).toBe(200);
    expect((await as(globex.id)).status).toBe(403);
    expect((await as("x")).status).toBe(403);
    const query = await api.call("GET", `/v1/services?customer_id=${globex.id}`, { token: acme.viewer });
    expect(query.status).toBe(403);
  });

  it("refuses a revoked token, elsewhere within 30 s", async () => {
    const made = await api.created(`/v1/customers/${acme.id}/tokens`, { name: "short", role: "viewer" });
    const token = String(made["token"]);
    expect((await api.call("GET", "/v1/services", { token })).status).toBe(200);
    // Behind the API's back, as another isolate would do it.
    await api.db.rows(sql`update customer_tokens set revoked_at = now() where id = ${made.id}`);
    api.time.nowMs += 29_999;
    expect((await api.call("GET", "/v1/services", { token })).status).toBe(200);
    api.time.nowMs += 1;
    expect((await api.call("GET", "/v1/services", { token })).status).toBe(401);
  });

  it("asks the database for a token once in 30 s", async () => {
    const verify = vi.spyOn(api.deps.tokens, "verify");
    api.time.nowMs += 60_000;
    for (let at = 0; at < 3; at += 1) await api.call("GET", "/v1/services", { token: globex.viewer });
    expect(verify).toHaveBeenCalledTimes(1);
    verify.mockRestore();
  });
});

describe("admins", () => {
  it("name the customer they act for", async () => {
    const get = (path: string, customer?: number | string) => api.call("GET", path, customer === undefined ? {} : { customer });
    expect((await get("/v1/services")).status).toBe(400);
    expect((await get("/v1/services", "x")).status).toBe(400);
    expect((await get("/v1/services", 0)).status).toBe(400);
    expect((await get("/v1/services", acme.id)).status).toBe(200);
    expect((await get(`/v1/services?customer_id=${acme.id}`)).status).toBe(200);
    expect((await get(`/v1/services?customer_id=${acme.id}`, globex.id)).status).toBe(400);
  });

  it("get a 404 when they write for a customer that is not there", async () => {
    const body = { name: "x", primary_cdn: "a", backup_cdn: "b" };
    expect((await api.call("POST", "/v1/services", { customer: 424_242, body })).status).toBe(404);
  });

  it("alone manage customers", async () => {
    for (const [method, path] of [
      ["GET", "/v1/customers"],
      ["GET", `/v1/customers/${acme.id}`],
    ] as const) {
      expect((await api.call(method, path, { token: acme.editor })).status).toBe(403);
    }
    const body = { name: "mine" };
    expect((await api.call("POST", "/v1/customers", { token: acme.editor, body })).status).toBe(403);
    expect((await api.call("PATCH", `/v1/customers/${acme.id}`, { token: acme.editor, body })).status).toBe(403);
  });

  it("do not exist without ADMIN_TOKEN", async () => {
    const closed = await startApi({ ADMIN_TOKEN: "" });
    expect((await closed.call("GET", "/v1/customers", { token: "" })).status).toBe(401);
    expect((await closed.call("GET", "/v1/customers", { token: "null" })).status).toBe(401);
  });
});

describe("another tenant's rows", () => {
  it("are answered exactly as missing ones", async () => {
    const { id } = await api.service(globex.editor, "theirs");
    const policy = await api.created(`/v1/services/${id}/storm-policies`, {}, { token: globex.editor });
    const domain = await api.created(`/v1/services/${id}/domains`, { name: "app.globex.test" }, { token: globex.editor });
    const window = { window_start: "2026-11-21T10:00:00Z", window_end: "2026-11-21T11:00:00Z", primary_bytes: 1 };
    const paths = (service: number, child: number, kind: string) => `/v1/services/${service}/${kind}/${child}`;
    const calls: [string, string, string, unknown?][] = [
      ["GET", `/v1/services/${id}`, "/v1/services/99999"],
      ["PATCH", `/v1/services/${id}`, "/v1/services/99999", { name: "mine" }],
      ["DELETE", `/v1/services/${id}`, "/v1/services/99999"],
      ["POST", `/v1/services/${id}/domains`, "/v1/services/99999/domains", { name: "app.mine.test" }],
      ["PATCH", paths(id, domain.id, "domains"), paths(99_999, 99_999, "domains"), { probe_path: "/x" }],
      ["DELETE", paths(id, domain.id, "domains"), paths(99_999, 99_999, "domains")],
      ["POST", `/v1/services/${id}/storm-policies`, "/v1/services/99999/storm-policies", {}],
      ["GET", `/v1/services/${id}/storm-policies`, "/v1/services/99999/storm-policies"],
      ["PATCH", paths(id, policy.id, "storm-policies"), paths(99_999, 99_999, "storm-policies"), { window_seconds: 30 }],
      ["DELETE", paths(id, policy.id, "storm-policies"), paths(99_999, 99_999, "storm-policies")],
      ["GET", `/v1/services/${id}/routing`, "/v1/services/99999/routing"],
      ["GET", `/v1/services/${id}/usage`, "/v1/services/99999/usage"],
      ["PUT", `/v1/services/${id}/usage`, "/v1/services/99999/usage", [window]],
      ["GET", `/v1/customers/${globex.id}/tokens`, "/v1/customers/99999/tokens"],
      ["POST", `/v1/customers/${globex.id}/tokens`, "/v1/customers/99999/tokens", { name: "x", role: "editor" }],
      ["DELETE", paths(globex.id, 1, "t").replace("services", "customers").replace("/t/", "/tokens/"), "/v1/customers/99999/tokens/1"],
    ];
    const before = await api.call("GET", `/v1/services/${id}`, { token: globex.viewer });
    for (const [method, foreign, missing, body] of calls) {
      const theirs = await api.call(method, foreign, { token: acme.owner, body });
      const nobodys = await api.call(method, missing, { token: acme.owner, body });
      const visible = ({ headers, text }: typeof theirs) =>
        `${JSON.stringify([...headers])}${text}`.replaceAll(headers.get("x-request-id") ?? "", "REQUEST");
      expect([theirs.status, visible(theirs)], `${method} ${foreign}`).toEqual([404, visible(nobodys)]);
    }
    const after = await api.call("GET", `/v1/services/${id}`, { token: globex.viewer });
    expect(after.text).toBe(before.text);
    expect((await api.call("GET", "/v1/services", { token: acme.viewer })).text).not.toContain("theirs");
  });
});

describe("JSON Web Tokens", () => {
  const claims = (over: object = {}) => ({ customer_id: acme.id, role: "editor", ...over });
  const sign = (payload: object, exp: number | string = "5m", alg = "HS256") =>
    new SignJWT({ ...payload })
      .setProtectedHeader({ alg })
      .setSubject("alice")
      .setExpirationTime(typeof exp === "number" ? exp : Math.floor(api.time.nowMs / 1_000) + 300)
      .sign(new TextEncoder().encode(secret));
  const get = async (token: string) => (await api.call("GET", "/v1/services", { token })).status;

  it("stand for a customer and a role", async () => {
    expect(await get(await sign(claims()))).toBe(200);
    const body = { name: "jwt", primary_cdn: "a", backup_cdn: "b" };
    const viewer = await sign(claims({ role: "viewer" }));
    expect((await api.call("POST", "/v1/services", { token: viewer, body })).status).toBe(403);
    const made = await api.created("/v1/services", body, { token: await sign(claims()) });
    const [row] = await api.db.rows<{ actor: string }>(sql`
      select actor from audit_log where object_type = 'service' and object_id = ${made.id}`);
    expect(row?.actor).toBe("jwt:alice");
  });

  it("are refused when expired, unsigned, forged or incomplete", async () => {
    const now = Math.floor(api.time.nowMs / 1_000);
    const encode = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const unsigned = `${encode({ alg: "none" })}.${encode({ ...claims(), exp: now + 300 })}.`;
    const forged = (await sign(claims())).slice(0, -4) + "AAAA";
    expect(await get(await sign(claims(), now - 60))).toBe(401);
    expect(await get(unsigned)).toBe(401);
    expect(await get(forged)).toBe(401);
    expect(await get(await sign(claims({ customer_id: undefined })))).toBe(401);
    expect(await get(await sign(claims({ customer_id: -1 })))).toBe(401);
    expect(await get(await sign(claims({ role: "admin" })))).toBe(401);
    expect(await get(await sign(claims(), "5m", "HS512"))).toBe(401);
    const noExpiry = await new SignJWT(claims()).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
    expect(await get(noExpiry)).toBe(401);
  });

  it("are nothing where they are not configured", async () => {
    const plain = await startApi();
    expect((await plain.call("GET", "/v1/services", { token: await sign(claims()) })).status).toBe(401);
  });

  it("verify against a key set, never with its public key as a secret", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
    const real = fetch;
    const network = vi
      .spyOn(globalThis, "fetch")
      .mockImplementation((input, init) =>
        String(input) === "https://keys.test/jwks" ? Promise.resolve(Response.json({ keys: [jwk] })) : real(input, init),
      );
    const issuer = { AUTH_JWKS_URL: "https://keys.test/jwks", AUTH_JWT_AUDIENCE: "tranche", AUTH_JWT_ISSUER: "https://id.test" };
    const keyed = await startApi(issuer);
    const customer = await keyed.onboard("keyed");
    const exp = Math.floor(keyed.time.nowMs / 1_000) + 300;
    const token = (aud: string, alg = "ES256") =>
      new SignJWT({ customer_id: customer.id, role: "viewer" })
        .setProtectedHeader({ alg, kid: "k1" })
        .setIssuer("https://id.test")
        .setAudience(aud)
        .setExpirationTime(exp);
    const status = async (jwt: string) => (await keyed.call("GET", "/v1/services", { token: jwt })).status;
    expect(await status(await token("tranche").sign(privateKey))).toBe(200);
    expect(await status(await token("other").sign(privateKey))).toBe(401);
    const confused = await token("tranche", "HS256").sign(new TextEncoder().encode(JSON.stringify(jwk)));
    expect(await status(confused)).toBe(401);
    network.mockImplementation((input, init) =>
      String(input).startsWith("https://keys.test") ? Promise.reject(new TypeError("refused")) : real(input, init),
    );
    const cold = await startApi(issuer);
    expect((await cold.call("GET", "/v1/services", { token: await token("tranche").sign(privateKey) })).status).toBe(503);
    network.mockRestore();
  });
});

describe("TRUST_CUSTOMER_HEADER", () => {
  it("is off by default", async () => {
    expect((await api.call("GET", "/v1/services", { token: null, customer: acme.id })).status).toBe(401);
  });

  it("makes X-Customer-ID enough, behind a gateway", async () => {
    const gateway = await startApi({ TRUST_CUSTOMER_HEADER: "true", GATEWAY_SECRET: "the secret of the gateway, 4 tests" });
    const headers = { "x-gateway-secret": "the secret of the gateway, 4 tests" };
    const { id } = await gateway.onboard("behind");
    expect((await gateway.call("GET", "/v1/services", { token: null, headers, customer: id })).status).toBe(200);
    expect((await gateway.call("GET", "/v1/services", { token: null, headers })).status).toBe(401);
    expect((await gateway.call("GET", "/v1/services", { token: null, headers, customer: "x" })).status).toBe(400);
    expect((await gateway.call("GET", "/v1/customers", { token: null, headers, customer: id })).status).toBe(403);
    expect((await gateway.call("GET", "/v1/services", { token: "wrong", headers, customer: id })).status).toBe(401);
  });
});
