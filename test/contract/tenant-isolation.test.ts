import { sql } from "drizzle-orm";
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { adminScopes } from "../../src/domain/tenants/access.ts";
import { startApi } from "../support/api.ts";
import type { Answer, Api, CallOptions } from "../support/api.ts";
import type { Operation } from "../support/openapi.ts";
import { sampleBody } from "../support/samples.ts";
import { staticContract } from "../support/static-contract.ts";
import { missingId, pathWith, resourcesOf, seedTenant, tableStates } from "../support/tenant.ts";
import type { Ids, Tenant } from "../support/tenant.ts";

/** Every operation that is about one tenant's rows. Those of admins alone are tried too: tenants have no rights there. */
const operations = (await staticContract()).operations.filter(
  // Accounts with passwords are of self-hosted installations alone: test/console/accounts.test.ts tries them there.
  ({ scope, path }) => (scope === "tenant" || scope === "admin") && !/^\/v1\/(?:accounts|invitations)/.test(path),
);

const issuer = "https://id.test";
const jwksUrl = "https://keys.test/jwks";

let api: Api;
/** Whose rows are at stake, and who would like to have them. */
let victim: Tenant;
let intruder: Tenant;
let credentials: Record<CredentialName, string | null>;

const credentialNames = [
  "another tenant's owner",
  "another tenant's editor",
  "another tenant's viewer",
  "another tenant's JWT",
  "the tenant's own editor",
  "the tenant's own JWT that says owner",
  "the tenant's own viewer",
  "an admin with read only",
  "an admin with write only",
  "an admin with billing only",
  "an admin with freeze only",
  "an admin with tokens only",
  "a revoked token",
  "an expired token",
  "a revoked admin token",
  "an expired admin token",
  "an expired JWT",
  "alg none",
  "HS256 signed with the RSA public key",
  "an admin without customer",
  "no credential",
] as const;
type CredentialName = (typeof credentialNames)[number];

/** Those that are nobody. */
const refused: readonly CredentialName[] = [
  "a revoked token",
  "an expired token",
  "a revoked admin token",
  "an expired admin token",
  "an expired JWT",
  "alg none",
  "HS256 signed with the RSA public key",
  "no credential",
];
const foreign: readonly CredentialName[] = [
  "another tenant's owner",
  "another tenant's editor",
  "another tenant's viewer",
  "another tenant's JWT",
];

const makeCredentials = async (keys: Awaited<ReturnType<typeof generateKeyPair>>): Promise<Record<CredentialName, string | null>> => {
  const nowSeconds = Math.floor(api.time.nowMs / 1_000);
  const jwt = (customer: Tenant, alg: string, exp = nowSeconds + 300, role = "editor") =>
    new SignJWT({ customer_id: customer.id, role })
      .setProtectedHeader({ alg, kid: "k1" })
      .setIssuer(issuer)
      .setAudience("tranche")
      .setExpirationTime(exp);
  const encode = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
  const claims = { customer_id: victim.id, role: "editor", iss: issuer, aud: "tranche", exp: nowSeconds + 300 };
  const made = await api.created(`/v1/customers/${victim.id}/tokens`, { name: "gone", role: "editor" });
  await api.call("DELETE", `/v1/customers/${victim.id}/tokens/${made.id}`);
  const expired = await api.created(`/v1/customers/${victim.id}/tokens`, { name: "ended", role: "owner" });
  await api.db.rows(sql`update customer_tokens set expires_at = now() - interval '1 second' where id = ${expired.id}`);
  const adminToken = async (name: string, scopes: readonly string[]) => {
    const token = await api.created("/v1/admin-tokens", { name, scopes });
    return { id: token.id, secret: String(token["token"]) };
  };
  const goneAdmin = await adminToken("gone", adminScopes);
  await api.call("DELETE", `/v1/admin-tokens/${goneAdmin.id}`);
  const endedAdmin = await adminToken("ended", adminScopes);
  await api.db.rows(sql`update admin_tokens set expires_at = now() - interval '1 second' where id = ${endedAdmin.id}`);
  const only = async (scope: string) => (await adminToken(`only-${scope}`, [scope])).secret;
  const publicText = new TextEncoder().encode(await exportSPKI(keys.publicKey));
  return {
    "another tenant's owner": intruder.owner,
    "another tenant's editor": intruder.editor,
    "another tenant's viewer": intruder.viewer,
    "another tenant's JWT": await jwt(intruder, "RS256").sign(keys.privateKey),
    "the tenant's own editor": victim.editor,
    "the tenant's own JWT that says owner": await jwt(victim, "RS256", nowSeconds + 300, "owner").sign(keys.privateKey),
    "the tenant's own viewer": victim.viewer,
    "an admin with read only": await only("read"),
    "an admin with write only": await only("write"),
    "an admin with billing only": await only("billing"),
    "an admin with freeze only": await only("freeze"),
    "an admin with tokens only": await only("tokens"),
    "an expired token": String(expired["token"]),
    "a revoked admin token": goneAdmin.secret,
    "an expired admin token": endedAdmin.secret,
    "a revoked token": String(made["token"]),
    "an expired JWT": await jwt(victim, "RS256", nowSeconds - 60).sign(keys.privateKey),
    "alg none": `${encode({ alg: "none", kid: "k1" })}.${encode(claims)}.`,
    "HS256 signed with the RSA public key": await jwt(victim, "HS256").sign(publicText),
    "an admin without customer": api.env.ADMIN_TOKEN,
    "no credential": null,
  };
};

let network: { mockRestore(): void };

beforeAll(async () => {
  const keys = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256" };
  const real = fetch;
  network = vi
    .spyOn(globalThis, "fetch")
    .mockImplementation((input, init) => (String(input) === jwksUrl ? Promise.resolve(Response.json({ keys: [jwk] })) : real(input, init)));
  api = await startApi({ AUTH_JWKS_URL: jwksUrl, AUTH_JWT_AUDIENCE: "tranche", AUTH_JWT_ISSUER: issuer });
  victim = await seedTenant(api, "victim");
  await api.db.rows(sql`insert into evidence (service_id, storm_id, kind, body)
    select service_id, id, 'begin', '{"note":"victim"}' from storm_events where id = ${victim.ids["storms"]}`);
  intruder = await seedTenant(api, "intruder");
  credentials = await makeCredentials(keys);
});

afterAll(() => network.mockRestore());

const missingIds = (): Ids => Object.fromEntries(Object.keys(victim.ids).map((resource) => [resource, missingId]));

const call = (operation: Operation, path: string, token: string | null, options: CallOptions = {}): Promise<Answer> =>
  api.call(operation.method, path, {
    token,
    ...(operation.body !== null && { body: sampleBody(operation) }),
    ...options,
  });

/** All that a client can see of an answer; ids that it sent itself, and that of the request, are taken out. */
const visible = ({ status, headers, text }: Answer, path: string) =>
  JSON.stringify([status, [...headers], text])
    .replaceAll(path, "PATH")
    .replaceAll(headers.get("x-request-id") ?? "", "REQUEST");

/** What reads by POST: its question is too long for a query. */
const isWrite = ({ method, path }: Operation) => method !== "GET" && !/\/(backtest|objectives\/status)$/.test(path);
/** What an admin reads of everybody at once. */
const ofEverybody = ["GET /v1/corrections", "GET /v1/storms", "GET /v1/fleet", "GET /v1/breakers"];
const isOfEverybody = ({ title }: Operation) => ofEverybody.includes(title);
const isAdmins = ({ scope }: Operation) => scope === "admin";
/** What minting and revoking is: of customers' tokens, and of admins'. */
const isMinting = (operation: Operation) => isWrite(operation) && operation.path.includes("/tokens");
const isAdminTokens = ({ path }: Operation) => path.startsWith("/v1/admin-tokens");
const isBilling = (operation: Operation) =>
  isWrite(operation) &&
  /billing-(?:terms|profile)$|^\/v1\/billing\/issuer$|\/credit$|^\/v1\/corrections\/|^\/v1\/adjustment-causes$/.test(operation.path);

/** What is about whoever asks, and nobody else. */
const isOfOneself = ({ path }: Operation) => path === "/v1/sessions";

/** The scope that an admin needs for it. */
const scopeOf = (operation: Operation): string => {
  if (isAdminTokens(operation) || isMinting(operation)) return "tokens";
  if (isBilling(operation)) return "billing";
  if (!isWrite(operation)) return "read";
  return /^\/v1\/(?:freeze|panic)$/.test(operation.path) ? "freeze" : "write";
};
/** Nobody's row is named by what one calls a CDN: to set its rate is to have one of one's own. */
const isOwnName = ({ title }: Operation) => title === "PUT /v1/cost/rates/{cdn}";
const hasIds = (operation: Operation) => resourcesOf(operation.path).length > 0 && !isOwnName(operation);

/** What a credential may hear about rows that it has no right to. 0: not a question, it has the right. */
const expectedStatus = (operation: Operation, name: CredentialName): number => {
  if (refused.includes(name)) return 401;
  if (isOfOneself(operation)) return 0;
  const unnamed = isAdmins(operation) || isOfEverybody(operation) || resourcesOf(operation.path)[0] === "customers" ? 0 : 400;
  if (name === "an admin without customer") return unnamed;
  const [, scope] = /^an admin with (\w+) only$/.exec(name) ?? [];
  if (scope === "tokens" && isMinting(operation) && operation.method === "POST") return 403;
  if (scope !== undefined) return scope === scopeOf(operation) ? unnamed : 403;
  if (isAdmins(operation)) return 403;
  if (isMinting(operation) && name !== "another tenant's owner") return 403;
  if (name === "the tenant's own editor" || name === "the tenant's own JWT that says owner") return 0;
  if (name === "the tenant's own viewer") return isWrite(operation) ? 403 : 0;
  if (name === "another tenant's viewer" && isWrite(operation)) return 403;
  return hasIds(operation) ? 404 : 0;
};

/** What is asked of an operation: by whom, and what they may hear. */
const questionsOf = (operation: Operation) =>
  credentialNames.map((name) => ({ name, status: expectedStatus(operation, name) })).filter(({ status }) => status !== 0);

/** Whoever asks is named in what a failing expectation says: all credentials of an operation are tried in one test. */
const asked = operations.map((operation) => ({ operation, title: operation.title, questions: questionsOf(operation) }));
const nested = asked.filter(({ operation }) => resourcesOf(operation.path).length > 1);

/** That nothing of any table is another afterwards. Once for all credentials of an operation: reading every table takes longer than asking. */
const changingNothing = async (ask: () => Promise<void>): Promise<void> => {
  const before = await tableStates(api);
  await ask();
  expect(await tableStates(api)).toEqual(before);
};

describe("the rows of a tenant", () => {
  it.each(asked)("$title: by everybody without a right to them as for a missing row", async ({ operation, questions }) => {
    const [theirs, nobodys] = [pathWith(operation, victim.ids), pathWith(operation, missingIds())];
    await changingNothing(async () => {
      for (const { name, status } of questions) {
        const answer = await call(operation, theirs, credentials[name]);
        expect(answer.status, `${name}: ${answer.text}`).toBe(status);
        expect(answer.text, name).not.toContain("victim");
        expect(visible(answer, theirs), name).toBe(visible(await call(operation, nobodys, credentials[name]), nobodys));
      }
    });
  });

  it.each(nested)("$title: by another tenant not found below a row of its own", async ({ operation }) => {
    const [outer = "", inner = ""] = resourcesOf(operation.path);
    const own = intruder.ids;
    const theirs = pathWith(operation, { ...own, [outer]: own[outer] ?? 0, [inner]: victim.ids[inner] ?? 0 });
    const nobodys = pathWith(operation, { ...own, [inner]: missingId });
    await changingNothing(async () => {
      for (const name of foreign) {
        const answer = await call(operation, theirs, credentials[name]);
        expect([403, 404], name).toContain(answer.status);
        expect(visible(answer, theirs), name).toBe(visible(await call(operation, nobodys, credentials[name]), nobodys));
      }
    });
  });
});

const tenantOperations = operations.filter(({ scope }) => scope === "tenant");

/** The customer itself; an account at AWS. */
const ofNoRow = ["customer_id", "account_id"];

/** Parameters and fields that name a row of somebody. */
const references = tenantOperations.flatMap((operation) =>
  operation.parameters
    .filter((parameter) => parameter.in === "query" && parameter.name.endsWith("_id") && !ofNoRow.includes(parameter.name))
    .map(({ name }) => ({ operation, title: operation.title, name })),
);

describe("a tenant that names another one", () => {
  it.each(tenantOperations)("$title: 403 in the header and in the query, whether it exists or not", async (operation) => {
    const path = pathWith(operation, intruder.ids);
    const inHeader = async (token: string | null, id: number) => visible(await call(operation, path, token, { customer: id }), path);
    const inQuery = async (token: string | null, id: number) => visible(await call(operation, `${path}?customer_id=${id}`, token), path);
    await changingNothing(async () => {
      for (const name of foreign) {
        const token = credentials[name];
        const header = await inHeader(token, victim.id);
        expect(header, name).toMatch(/^\[403,/);
        expect(header, name).toBe(await inHeader(token, missingId));
        expect(await inQuery(token, victim.id), name).toBe(header);
        expect(await inQuery(token, missingId), name).toBe(header);
      }
    });
  });

  it.each(references)("$title?$name sees nothing of another tenant's row", async ({ operation, name }) => {
    const path = pathWith(operation, intruder.ids);
    const id = victim.ids[`${name.replace(/_id$/, "")}s`];
    expect(id, `seedTenant knows no ${name}`).toBeGreaterThan(0);
    const answers = [];
    for (const value of [id, missingId]) {
      const at = `${path}?${name}=${value}`;
      const answer = await call(operation, at, intruder.editor);
      expect(answer.text).not.toContain("victim");
      answers.push(visible(answer, at));
    }
    expect(answers[0]).toBe(answers[1]);
  });
});

describe("a tenant's lists", () => {
  it.each(tenantOperations.filter((operation) => !isWrite(operation)))("$title holds rows of its own only", async (operation) => {
    const path = pathWith(operation, intruder.ids);
    for (const name of foreign) {
      const answer = await call(operation, path, credentials[name]);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.text).not.toContain("victim");
    }
  });

  it.each(tenantOperations.filter((operation) => !isWrite(operation)))("$title shows the tenant itself its rows", async (operation) => {
    const answer = await call(operation, pathWith(operation, victim.ids), victim.viewer);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toMatch(/^(\[\])?$/);
  });
});

describe("the same request by its owner", () => {
  // Without this a matrix of refusals would prove nothing: a wrong body or path is refused to everybody.
  it.each(operations)("$title succeeds", async (operation) => {
    const owner = await seedTenant(api, `owner-${operations.indexOf(operation)}`);
    const token = isAdmins(operation) ? api.env.ADMIN_TOKEN : isMinting(operation) ? owner.owner : owner.editor;
    const path = pathWith(operation, owner.ids);
    if (operation.path === "/v1/services/{id}/storm-policies" && isWrite(operation)) {
      expect((await api.call("DELETE", `${path}/${owner.ids["storm-policies"]}`, { token })).status).toBe(204);
    }
    if (operation.path === "/v1/dns-accounts" && isWrite(operation)) {
      expect((await api.call("DELETE", `${path}/${owner.ids["dns-accounts"]}`, { token })).status).toBe(204);
    }
    const answer = await call(operation, path, token);
    // Every tenant of these tests is frozen: of its records nothing is written, and that it is told.
    if (operation.path.endsWith("/provision"))
      return expect([answer.status, answer.body["detail"]]).toEqual([409, expect.stringContaining("frozen")]);
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(200);
    expect(answer.status, answer.text).toBeLessThan(300);
  });
});

it("covers every kind of row", () => {
  const inPaths = new Set(operations.flatMap(({ path }) => resourcesOf(path)));
  // The address of a status page is for everybody; invitations are of people's accounts, which are off here.
  const ofTenants = Object.keys(victim.ids).filter((resource) => resource !== "status" && resource !== "invitations");
  expect([...inPaths].toSorted()).toEqual(ofTenants.toSorted());
  expect(asked.flatMap(({ questions }) => questions).length).toBeGreaterThan(1_500);
});
