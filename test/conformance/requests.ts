import { steps } from "../../src/console/setup/steps.ts";
import type { Operation } from "../support/openapi.ts";
import { isAgents } from "../support/agent-key.ts";
import { sampleBody } from "../support/samples.ts";
import { missingId, pathWith } from "../support/tenant.ts";
import type { Tenant } from "../support/tenant.ts";
import type { Sent } from "./entries.ts";

/** Who asks. */
export type Credentials = {
  readonly admin: string;
  readonly tenant: Tenant;
  readonly cron: string;
  readonly metrics: string;
  readonly wau: string;
  /** Of the seeded link. */ readonly link: string;
  /** Sessions of the console: of the tenant's editor, of the admin. */ readonly session: string;
  readonly adminSession: string;
  /** The paths of the console's style and script. */ readonly stylePath: string;
  readonly scriptPath: string;
  /** What `/docs` loads. */ readonly docsPaths: readonly string[];
  /** A correction beside the seeded one: each is decided once. */ readonly otherCorrection: number;
  /** A dead letter beside the seeded one: each is scored again once. */ readonly otherDeadLetter: number;
};

/** A request of the suite. `operation` is the one of the document that it is about; absent: it is about none. */
export type Case = Sent & { readonly name: string; readonly operation?: string };

const origin = "https://console.example.test";

/** Also one that says how old something is. */
export const readyAsJson = "readiness as JSON";

/** A run of the rounds' own job, sent until it had time for one. */
export const jobWithRound = "a job with a round";

/** Of the Route 53 account behind each entry, for the operator and for the tenant alike. */
export const dnsKeys = { accessKeyId: "AKIACONFORMANCE00000", secretAccessKey: "secret-of-the-conformance-suite" };
const dnsAccount = { region: "us-east-1", access_key_id: dnsKeys.accessKeyId, secret_access_key: dnsKeys.secretAccessKey };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const json = { "content-type": "application/json" };

/** A side that is measured is pushed by admins only. */
const adminsWork = new Set(["PUT /v1/services/{id}/usage"]);

/** In the place of a credential: the seeded probe agent signs each request when it is sent. */
export const byAgent = "by the agent";

/** The credential that an operation wants. */
const ownCredential = ({ title, scope, path }: Operation, credentials: Credentials): Record<string, string> => {
  const { admin, tenant, metrics, wau } = credentials;
  if (scope === "public") return {};
  if (adminsWork.has(title)) return { ...bearer(admin), "x-customer-id": String(tenant.id) };
  if (scope === "tenant") return bearer(path.includes("/tokens") ? tenant.owner : tenant.editor);
  if (scope === "admin") return bearer(admin);
  if (isAgents(path)) return { authorization: byAgent };
  return bearer(path === "/metrics" ? metrics : wau);
};

const fill = (operation: Operation, { tenant, link, otherCorrection, otherDeadLetter }: Credentials) =>
  pathWith(operation, {
    ...tenant.ids,
    ...(operation.path.endsWith("/reject") && { corrections: otherCorrection }),
    ...(operation.path.endsWith("/retry") && { "dead-letters": otherDeadLetter }),
    wau: 0,
    i: 0,
  })
    .replace("/wau/0", "/wau/2026-W47")
    .replace("/i/0", `/i/${link}`);

/** Where the smallest body would be in conflict with the rows that there are, or with today's date. */
const bodies: Readonly<Record<string, unknown>> = {
  "PATCH /v1/services/{id}": { steering: "shadow" },
  "POST /v1/dns-accounts": dnsAccount,
  "POST /v1/services/{id}/storm-policies": { kind: "http_latency", latency_ms: 500 },
  "PUT /v1/customers/{id}/billing-profile": {
    legal_name: "ACME",
    address: ["1 Road"],
    taxes: [
      { label: "VAT", rate: 0.19 },
      { label: "Levy", rate: "0.010" },
    ],
  },
  "PUT /v1/services/{id}/usage": [
    { window_start: "2026-11-19T03:00:00Z", window_end: "2026-11-19T04:00:00Z", primary_bytes: 1, backup_bytes: 2 },
  ],
};

/** A page under the address that it has. */
const ownBody = ({ title }: Operation, { tenant }: Credentials): unknown =>
  title === "PUT /v1/status-page"
    ? {
        slug: String(tenant.ids["status"]),
        title: "Renamed",
        enabled: true,
        services: [{ service_id: tenant.ids["services"], name: "Web" }],
      }
    : undefined;

/** The request that an operation is for. */
const good = (operation: Operation, credentials: Credentials): Case => {
  const body = ownBody(operation, credentials) ?? bodies[operation.title] ?? sampleBody(operation);
  return {
    name: operation.title,
    operation: operation.title,
    method: operation.method,
    path: fill(operation, credentials),
    headers: { ...ownCredential(operation, credentials), ...(body === undefined ? {} : json) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
};

/** Every way in which an operation is refused, and what is true of all of them. */
const refusals = (operation: Operation, credentials: Credentials): Case[] => {
  const { tenant } = credentials;
  const proper = good(operation, credentials);
  const ids = Object.fromEntries(Object.keys(tenant.ids).map((resource) => [resource, missingId]));
  const missing = operation.path.includes("/wau/") ? proper.path : pathWith(operation, { ...ids, i: missingId });
  const as = (name: string, change: Partial<Sent>): Case => ({ ...proper, name: `${operation.title}, ${name}`, ...change });
  const auth = (token: string) => ({ headers: { ...proper.headers, ...bearer(token) } });
  const hasIds = missing !== proper.path;
  return [
    as("by another method", { method: operation.method === "PATCH" ? "PUT" : "PATCH", headers: {}, body: "" }),
    as("OPTIONS", { method: "OPTIONS", headers: { origin, "access-control-request-method": operation.method }, body: "" }),
    ...(operation.scope === "public"
      ? []
      : [
          as("nobody", { headers: json }),
          as("a wrong token", auth(`trn_${"x".repeat(43)}`)),
          as("a viewer", auth(tenant.viewer)),
          ...(operation.scope === "tenant"
            ? [
                as("an admin without a customer", auth(credentials.admin)),
                as("an admin for another customer", {
                  headers: { ...proper.headers, ...bearer(credentials.admin), "x-customer-id": String(missingId) },
                }),
              ]
            : []),
        ]),
    ...(hasIds ? [as("no such row", { path: missing }), as("no such id", { path: missing.replaceAll(String(missingId), "0x1") })] : []),
    as("an unknown parameter", { path: `${proper.path}?no_such=1` }),
    ...(operation.body === null
      ? []
      : [
          as("no body", { body: "" }),
          as("not JSON", { body: "{" }),
          as("an unknown field", { body: '{"no_such":1}' }),
          as("another media type", { headers: { ...proper.headers, "content-type": "text/plain" } }),
          as("a body that says it is too large", { headers: { ...proper.headers, "content-length": "2000000" }, body: "" }),
        ]),
    ...(operation.method === "GET"
      ? [
          as("HEAD", { method: "HEAD" }),
          as("from a page", { headers: { ...proper.headers, origin } }),
          as("a bad page", { path: `${proper.path}?limit=0` }),
        ]
      : []),
  ];
};

/** What is in no document: the framework's own answers, and the paths of the operator. */
const others = ({ admin, cron, tenant, link, docsPaths }: Credentials): Case[] => {
  const get = (name: string, path: string, headers: Record<string, string> = {}, method = "GET"): Case => ({ name, method, path, headers });
  const cronPath = "/internal/cron/prune";
  const rounds = { method: "POST", path: "/internal/shards/0/rounds", headers: { ...bearer(cron), ...json } };
  const key = { "idempotency-key": "conformance-1" };
  const service = (name: string, body: object, headers: Record<string, string> = key): Case => ({
    name,
    method: "POST",
    path: "/v1/services",
    headers: { ...bearer(tenant.editor), ...json, ...headers },
    body: JSON.stringify(body),
  });
  const idempotent = { name: "once", primary_cdn: "cloudflare", backup_cdn: "fastly" };
  return [
    get("the bare address", "/"),
    get("the document", "/openapi.json"),
    ...docsPaths.map((path) => get(`what the reference loads, ${path}`, path)),
    get("no such asset of the reference", "/docs/assets/docs-0.js"),
    get("the reference as it was", "/docs", { "if-none-match": "*" }),
    get("a search of the reference", "/docs?q=storm+%3Cevidence%3E"),
    get("a search that finds something", "/docs?q=POST+services"),
    get("a search that is too long", `/docs?q=${"a".repeat(101)}`),
    get("nothing", "/nothing"),
    get("nothing below /v1", "/v1/nothing", bearer(admin)),
    get("an odd path", "/v1/services/%F0%28", bearer(tenant.viewer)),
    get("the root", "/"),
    get(readyAsJson, "/readyz", { accept: "application/json" }),
    get("readiness for a browser", "/readyz", { accept: "text/html,*/*;q=0.8" }),
    get("the platform's own path", "/api"),
    get("a malformed request id", "/healthz", { "x-request-id": "a b" }),
    get("another page's preflight", "/v1/services", { origin: "https://elsewhere.test" }, "OPTIONS"),
    get("X-API-Key", "/v1/services", { "x-api-key": tenant.viewer }),
    get("a foreign customer", "/v1/services", { ...bearer(tenant.viewer), "x-customer-id": String(missingId) }),
    get("a page of one", "/v1/services?limit=1", bearer(tenant.viewer)),
    get("lines as CSV", `/v1/invoices/${tenant.ids["invoices"]}/lines`, { ...bearer(tenant.viewer), accept: "text/csv" }),
    get("a service as Terraform configuration", `/v1/services/${tenant.ids["services"]}/terraform`, bearer(tenant.viewer)),
    get("a service as Terraform configuration in JSON", `/v1/services/${tenant.ids["services"]}/terraform`, {
      ...bearer(tenant.viewer),
      accept: "application/json",
    }),
    get("a shared invoice for a browser", `/i/${link}?utm_source=mail`, { accept: "text/html,*/*;q=0.8" }),
    get("a status page for a browser", `/status/${tenant.ids["status"]}`, { accept: "text/html,*/*;q=0.8" }),
    get("a status page for whoever has it", `/status/${tenant.ids["status"]}`, { "if-none-match": "*" }),
    get("no status page, in a browser", "/status/no-such-page", { accept: "text/html,*/*;q=0.8" }),
    get("a name that no status page has", "/status/x"),
    get("a month of a status page", `/status/${tenant.ids["status"]}/history?month=1999-01`),
    get("a month that is none", `/status/${tenant.ids["status"]}/history?month=2026-13`),
    get("a link that opens nothing", `/i/${"A".repeat(75)}`),
    get("a link that opens nothing, in a browser", `/i/${"A".repeat(75)}`, { accept: "text/html,*/*;q=0.8" }),
    get("the CSV of a link that opens nothing", "/i/x/csv"),
    get("wau by its parameter", "/v1/wau/2026-W47?token=wrong"),
    get("wau of no week", "/v1/wau/2027-W53?token=wau-token-of-the-suite"),
    get("a job", cronPath, bearer(cron)),
    get("HEAD of a job", cronPath, bearer(cron), "HEAD"),
    get("a job by another method", cronPath, bearer(cron), "POST"),
    get("a job by nobody", cronPath),
    get("a job with a wrong secret", cronPath, bearer("wrong")),
    get("a job with the admin token", cronPath, bearer(admin)),
    get("no such job", "/internal/cron/nonsense", bearer(cron)),
    { name: "a shard that is none", ...rounds, body: '{"count":0}' },
    { name: "rounds by nobody", ...rounds, headers: json, body: '{"count":1,"scheduled_at":"2026-11-21T00:00:00Z"}' },
    // Of a number of shards that there is not: it ends at once, and no round comes between the other requests at a moment of its own.
    {
      name: "rounds of a shard of another time",
      ...rounds,
      path: "/internal/shards/5/rounds",
      body: '{"count":6,"scheduled_at":"2026-11-21T00:00:00Z"}',
    },
    {
      name: "a session that is too large, in pieces",
      method: "POST",
      path: "/v1/session",
      headers: json,
      body: `{"a":"${"x".repeat(2_000)}"}`,
    },
    { ...service("a body that is too large, in pieces", {}), body: `{"a":"${"x".repeat(1_048_577)}"}` },
    service("a creation with a key", idempotent),
    service("its replay", idempotent),
    service("its key with another body", { ...idempotent, name: "twice" }),
    service("a malformed key", idempotent, { "idempotency-key": "a".repeat(256) }),
    service("a duplicate", idempotent, {}),
  ];
};

/** Pages of the console that ask before something is done, with their forms. */
const questions = [
  "/channels/1/edit",
  "/channels/1/delete",
  "/channels/1/rotate",
  "/setup/{service}/domains/1",
  "/setup/{service}/domains/1/remove",
  "/setup/{service}/terraform",
  "/tokens/new",
  "/tokens/1/revoke",
  "/customers/new",
  "/cost/anomalies/{anomaly}/say",
  "/cost/zombies/{zombie}/say",
  "/cost/series/{series}/reset",
  "/cost/rates/set",
  "/cost/rates/forget",
  "/cost/mode",
  "/cost/dead-letters/{dead}/drop",
];

/** Other forms of it. */
const forms = ["/setup/new", "/channels/1", "/cost/dead-letters"];

/** What the Cost view has, and what it refuses. */
const costPages = [
  "/cost",
  "/cost/series",
  "/cost/series/{series}",
  "/cost/series/{series}?span=1y",
  `/cost/series/${missingId}`,
  "/cost/series/{series}/reset",
  "/cost/anomalies",
  "/cost/anomalies/{anomaly}",
  `/cost/anomalies/${missingId}`,
  "/cost/anomalies?after=x",
  "/cost/anomalies/{anomaly}/say?state=snoozed",
  "/cost/zombies",
  "/cost/zombies/{zombie}",
  "/cost/zombies/{zombie}/say",
  "/cost/rates/set?cdn=fastly",
  "/cost/rates/forget?cdn=nowhere",
  "/cost/mode",
  "/cost/dead-letters",
  "/cost/dead-letters/{dead}/drop",
  `/cost/dead-letters/${missingId}/drop`,
];

/** The console: every page, every form, and how it refuses. A browser says where a form comes from. */
const consoleCases = ({ admin, tenant, session, adminSession, stylePath, scriptPath }: Credentials): Case[] => {
  const get = (path: string, kept = session): Case => ({
    name: `the console, ${path}`,
    method: "GET",
    path: `/console${path}`,
    headers: { ...(kept !== "" && { cookie: `__Host-session=${kept}` }), accept: "text/html" },
  });
  const fragment = (path: string, headers: Record<string, string> = {}, kept = session): Case => ({
    ...get(path, kept),
    name: `a fragment of the console, ${path} ${Object.keys(headers).join(" ")}`,
    headers: { ...get(path, kept).headers, "console-fragment": "main", "console-customer": String(tenant.id), ...headers },
  });
  const post = (name: string, path: string, fields: Record<string, string>, kept = session, from = "http://tranche.test"): Case => ({
    name: `the console, ${name}`,
    method: "POST",
    path: `/console${path}`,
    headers: { cookie: `__Host-session=${kept}`, origin: from, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields).toString(),
  });
  const { services, storms, invoices, links } = tenant.ids;
  const incident = tenant.ids["status-page/incidents"];
  const order = { service: String(services), reason: "a drill", for: "open" };
  const { anomalies, zombies, baselines } = tenant.ids;
  const at = (path: string): string =>
    path
      .replace("{service}", String(services))
      .replace("{anomaly}", String(anomalies))
      .replace("{zombie}", String(zombies))
      .replace("{series}", String(baselines))
      .replace("{dead}", String(tenant.ids["dead-letters"]));
  return [
    get("", ""),
    get(""),
    get("/sign-in", ""),
    { ...get(""), name: "the console's style", path: stylePath },
    { ...get(""), name: "the console's script", path: scriptPath },
    fragment("/storms"),
    fragment(`/services/${services}`, { "console-keep": "axis" }),
    fragment("/storms", { "console-customer": String(missingId) }),
    fragment("", {}, ""),
    get(`/services/${services}?from=1764000000&to=1764003600&figure=latency`),
    get(`/services/${services}?span=2h`),
    get("/storms"),
    get(`/storms/${storms}`),
    get(`/storms/${storms}/evidence`),
    get("/objectives"),
    get("/invoices"),
    get(`/invoices/${invoices}`),
    get(`/invoices/${invoices}/csv`),
    get(`/invoices/${invoices}/links`),
    get(`/invoices/${invoices}/links/${links}/withdraw`),
    post("a link", `/invoices/${invoices}/links`, { expires_in_days: "7" }),
    post("a link for no time", `/invoices/${invoices}/links`, { expires_in_days: "soon" }),
    post("a link is withdrawn by nobody", `/invoices/${invoices}/links/${links}/withdraw`, {}, ""),
    get(`/services/${services}`),
    get(`/services/${missingId}`),
    get("/storms?after=x"),
    get("/nothing"),
    get("/customers", adminSession),
    get("/order?mode=backup"),
    get(`/order?mode=backup&service=${services}`),
    ...["/setup", "/setup/new", ...steps.map((step) => `/setup/${services}/${step}`)].map((path) => get(path)),
    get(`/setup/${services}`),
    get(`/setup/${missingId}/domains`),
    ...["/channels", "/channels/new?kind=webhook", `/channels/${missingId}`, "/tokens", "/audit?object_type=service"].map((path) =>
      get(path),
    ),
    get("/audit?object_type=1"),
    get("/tokens/new"),
    post("a service without a name", "/setup/new", { primary_cdn: "cloudflare", backup_cdn: "fastly" }),
    post("a domain that is none", `/setup/${services}/domains`, { name: "not a name" }),
    post("a policy of nonsense", `/setup/${services}/policy`, { kind: "http_latency", act: "save" }),
    post("a channel that is no address", "/channels/new", { kind: "slack", name: "room", url: "nowhere" }),
    post(
      "a channel of nobody, whose address is kept out of addresses",
      "/channels/new",
      { kind: "slack", name: "room", url: "https://hooks.example.test/key" },
      "",
    ),
    // What asks once, and every form, of somebody whose session is over: to the sign-in, with what was typed.
    ...questions.map((path) => get(at(path), "")),
    ...[...questions, ...forms, ...steps.map((step) => `/setup/{service}/${step}`)].map((path) =>
      post(`${path} of nobody`, at(path), { name: "typed" }, ""),
    ),
    post("a token by an editor", "/tokens/new", { name: "ci", role: "viewer", for: "30" }),
    get("/customers/new", adminSession),
    get("/customers/new"),
    post("a customer without a name", "/customers/new", { name: " ", max_coverage_cap: "much" }, adminSession),
    post("a customer by an editor", "/customers/new", { name: "by the console" }),
    post("a customer from elsewhere", "/customers/new", { name: "by the console" }, adminSession, "http://evil.test"),
    post("a customer", "/customers/new", { name: "by the console", max_coverage_cap: "2" }, adminSession),
    post("a customer of the same name", "/customers/new", { name: "by the console", max_coverage_cap: "2" }, adminSession),
    post("a customer is chosen", "/customers", { customer: String(tenant.id) }, adminSession),
    post("a sign-in", "/sign-in", { token: admin, next: "/console/storms" }, ""),
    post("a wrong sign-in", "/sign-in", { token: "wrong" }, ""),
    post("an order without a reason", "/order", { ...order, mode: "frozen", reason: "" }),
    post("an order of nobody", "/order", { ...order, mode: "frozen" }, ""),
    post("an order from elsewhere", "/order", { ...order, mode: "frozen" }, session, "http://evil.test"),
    post("an order", "/order", { ...order, mode: "frozen" }),
    get(`/services/${services}?done=frozen`),
    post("its release", "/order", { ...order, mode: "release" }),
    get("/status"),
    get("/status", adminSession),
    get("/all?what=services"),
    get("/all?what=panic", adminSession),
    get("/all?what=panic"),
    post("all services without a reason", "/all", { what: "services", act: "give", reason: "", for: "open" }),
    post("all services", "/all", { what: "services", act: "give", reason: "a drill", for: "open" }),
    get(""),
    post("their release", "/all", { what: "services", act: "lift" }),
    post("a panic by an editor", "/all", { what: "panic", act: "give", reason: "a drill" }),
    post("a panic", "/all", { what: "panic", act: "give", reason: "a drill" }, adminSession),
    get("/storms", adminSession),
    post("its end", "/all", { what: "panic", act: "lift" }, adminSession),
    get("/status-page"),
    get("/status-page/remove"),
    get("/status-page/incidents/new"),
    get(`/status-page/incidents/${incident}`),
    get(`/status-page/incidents/${incident}/delete`),
    post("an update", `/status-page/incidents/${incident}`, { text: "It goes on.", state: "monitoring" }),
    post("an update without a text", `/status-page/incidents/${incident}`, { state: "monitoring" }),
    post("an incident", "/status-page/incidents/new", { title: "Slow", impact: "minor", text: "It is slow." }),
    // That one.
    post("an incident is deleted", `/status-page/incidents/${(incident ?? 0) + 1}/delete`, {}),
    post("an incident without a title", "/status-page/incidents/new", { impact: "minor", text: "It is slow." }),
    post("a status page", "/status-page", {
      slug: String(tenant.ids["status"]),
      title: "Ours",
      enabled: "on",
      add: String(services),
      add_name: "Web",
    }),
    post("a status page of a bad name", "/status-page", { slug: "X", title: "Ours" }),
    ...costPages.map((path) => get(at(path))),
    fragment("/cost", { "console-keep": "egress-figures" }),
    fragment(at("/cost/series/{series}"), { "console-keep": "trend" }),
    post("an anomaly is snoozed for no time", at("/cost/anomalies/{anomaly}/say"), { state: "snoozed", hours: "0" }),
    post("an anomaly is acknowledged", at("/cost/anomalies/{anomaly}/say"), { state: "acknowledged", from: "cost" }),
    post("an anomaly is opened again", at("/cost/anomalies/{anomaly}/say"), { state: "open" }),
    post("what idles is dismissed", at("/cost/zombies/{zombie}/say"), { state: "dismissed", note: "kept" }),
    post("what idles is opened again", at("/cost/zombies/{zombie}/say"), { state: "open" }),
    post("a rate that is none", "/cost/rates/set", { cdn: "fastly", cents_per_gb: "much" }),
    post("a rate", "/cost/rates/set", { cdn: "fastly", cents_per_gb: "2.5" }),
    get("/cost/rates/forget?cdn=fastly"),
    post("a rate is forgotten", "/cost/rates/forget", { cdn: "fastly" }),
    post("a mode out of turn", "/cost/mode", { mode: "enforce" }),
    post("a dead letter that is none", "/cost/dead-letters", { retry: "x" }),
    post("a sign-out", "/sign-out", {}),
    {
      ...post("a form that is none", "/order", {}),
      headers: { cookie: `__Host-session=${session}`, origin: "http://tranche.test", ...json },
    },
    {
      ...get(""),
      name: "the console, by another method",
      method: "PUT",
      headers: { cookie: `__Host-session=${session}`, origin: "http://tranche.test" },
    },
  ];
};

const ranks: Readonly<Record<string, number>> = { GET: 0, POST: 1, PUT: 2, PATCH: 3, DELETE: 1_000 };

/** Inner rows are deleted before outer ones. */
const rank = ({ method, path }: Operation): number => (ranks[method] ?? 0) - (method === "DELETE" ? path.length : 0);

/** All requests in an order in which each can succeed: what reads, what is refused, what writes, what deletes, inner rows first. */
export const allCases = (operations: readonly Operation[], credentials: Credentials): readonly Case[] => {
  const ordered = operations.toSorted((a, b) => rank(a) - rank(b));
  const reads = ordered.filter(({ method }) => method === "GET");
  const writes = ordered.filter(({ method }) => method !== "GET");
  const again = reads.map((operation) => good(operation, credentials)).map((one) => ({ ...one, name: `${one.name}, afterwards` }));
  return [
    ...reads.map((operation) => good(operation, credentials)),
    ...operations.flatMap((operation) => refusals(operation, credentials)),
    ...others(credentials),
    ...consoleCases(credentials),
    ...writes.filter(({ method }) => method !== "DELETE").map((operation) => good(operation, credentials)),
    ...again,
    ...writes.filter(({ method }) => method === "DELETE").map((operation) => good(operation, credentials)),
    // A page without services, as those are gone.
    ...["slug=gone-soon&title=Ours", ""].map((body) => ({
      name: body === "" ? "the console, its status page is removed" : "the console, a status page anew",
      method: "POST",
      path: body === "" ? "/console/status-page/remove" : "/console/status-page",
      headers: {
        cookie: `__Host-session=${credentials.session}`,
        origin: "http://tranche.test",
        "content-type": "application/x-www-form-urlencoded",
      },
      body,
    })),
    // Now that nothing is left to probe.
    { name: jobWithRound, method: "GET", path: "/internal/cron/tick", headers: bearer(credentials.cron) },
  ].map((one, index) => ({ ...one, headers: { "x-request-id": `conformance-${index}`, ...one.headers } }));
};
