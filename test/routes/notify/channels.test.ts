import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it } from "vitest";
import type { ChannelSecret } from "../../../src/adapters/ports/notify/channel.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/channels";
const url = "https://hooks.example.com/in?key=a-key-in-the-address";
const hook = (name: string, more: object = {}) => ({ name, kind: "webhook", url, ...more });

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
});

const create = (body: unknown, token = acme.editor) => api.call("POST", path, { token, body });
const patch = (id: number, body: unknown) => api.call("PATCH", `${path}/${id}`, { token: acme.editor, body });
const secretOf = async (id: number): Promise<ChannelSecret & { previousUntilMs?: number }> => {
  const opened = await api.deps.channelStore.open(acme.id, id);
  if (opened === null) throw new Error("no such channel");
  return opened.secret;
};

describe("a channel", () => {
  it("is made, shown without its address, and keeps it sealed; the secret of a webhook is shown once", async () => {
    const { status, body, headers } = await create(hook("on call", { kinds: ["storm.started"], min_severity: "warning" }));
    expect([status, headers.get("location")]).toEqual([201, `${path}/${body.id}`]);
    const { secret, ...shown } = body;
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(shown).toEqual({
      id: body.id,
      name: "on call",
      kind: "webhook",
      settings: { host: "hooks.example.com" },
      kinds: ["storm.started"],
      min_severity: "warning",
      service_ids: null,
      state: "active",
      disabled_reason: null,
      failures: 0,
      paused_until: null,
      last_sent_at: null,
      last_error: null,
      last_error_at: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect((await api.call("GET", `${path}/${body.id}`, { token: acme.viewer })).body).toEqual(shown);
    expect((await api.call("GET", path, { token: acme.viewer })).list).toEqual([shown]);
    const stored = JSON.stringify(await api.db.rows(sql`select to_jsonb(c) as c from channels c`));
    const audit = await api.call("GET", "/v1/audit-log?object_type=channel", { token: acme.viewer });
    expect(stored).toContain("v1.");
    expect(audit.list.map((entry) => [entry["action"], entry["object_id"]])).toEqual([["create", body.id]]);
    for (const text of [stored, audit.text, JSON.stringify(api.lines)]) {
      expect(text).not.toContain("a-key-in-the-address");
      expect(text).not.toContain(String(secret));
    }
    expect(await secretOf(body.id)).toEqual({ kind: "webhook", url, secrets: [secret] });
  });

  it.each<[object, object, ChannelSecret]>([
    [
      { kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" },
      { host: "hooks.slack.com" },
      { kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" },
    ],
    [
      { kind: "pagerduty", routing_key: "0123456789abcdef0123456789abcdef", region: "eu" },
      { region: "eu" },
      { kind: "pagerduty", routingKey: "0123456789abcdef0123456789abcdef", region: "eu" },
    ],
    [
      { kind: "pagerduty", routing_key: "0123456789abcdef0123456789abcdef" },
      { region: "us" },
      { kind: "pagerduty", routingKey: "0123456789abcdef0123456789abcdef", region: "us" },
    ],
  ])("of another kind has no secret to show: %j", async (target, settings, secret) => {
    const { status, body } = await create({ name: JSON.stringify(target), ...target });
    expect([status, body["settings"], body["secret"]]).toEqual([201, settings, undefined]);
    expect(await secretOf(body.id)).toEqual(secret);
  });

  it.each<[string, object, string]>([
    ["no address", { url: undefined }, "/url"],
    ["a field of another kind", { to: ["a@example.com"] }, "/to"],
    ["a region of a webhook", { region: "eu" }, "/region"],
    ["a user in the address", { url: "https://u:p@hooks.example.com/" }, "/url"],
    ["no URL", { url: "hooks" }, "/url"],
    ["another scheme", { url: "file:///etc/passwd" }, "/url"],
    ["a routing key that is none", { kind: "pagerduty", url: undefined, routing_key: "short" }, "/routing_key"],
    ["an unknown kind of notification", { kinds: ["storm.begun"] }, "/kinds/0"],
    ["an empty list of kinds", { kinds: [] }, "/kinds"],
    ["a hidden character in the name", { name: "on\u202Ecall" }, "/name"],
    ["a line break in the name", { name: "on\r\ncall" }, "/name"],
    ["mail, which can not be sent from here", { kind: "email", url: undefined, to: ["a@example.com"] }, "/kind"],
  ])("is refused with %s", async (_, over, pointer) => {
    const answer = await create(hook("refused", over));
    expect([answer.status, pointers(answer)], answer.text).toEqual([400, [pointer]]);
  });

  it("names services of its customer only", async () => {
    const [own, theirs] = [await api.service(acme.editor, "own"), await api.service(globex.editor, "theirs")];
    const refused = await create(hook("theirs", { service_ids: [own.id, theirs.id] }));
    const missing = await create(hook("theirs", { service_ids: [own.id, 999_999] }));
    expect([refused.status, pointers(refused)]).toEqual([400, ["/service_ids"]]);
    const words = ({ text }: typeof refused, id: number) => text.replace(`: ${id} is none`, "").replace(/"instance":"\w+"/, "");
    expect(words(refused, theirs.id)).toBe(words(missing, 999_999));
    expect((await create(hook("own", { service_ids: [own.id] }))).body["service_ids"]).toEqual([own.id]);
  });

  it("has a name of its own among the customer's", async () => {
    expect((await create(hook("twice"))).status).toBe(201);
    const again = await create(hook("twice"));
    expect([again.status, pointers(again)]).toEqual([409, ["/name"]]);
    expect((await create(hook("twice"), globex.editor)).status).toBe(201);
  });

  it("never gives its secret twice", async () => {
    const post = () => api.call("POST", path, { token: acme.editor, body: hook("idempotent"), headers: { "idempotency-key": "k" } });
    expect((await post()).status).toBe(201);
    const again = await post();
    expect([again.status, again.text.includes("whsec_")]).toEqual([409, false]);
    const [row] = await api.db.rows<{ answer: unknown }>(sql`select answer from idempotency_keys where key = 'k'`);
    expect(row?.answer).toBeNull();
  });
});

describe("a change of a channel", () => {
  it("changes what it names, and leaves the rest", async () => {
    const { body } = await create(hook("changing", { kinds: ["storm.started"] }));
    const { secret: _secret, ...before } = body;
    const renamed = (await patch(body.id, { name: "changed", kinds: null, min_severity: "critical" })).body;
    expect(renamed).toEqual({ ...before, name: "changed", kinds: null, min_severity: "critical", updated_at: renamed["updated_at"] });
    expect((await patch(body.id, {})).status).toBe(400);
    expect((await patch(body.id, { name: "on call" })).status).toBe(409);
  });

  it("gives a webhook another address, with the secret that it has", async () => {
    const { body } = await create(hook("moved"));
    const moved = await patch(body.id, { url: "https://elsewhere.example.org/x" });
    expect([moved.status, moved.body["settings"], moved.body["secret"]]).toEqual([200, { host: "elsewhere.example.org" }, undefined]);
    expect(await secretOf(body.id)).toEqual({ kind: "webhook", url: "https://elsewhere.example.org/x", secrets: [body["secret"]] });
    const other = await patch(body.id, { routing_key: "0123456789abcdef0123456789abcdef" });
    expect([other.status, pointers(other)]).toEqual([400, ["/routing_key"]]);
  });

  it("does not prolong the secret before", async () => {
    const { body } = await create(hook("rotated and moved"));
    await api.call("POST", `${path}/${body.id}/rotate-secret`, { token: acme.editor });
    const { previousUntilMs } = await secretOf(body.id);
    await patch(body.id, { url: "https://elsewhere.example.org/y" });
    expect(await secretOf(body.id)).toMatchObject({ url: "https://elsewhere.example.org/y", previousUntilMs });
  });

  it("switches it off and on; that closes its circuit", async () => {
    const { body } = await create(hook("switched"));
    const off = await patch(body.id, { enabled: false });
    expect(off.body).toMatchObject({ state: "disabled", disabled_reason: "switched off" });
    await api.db.rows(
      sql`update channels set failures = 7, paused_until = '2099-01-01T00:00:00Z', disabled_reason = 'gone' where id = ${body.id}`,
    );
    expect((await patch(body.id, { enabled: false })).body["disabled_reason"]).toBe("gone");
    expect((await patch(body.id, { enabled: true })).body).toMatchObject({
      state: "active",
      disabled_reason: null,
      failures: 0,
      paused_until: null,
    });
    await api.db.rows(sql`update channels set failures = 7, paused_until = '2099-01-01T00:00:00Z' where id = ${body.id}`);
    expect((await api.call("GET", `${path}/${body.id}`, { token: acme.viewer })).body).toMatchObject({
      state: "paused",
      failures: 7,
      paused_until: "2099-01-01T00:00:00.000Z",
    });
  });

  it("is audited, without secrets", async () => {
    const { list, text } = await api.call("GET", "/v1/audit-log?object_type=channel&action=update", { token: acme.viewer });
    expect(list.length).toBeGreaterThan(4);
    expect(text).not.toMatch(/sealed|confirm_hash|elsewhere\.example\.org\//);
  });
});

describe("a channel that is deleted", () => {
  it("is gone, its secret erased, what waited for it dropped; its name is free", async () => {
    const { body } = await create(hook("short-lived"));
    await api.db.rows(sql`
      with n as (insert into notifications (customer_id, kind, subject, facts, occurred_at) values (${acme.id}, 'token.created', 's', '{}', now()) returning id)
      insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, next_at)
      select ${body.id}, 't', 1, 'event', 'token.created', 'info', id, id, now() from n`);
    expect((await api.call("DELETE", `${path}/${body.id}`, { token: acme.editor })).status).toBe(204);
    const [row] = await api.db.rows<{ sealed: string; state: string }>(
      sql`select sealed_secret as sealed, d.state from channels c join deliveries d on d.channel_id = c.id where c.id = ${body.id}`,
    );
    expect(row).toEqual({ sealed: "", state: "dropped" });
    for (const [method, at] of [
      ["GET", ""],
      ["DELETE", ""],
      ["POST", "/test"],
      ["POST", "/rotate-secret"],
      ["GET", "/deliveries"],
    ] as const) {
      expect((await api.call(method, `${path}/${body.id}${at}`, { token: acme.editor })).status).toBe(404);
    }
    expect((await patch(body.id, { name: "x" })).status).toBe(404);
    expect((await create(hook("short-lived"))).status).toBe(201);
  });
});

describe("whose channels they are", () => {
  it("viewers read, editors write, admins act for a customer", async () => {
    expect((await create(hook("a viewer's"), acme.viewer)).status).toBe(403);
    const made = await api.call("POST", path, { customer: acme.id, body: hook("an admin's") });
    expect(made.status).toBe(201);
    expect((await api.call("GET", `${path}/${made.body.id}`, { token: acme.viewer })).status).toBe(200);
    expect((await api.call("GET", `${path}/${made.body.id}`, { token: globex.viewer })).status).toBe(404);
    expect((await api.call("GET", path)).status).toBe(400);
  });

  it("the operator's own are no customer's, nor the other way round", async () => {
    const operators = "/v1/operator/channels";
    const made = await api.call("POST", operators, { body: hook("on call") });
    expect([made.status, made.headers.get("location")]).toEqual([201, `${operators}/${made.body.id}`]);
    expect((await api.call("GET", operators)).list.map(({ id }) => id)).toEqual([made.body.id]);
    expect((await api.call("GET", operators, { token: acme.owner })).status).toBe(403);
    const [first] = (await api.call("GET", path, { token: acme.viewer })).list as [Json];
    expect((await api.call("GET", `${operators}/${first.id}`)).status).toBe(404);
    expect((await api.call("GET", `${path}/${made.body.id}`, { customer: acme.id })).status).toBe(404);
    const [row] = await api.db.rows<{ customer: number | null }>(
      sql`select customer_id as customer from audit_log where object_type = 'channel' and object_id = ${made.body.id}`,
    );
    expect(row?.customer).toBeNull();
    expect((await api.call("PATCH", `${operators}/${made.body.id}`, { body: { min_severity: "critical" } })).body["min_severity"]).toBe(
      "critical",
    );
    const reader = await api.created("/v1/admin-tokens", { name: "reader", scopes: ["read"] });
    expect((await api.call("GET", operators, { token: String(reader["token"]) })).status).toBe(200);
    expect((await api.call("DELETE", `${operators}/${made.body.id}`, { token: String(reader["token"]) })).status).toBe(403);
    expect((await api.call("DELETE", `${operators}/${made.body.id}`)).status).toBe(204);
  });

  it("are listed page by page", async () => {
    const pager = await api.onboard("pager");
    const ids: number[] = [];
    for (let at = 0; at < 5; at += 1) ids.push((await create(hook(`page ${at}`), pager.editor)).body.id);
    const seen: number[] = [];
    for (let next: string | undefined = `${path}?limit=2`; next !== undefined;) {
      const page = await api.call("GET", next, { token: pager.viewer });
      seen.push(...page.list.map(({ id }) => id));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(ids);
  });
});

describe("where nothing is allowed that is not public", () => {
  it("refuses private hosts, and names that lead to private addresses", async () => {
    const strict = await startApi({ ALLOW_PRIVATE_TARGETS: "false" });
    const asked: string[] = [];
    Object.assign(strict.deps.lookup, {
      lookup: async (name: string, type: string) => {
        asked.push(name);
        return [
          { resolver: "r", status: "answered", answers: type === "A" ? [name.startsWith("inside") ? "10.0.0.7" : "203.0.114.9"] : [] },
        ];
      },
    });
    const { editor } = await strict.onboard("acme");
    const at = async (target: object) =>
      await strict.call("POST", path, { token: editor, body: { name: JSON.stringify(target), ...target } });
    for (const bad of [
      "http://hooks.example.com/",
      "https://127.0.0.1/",
      "https://[::1]/",
      "https://localhost/x",
      "https://metadata.internal/",
      "https://inside.example.com/",
    ]) {
      const answer = await at({ kind: "webhook", url: bad });
      expect([bad, answer.status, pointers(answer)]).toEqual([bad, 400, ["/url"]]);
    }
    const answer = await at({ kind: "webhook", url: "https://hooks.example.com/" });
    expect(answer.status, answer.text).toBe(201);
    expect(new Set(asked)).toEqual(new Set(["inside.example.com", "hooks.example.com"]));
    const moved = await strict.call("PATCH", `${path}/${answer.body.id}`, { token: editor, body: { url: "https://inside.example.com/" } });
    expect([moved.status, moved.text]).toEqual([400, expect.stringContaining("10.0.0.7")]);
    expect((await at({ kind: "slack", url: "https://hooks.example.com/services/x" })).status).toBe(400);
  });
});

it("keeps none without a key, and says so", async () => {
  const bare = await startApi({ SECRETS_KEY: "" });
  const { editor } = await bare.onboard("acme");
  const answer = await bare.call("POST", path, { token: editor, body: hook("hook") });
  expect([answer.status, answer.body["detail"]]).toEqual([409, "this deployment keeps no secrets (SECRETS_KEY is not set)"]);
});
