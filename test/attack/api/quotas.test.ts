import { beforeAll, describe, expect, it } from "vitest";
import { startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** Hole 1: an editor creates as much as it likes, and every round of every tenant reads it. */

const limits = {
  QUOTA_SERVICES: "2",
  QUOTA_DOMAINS: "4",
  QUOTA_UNVERIFIED_DOMAINS: "3",
  QUOTA_POLICIES: "2",
  QUOTA_TOKENS: "4",
  QUOTA_CHANNELS: "3",
  QUOTA_OBJECTIVES: "3",
  QUOTA_COST_ACCOUNTS: "2",
};
const open = (over: Record<string, string> = {}) => startApi({ ...limits, DOMAIN_VERIFICATION: "on", ...over });

type Way = {
  readonly kind: string;
  readonly limit: number;
  readonly path: (ids: { customer: number; service: number }) => string;
  readonly body: (at: number) => object;
};

const ways: readonly Way[] = [
  { kind: "services", limit: 2, path: () => "/v1/services", body: (at) => ({ name: `more ${at}`, primary_cdn: "a", backup_cdn: "b" }) },
  {
    kind: "unverified_domains",
    limit: 3,
    path: ({ service }) => `/v1/services/${service}/domains`,
    body: (at) => ({ name: `${"n".repeat(60)}.${at}.example.com`, probe_path: `/${"p".repeat(1_000)}` }),
  },
  {
    kind: "channels",
    limit: 3,
    path: () => "/v1/channels",
    body: (at) => ({ name: `more ${at}`, kind: "slack", url: "https://hooks.slack.com/services/T/B/x" }),
  },
  {
    kind: "objectives",
    limit: 3,
    path: ({ service }) => `/v1/services/${service}/objectives`,
    body: (at) => ({ name: `more ${at}`, target: 99.9 }),
  },
  {
    kind: "cost_accounts",
    limit: 2,
    path: () => "/v1/cost/accounts",
    body: (at) => ({
      name: `more ${at}`,
      region: "us-east-1",
      aws_accounts: ["123456789012"],
      regions: ["us-east-1"],
      role_arn: "arn:aws:iam::123456789012:role/costs",
    }),
  },
  {
    kind: "tokens",
    limit: 4,
    path: ({ customer }) => `/v1/customers/${customer}/tokens`,
    body: (at) => ({ name: `spare ${at}`, role: "editor" }),
  },
];

describe("an editor that creates without end", () => {
  let api: Api;
  let token: string;
  let owner: string;
  let ids: { customer: number; service: number };
  beforeAll(async () => {
    api = await open();
    const { id, editor } = await api.onboard("greedy");
    token = editor;
    owner = String((await api.created(`/v1/customers/${id}/tokens`, { name: "owner", role: "owner" }))["token"]);
    ids = { customer: id, service: (await api.service(editor)).id };
  });

  it.each(ways)("gets no more $kind than the quota, though it asks twenty times at once", async ({ kind, limit, path, body }) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => api.call("POST", path(ids), { token: kind === "tokens" ? owner : token, body: body(at) })),
    );
    const refused = answers.filter(({ status }) => status === 409);
    expect(answers.filter(({ status }) => status !== 201 && status !== 409).map(({ text }) => text)).toEqual([]);
    expect(refused[0]?.body).toMatchObject({
      type: "urn:tranche:problem:quota",
      title: "Quota exceeded",
      status: 409,
      quota: { kind, limit },
    });
    const quotas = await api.call("GET", "/v1/quotas", { token });
    expect(quotas.list.find((quota) => quota["kind"] === kind)).toEqual({ kind, limit, own: null, used: limit });
  });

  it("has two policies, and what it deletes makes room", async () => {
    const services = (await api.call("GET", "/v1/services", { token })).list.map(({ id }) => id);
    const create = (service: number | undefined, kind: string) =>
      api.call("POST", `/v1/services/${service}/storm-policies`, {
        token,
        body: kind === "http_latency" ? { kind, latency_ms: 500 } : { kind },
      });
    const made = [await create(services[0], "http_availability"), await create(services[0], "http_latency")];
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    expect((await create(services[1], "http_availability")).body).toMatchObject({ quota: { kind: "policies", limit: 2 } });
    expect((await api.call("DELETE", `/v1/services/${services[0]}/storm-policies/${made[0]?.body.id}`, { token })).status).toBe(204);
    expect((await create(services[1], "http_availability")).status).toBe(201);
  });

  it("is told nothing of whether others' services exist: a missing row is a missing row, quota or none", async () => {
    const answer = await api.call("POST", "/v1/services/999999/domains", { token, body: { name: "x.example.com" } });
    expect(answer.status).toBe(404);
  });

  it("may not raise its own quota, nor look at another's", async () => {
    const other = await api.onboard("other");
    const raised = await api.call("PUT", `/v1/customers/${ids.customer}/quotas`, { token, body: { services: 1_000 } });
    expect(raised.status).toBe(403);
    expect((await api.call("GET", `/v1/customers/${ids.customer}/quotas`, { token: other.editor })).status).toBe(403);
    expect((await api.call("GET", "/v1/quotas", { token: other.viewer })).list.find(({ kind }) => kind === "services")).toMatchObject({
      used: 0,
    });
  });
});

describe("an admin", () => {
  it("raises and lowers what a customer may have; nothing is taken away, and the audit tells", async () => {
    const api = await open();
    const { id, editor } = await api.onboard("acme");
    const put = (body: object) => api.call("PUT", `/v1/customers/${id}/quotas`, { body });
    const create = (name: string) => api.call("POST", "/v1/services", { token: editor, body: { name, primary_cdn: "a", backup_cdn: "b" } });
    expect((await put({ services: 3 })).list[0]).toEqual({ kind: "services", limit: 3, own: 3, used: 0 });
    expect([await create("1"), await create("2"), await create("3"), await create("4")].map(({ status }) => status)).toEqual([
      201, 201, 201, 409,
    ]);
    expect((await put({ services: 1 })).list[0]).toEqual({ kind: "services", limit: 1, own: 1, used: 3 });
    expect((await api.call("GET", "/v1/services", { token: editor })).list).toHaveLength(3);
    expect((await create("5")).body).toMatchObject({ quota: { kind: "services", limit: 1 } });
    expect((await put({})).list[0]).toMatchObject({ limit: 2, own: null });
    const audit = (await api.call("GET", "/v1/audit-log?action=update&object_type=quotas", { customer: id })).list;
    expect(audit.map(({ actor, before, after }) => [actor, before, after])).toEqual([
      ["admin", { services: 1 }, {}],
      ["admin", { services: 3 }, { services: 1 }],
      ["admin", null, { services: 3 }],
    ]);
    for (const body of [{ services: -1 }, { services: 1.5 }, { services: 1_000_001 }, { domain: 1 }])
      expect((await put(body)).status, JSON.stringify(body)).toBe(400);
    expect((await api.call("PUT", "/v1/customers/999999/quotas", { body: {} })).status).toBe(404);
  });

  it("counts a creation once: the same key again is no second one", async () => {
    const api = await open();
    const { editor } = await api.onboard("acme");
    const create = (key: string, name: string) =>
      api.call("POST", "/v1/services", {
        token: editor,
        headers: { "idempotency-key": key },
        body: { name, primary_cdn: "a", backup_cdn: "b" },
      });
    await create("one", "1");
    await create("two", "2");
    expect(
      [await create("two", "2"), await create("three", "3")].map(({ status, headers }) => [status, headers.get("idempotency-replayed")]),
    ).toEqual([
      [201, "true"],
      [409, null],
    ]);
  });

  it("verified domains are bounded as well", async () => {
    const api = await open({ DOMAIN_VERIFICATION: "off" });
    const { editor } = await api.onboard("acme");
    const { id } = await api.service(editor);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        api.call("POST", `/v1/services/${id}/domains`, { token: editor, body: { name: `${at}.example.com` } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ quota: { kind: "domains", limit: 4 } });
  });
});
