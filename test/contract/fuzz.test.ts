import { sql } from "drizzle-orm";
import fc from "fast-check";
import { SignJWT } from "jose";
import { beforeAll, expect, inject, it } from "vitest";
import { createLinkTokens } from "../../src/adapters/platform/link-tokens.ts";
import { agentSigner, isAgents } from "../support/agent-key.ts";
import type { AgentSigner } from "../support/agent-key.ts";
import { startApi } from "../support/api.ts";
import type { Api } from "../support/api.ts";
import { seedBatch } from "../support/cost-seed.ts";
import { bodyText, parameterText } from "../support/arbitraries.ts";
import type { Operation } from "../support/openapi.ts";
import { sampleBody } from "../support/samples.ts";
import { staticContract } from "../support/static-contract.ts";
import { missingId, resourcesOf, seedTenant, unconfirmed, weekOf } from "../support/tenant.ts";
import type { Tenant } from "../support/tenant.ts";

const { operations } = await staticContract();
const { seed, requests } = inject("fuzz");
const secret = "a shared secret of 32 bytes or more!";

let api: Api;
let tenants: [Tenant, Tenant];
let signAsAgent: AgentSigner;
/** Nobody revokes these while we are at it: editor and viewer of the first tenant, editor of the second. */
let tokens: string[];
/** Of a link to an invoice. */
let linkToken: string;
/** Ids that exist, or once did, by the resources of a path (`services/domains`), outer ids first, latest in front. */
const known = new Map<string, number[][]>();

const learn = (resources: string, ids: number[]) => {
  known.set(resources, [ids, ...(known.get(resources) ?? [])].slice(0, 6));
};

const operationNamed = (title: string): Operation => {
  const operation = operations.find((one) => one.title === title);
  if (operation === undefined) throw new Error(`no operation ${title}`);
  return operation;
};

/** Rows for what is to come: at the start, and where something was removed. */
const plant = async (name: string): Promise<void> => {
  const [{ id }] = tenants;
  const [token = ""] = tokens;
  const service = await api.service(token, `${name}-full`);
  const at = `/v1/services/${service.id}`;
  const domain = await api.created(
    `${at}/domains`,
    { name: `${name}.planted.test`, primary_target: "a.test", backup_target: "b.test" },
    { token },
  );
  await api.call("POST", `${at}/domains/${domain.id}/standing-failover`, { token });
  // An admin among the requests may have lowered the customer's cap to whatever a cap can be.
  const policy = await api.created(`${at}/storm-policies`, { max_coverage_factor: 0.0001 }, { token });
  const spare = await api.created(`/v1/customers/${id}/tokens`, { name, role: "viewer" });
  learn("services", [service.id]);
  learn("services", [(await api.service(token, `${name}-empty`)).id]);
  learn("services/domains", [service.id, domain.id]);
  learn("services/storm-policies", [service.id, policy.id]);
  learn("customers/tokens", [id, spare.id]);
  const objective = await api.created(`${at}/objectives`, { name, target: 99.9 }, { token });
  learn("services/objectives", [service.id, objective.id]);
  const maintenance = sampleBody(operationNamed("POST /v1/services/{id}/slo-corrections"));
  learn("services/slo-corrections", [service.id, (await api.created(`${at}/slo-corrections`, maintenance, { token })).id]);
  const hook = { name, kind: "webhook", url: "http://127.0.0.1:9/hook" };
  const channels = [(await api.created("/v1/channels", hook, { token })).id, (await api.created("/v1/operator/channels", hook)).id];
  for (const channelId of channels) await api.db.rows(unconfirmed(channelId));
  learn("channels", channels.slice(0, 1));
  // A removed page takes what was written with it.
  await api.call("PUT", "/v1/status-page", { token, body: { slug: String(tenants[0].ids["status"]), title: name, enabled: true } });
  const published = { title: name, impact: "minor", text: name };
  learn("status-page/incidents", [(await api.created("/v1/status-page/incidents", published, { token })).id]);
  learn("operator/channels", channels.slice(1));
  learn("dead-letters", [await seedBatch(api.db, id, "dead")]);
  await api.call("PUT", `/v1/cost/rates/${tenants[0].ids["rates"]}`, { token, body: { monthly_cents: 7 } });
};

beforeAll(async () => {
  api = await startApi({ AUTH_JWT_SECRET: secret });
  tenants = [await seedTenant(api, "fuzz-a"), await seedTenant(api, "fuzz-b")];
  signAsAgent = await agentSigner(tenants[0].agent);
  for (const { ids } of tenants.toReversed()) {
    for (const { path } of operations) {
      const resources = resourcesOf(path);
      if (resources.length > 0)
        learn(
          resources.join("/"),
          resources.map((resource) => ids[resource] ?? 1),
        );
    }
    learn("customers", [ids["customers"] ?? 1]);
  }
  const sign = (tenant: Tenant, role: string) =>
    new SignJWT({ customer_id: tenant.id, role })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime(Math.floor(api.time.nowMs / 1_000) + 3_600)
      .sign(new TextEncoder().encode(secret));
  tokens = await Promise.all([sign(tenants[0], "editor"), sign(tenants[0], "viewer"), sign(tenants[1], "editor")]);
  const { invoices: invoiceId = 0, links: linkId = 0 } = tenants[0].ids;
  linkToken = await createLinkTokens([api.env["SECRETS_KEY"] ?? ""]).sign({ linkId, invoiceId, expiresAtMs: api.time.nowMs + 3_600_000 });
  await plant("start");
  const [correction] = await api.db.rows<{ id: number }>(sql`
    insert into usage_correction_requests (customer_id, service_id, snapshot_id, window_start, window_end, primary_bytes, was_primary_bytes, was_backup_bytes, actor)
    select customer_id, service_id, u.id, window_start, window_end, 0, 7, 0, 'fuzz-a-editor'
    from usage_snapshots u join services s on s.id = u.service_id where u.invoice_id is null and s.customer_id = ${tenants[0].id} limit 1 returning id`);
  if (correction === undefined) throw new Error("there is no window to correct");
  learn("corrections", [correction.id]);
});

/** One request before it meets the ids that there are when it is sent. */
type Draft = {
  title: string;
  who: "owner" | "viewer" | "other" | "admin" | "nobody";
  /** Which of the known ids, and what stands in the place of one of them. */
  pick: number;
  texts: (string | null)[];
  query: [name: string, value: string][];
  headers: [name: string, value: string][];
  body: string | null;
};

const ownText = fc.oneof(
  { arbitrary: fc.constant(null), weight: 9 },
  { arbitrary: parameterText({ type: "integer", minimum: 1, maximum: 2 ** 53 - 1 }), weight: 1 },
);

const queryOf = (operation: Operation): fc.Arbitrary<[string, string][]> => {
  const pairs = operation.parameters
    .filter((parameter) => parameter.in === "query" && parameter.name !== "customer_id")
    .map(({ name, schema }) => parameterText(schema).map((value): [string, string] => [name, value]));
  const unknown = fc.tuple(
    fc.string({ maxLength: 10 }).filter((name) => name.isWellFormed()),
    parameterText({ type: "string" }),
  );
  return fc.oneof(
    { arbitrary: fc.constant<[string, string][]>([]), weight: operation.method === "GET" ? 4 : 12 },
    ...(pairs.length === 0 ? [] : [{ arbitrary: fc.array(fc.oneof(...pairs), { minLength: 1, maxLength: 2 }), weight: 3 }]),
    { arbitrary: unknown.map((pair): [string, string][] => [pair]), weight: 1 },
  );
};

const headersOf = (operation: Operation): fc.Arbitrary<[string, string][]> => {
  const key = fc
    .string({ unit: fc.constantFrom("a", "b", " ", "1", "_", "~"), minLength: 1, maxLength: 3 })
    .map((text) => text.trim() || "k");
  const type = fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", "");
  const json: [string, string][] = operation.body === null ? [] : [["content-type", "application/json"]];
  return fc.oneof(
    { arbitrary: fc.constant(json), weight: 8 },
    ...(operation.method === "POST"
      ? [{ arbitrary: key.map((text): [string, string][] => [...json, ["idempotency-key", text]]), weight: 2 }]
      : []),
    { arbitrary: type.map((text): [string, string][] => [["content-type", text]]), weight: 1 },
  );
};

/** A change need not name everything, least of all a name that is taken. */
const goodBody = (operation: Operation): fc.Arbitrary<unknown> => {
  const whole = sampleBody(operation);
  if (operation.method !== "PATCH" || typeof whole !== "object" || whole === null) return fc.constant(whole);
  return fc.subarray(Object.entries(whole), { minLength: 1 }).map((fields) => Object.fromEntries(fields));
};

/** A JWT mints and revokes nothing; a side that is measured is pushed by admins only. */
const isAdmins = ({ scope, path, title }: Operation): boolean =>
  scope === "admin" || path.includes("/tokens") || title === "PUT /v1/services/{id}/usage";

const draftOf = (operation: Operation): fc.Arbitrary<Draft> =>
  fc.record({
    title: fc.constant(operation.title),
    who: fc.oneof(
      { arbitrary: fc.constant(isAdmins(operation) ? ("admin" as const) : ("owner" as const)), weight: 8 },
      { arbitrary: fc.constantFrom("viewer" as const, "other" as const, "admin" as const, "nobody" as const), weight: 2 },
    ),
    pick: fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.nat(5), weight: 1 }),
    texts: fc.tuple(ownText, ownText),
    query: queryOf(operation),
    headers: headersOf(operation),
    body: operation.body === null ? fc.constant(null) : bodyText(operation.body, goodBody(operation)),
  });

/** A removal leaves less to do for everything else, so there are few of them. */
const draft = fc.oneof(
  ...operations.map((operation) => ({ arbitrary: draftOf(operation), weight: operation.method === "DELETE" ? 2 : 5 })),
);

const ranks: Readonly<Record<string, number>> = { GET: 0, POST: 1, PUT: 2, PATCH: 3, DELETE: 4 };

/** What reads, what writes, what removes; of each what is about an inner row first. A customer has one DNS account, which makes room. */
const rankOf = ({ method, path, title }: Operation): number =>
  title === "DELETE /v1/dns-accounts/{id}" ? 0.5 : (ranks[method] ?? 0) - path.length / 1_000;

/** A correction is decided once, and what is dead scored again once, so that there are two; of the latest service nothing is promised. */
const ofAnother = /\/(?:reject|retry)$|^POST .*\/slo-corrections$/;

/** Each operation once as it is meant: chance alone would leave some that never get through. */
const meant: Draft[] = operations
  .toSorted((a, b) => rankOf(a) - rankOf(b))
  .map((operation) => ({
    title: operation.title,
    // The owner has a signed token, with which no session begins.
    who: isAdmins(operation) || operation.path === "/v1/sessions" ? "admin" : "owner",
    pick: ofAnother.test(operation.title) ? 1 : 0,
    texts: [null, null],
    query: [],
    headers: operation.body === null ? [] : [["content-type", "application/json"]],
    body: operation.body === null ? null : JSON.stringify(sampleBody(operation)),
  }));

/** Nobody answers for the DNS here; that it does what it is for is seen in `test/conformance`. */
const needDns = ["POST /v1/services/{id}/domains/{childId}/provision"];

const credentialOf = ({ who }: Draft): [string, string][] => {
  const bearer = (token: string | undefined): [string, string][] => [["authorization", `Bearer ${token}`]];
  if (who === "nobody") return [];
  if (who === "admin") return [...bearer(api.env.ADMIN_TOKEN), ["x-customer-id", String(tenants[0].id)]];
  return bearer(tokens[["owner", "viewer", "other"].indexOf(who)]);
};

/** Drafts name their operation only, so that a counterexample can be read. */
const operationOf = ({ title }: Draft): Operation => operationNamed(title);

const idsOf = (made: Draft): number[] => {
  const choices = known.get(resourcesOf(operationOf(made).path).join("/")) ?? [];
  return choices[made.pick % choices.length] ?? [];
};

const pathOf = (made: Draft): string => {
  const ids = idsOf(made);
  let at = -1;
  return operationOf(made).path.replaceAll(/\{\w+\}/g, (parameter) => {
    at += 1;
    if (parameter === "{token}") return encodeURIComponent(made.texts[at] ?? linkToken);
    if (parameter === "{week}") return encodeURIComponent(made.texts[at] ?? weekOf(ids[at] ?? missingId));
    return encodeURIComponent(made.texts[at] ?? ids[at] ?? 1);
  });
};

let planted = 0;

const send = async (made: Draft): Promise<number> => {
  const operation = operationOf(made);
  const query = new URLSearchParams(made.query).toString();
  const path = pathOf(made) + (query === "" ? "" : `?${query}`);
  const isAdminPath = operation.scope === "admin";
  const isOwn = ([name]: [string, string]) => !(isAdminPath && name === "x-customer-id") && !(isAgents(path) && name === "authorization");
  const headers = [...credentialOf(made).filter(isOwn), ...made.headers];
  // As the agent itself where an owner would: its signature is of this very request.
  if (isAgents(path) && made.who === "owner")
    headers.unshift(["authorization", await signAsAgent(operation.method, path, made.body ?? "")]);
  // Whatever is not as documented is thrown by the checked `request`, with request and answer in its message.
  const response = await api.app.request(path, {
    method: operation.method,
    headers,
    ...(made.body !== null && { body: new TextEncoder().encode(made.body) }),
  });
  if (response.status === 201) {
    const { id } = (await response.json()) as { id?: number };
    const resources = [...resourcesOf(operation.path), /(?:operator\/)?[^/]+$/.exec(operation.path)?.[0]];
    const isOwners = made.who !== "other" && operation.scope === "tenant";
    if (id !== undefined && isOwners) learn(resources.join("/"), [...idsOf(made), id]);
  }
  // Or an admin among the requests would have set the limits to a few, and nothing more came of any creation.
  if (operation.method === "PUT" && operation.path.endsWith("/quotas") && response.status === 200) {
    await api.call("PUT", `/v1/customers/${tenants[0].id}/quotas`, { body: {} });
    await api.call("PUT", `/v1/customers/${tenants[1].id}/quotas`, { body: {} });
  }
  if (operation.method === "DELETE" && response.status === 204) await plant(`planted-${(planted += 1)}`);
  return response.status;
};

it(`answers ${requests} requests made of its own document as documented, and none with a 5xx`, async () => {
  const counts = new Map<string, number>();
  const succeeded = new Set<string>();
  const property = fc.asyncProperty(draft, async (made) => {
    const status = await send(made);
    const family = `${Math.floor(status / 100)}xx`;
    counts.set(family, (counts.get(family) ?? 0) + 1);
    if (status < 300) succeeded.add(made.title);
    expect(status, JSON.stringify(api.lines.at(-1))).toBeLessThan(500);
  });
  try {
    await fc.assert(property, { seed, numRuns: requests, endOnFailure: true, examples: meant.map((made): [Draft] => [made]) });
  } catch (error) {
    throw new Error(`FUZZ_SEED=${seed} FUZZ_REQUESTS=${requests} repeats this run`, { cause: error });
  }
  // A run of refusals would show little: two fifths get through, and something of every operation that can.
  expect((counts.get("2xx") ?? 0) / requests, JSON.stringify([...counts])).toBeGreaterThan(0.4);
  // Accounts with passwords are of self-hosted installations alone: here every request about them is refused.
  const never = operations
    .filter(({ title, scope, path }) => scope !== "other" && !/^\/v1\/(?:accounts|invitations)/.test(path) && !succeeded.has(title))
    .map(({ title }) => title);
  if (requests >= meant.length) expect(never).toEqual(needDns);
});
