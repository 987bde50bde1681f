import { sql } from "drizzle-orm";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp } from "../../../src/app.ts";
import { createRateLimits } from "../../../src/adapters/platform/rate-limit.ts";
import type { ChannelSecret, SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import type { Message } from "../../../src/domain/notify/message.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";
import { checkAnswers } from "../../support/openapi.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
const path = "/v1/channels";
/** What was sent by a sender of the test's own, and what its receivers say. */
const sent: { secret: ChannelSecret; message: Message; id: string }[] = [];
let answer: SendOutcome = { status: "sent", detail: "HTTP 204" };

const withSender = (on: Api) => {
  const channels = {
    kinds: ["webhook", "slack", "pagerduty", "email"] as const,
    send: async (secret: ChannelSecret, message: Message, id: string) => {
      sent.push({ secret, message, id });
      return answer;
    },
  };
  const app = createApp({ ...on.deps, channels });
  checkAnswers(app);
  Object.assign(on.app, { request: app.request });
};

beforeAll(async () => {
  api = await startApi();
  withSender(api);
  acme = await api.onboard("acme");
});
beforeEach(() => {
  sent.length = 0;
  answer = { status: "sent", detail: "HTTP 204" };
});

const create = async (body: object) => await api.created(path, body, { token: acme.editor });
const hook = (name: string) => create({ name, kind: "webhook", url: "https://hooks.example.com/in" });
const mail = (name: string, to: readonly string[] = ["sre@example.com"]) => create({ name, kind: "email", to });
const act = (id: number, what: string, body?: unknown) => api.call("POST", `${path}/${id}/${what}`, { token: acme.editor, body });
const get = async (id: number) => (await api.call("GET", `${path}/${id}`, { token: acme.viewer })).body;
const codeIn = () => /\d{8}/.exec(sent.at(-1)?.message.title ?? "")?.[0] ?? "";

describe("a test of a channel", () => {
  it("sends one message, says what became of it, and notes it", async () => {
    const { id, secret } = await hook("tested");
    const { status, body } = await act(id, "test");
    expect([status, body]).toEqual([200, { status: "sent", detail: "HTTP 204", duration_ms: 0 }]);
    expect(sent).toMatchObject([
      {
        secret: { kind: "webhook", url: "https://hooks.example.com/in", secrets: [secret] },
        message: { kind: "test", action: "event", severity: "info", ids: { channel_id: id } },
      },
    ]);
    expect(await get(id)).toMatchObject({ last_sent_at: expect.any(String), last_error: null });
    const { list } = await api.call("GET", "/v1/audit-log?object_type=channel&action=test", { token: acme.viewer });
    expect(list).toMatchObject([{ object_id: id, before: null, after: { status: "sent", detail: "HTTP 204" } }]);
  });

  it.each<SendOutcome>([
    { status: "failed", detail: "HTTP 503", retryAfterMs: 1_000 },
    { status: "refused", detail: "HTTP 400 invalid_payload" },
    { status: "gone", detail: "HTTP 410" },
  ])("says of a receiver that takes nothing: $status, and neither switches it off nor counts against it", async (outcome) => {
    const { id } = await hook(`receiver ${outcome.status}`);
    answer = outcome;
    expect((await act(id, "test")).body).toEqual({ status: outcome.status, detail: outcome.detail, duration_ms: 0 });
    expect(await get(id)).toMatchObject({ state: "active", failures: 0, last_sent_at: null, last_error: outcome.detail });
  });

  it("closes the circuit where it is good", async () => {
    const { id } = await hook("broken");
    await api.db.rows(sql`update channels set failures = 9, paused_until = '2099-01-01T00:00:00Z' where id = ${id}`);
    answer = { status: "failed", detail: "HTTP 503", retryAfterMs: null };
    await act(id, "test");
    expect(await get(id)).toMatchObject({ state: "paused", failures: 9 });
    answer = { status: "sent", detail: "HTTP 204" };
    await act(id, "test");
    expect(await get(id)).toMatchObject({ state: "active", failures: 0 });
  });

  it("may be made of one that is switched off, not of one whose recipients have not agreed", async () => {
    const { id } = await hook("off");
    await api.call("PATCH", `${path}/${id}`, { token: acme.editor, body: { enabled: false } });
    expect((await act(id, "test")).body["status"]).toBe("sent");
    const asked = await mail("unasked");
    sent.length = 0;
    expect((await act(asked.id, "test")).status).toBe(409);
    expect(sent).toEqual([]);
  });

  it("is for editors, and takes no body", async () => {
    const { id } = await hook("of editors");
    expect((await api.call("POST", `${path}/${id}/test`, { token: acme.viewer })).status).toBe(403);
    expect((await act(id, "test", { to: "somebody@else.example" })).status).toBe(400);
    expect(sent).toEqual([]);
  });

  it("counts as what it is worth", async () => {
    const limited = await startApi();
    const customer = await limited.onboard("acme");
    const rateLimits = createRateLimits({ perAddress: 0, perCredential: 200, refusals: 0, sessions: 0 }, {}, limited.clock, limited.log);
    withSender(Object.assign(limited, { deps: { ...limited.deps, rateLimits } }));
    const { id } = await limited.created(
      path,
      { name: "x", kind: "webhook", url: "https://hooks.example.com/" },
      { token: customer.editor },
    );
    const statuses = [];
    for (let at = 0; at < 10; at += 1) statuses.push((await limited.call("POST", `${path}/${id}/test`, { token: customer.editor })).status);
    expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 429]);
    const operators = await limited.created("/v1/operator/channels", { name: "x", kind: "webhook", url: "https://hooks.example.com/" });
    expect((await limited.call("POST", `/v1/operator/channels/${operators.id}/test`)).status).toBe(200);
  });
});

describe("a secret that is rotated", () => {
  it("signs first, the one before beside it for a day; older ones do not", async () => {
    const real = await startApi();
    const { editor } = await real.onboard("acme");
    const { id, secret: first } = await real.created(
      path,
      { name: "rotated", kind: "webhook", url: "http://receiver.test/in" },
      { token: editor },
    );
    const network = fetch;
    const requests: { headers: Record<string, string>; body: string }[] = [];
    const spy = vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      if (!String(input).startsWith("http://receiver.test/")) return await network(input, init);
      requests.push({ headers: Object.fromEntries(new Headers(init?.headers)), body: String(init?.body) });
      return new Response(null, { status: 204 });
    });
    const signs = async () => {
      expect((await real.call("POST", `${path}/${id}/test`, { token: editor })).body["status"]).toBe("sent");
      const { headers = {}, body = "" } = requests.at(-1) ?? {};
      vi.setSystemTime(real.time.nowMs);
      const valid = (secret: unknown) => {
        try {
          new Webhook(String(secret)).verify(body, headers);
          return true;
        } catch {
          return false;
        }
      };
      return { valid, count: headers["webhook-signature"]?.split(" ").length };
    };
    const rotate = async () => (await real.call("POST", `${path}/${id}/rotate-secret`, { token: editor })).body;
    vi.useFakeTimers({ toFake: ["Date"] });
    let now = await signs();
    expect([now.count, now.valid(first)]).toEqual([1, true]);
    const { secret: second, previous_valid_until: until } = await rotate();
    expect(until).toBe(new Date(real.time.nowMs + 86_400_000).toISOString());
    now = await signs();
    expect([now.count, now.valid(first), now.valid(second)]).toEqual([2, true, true]);
    const { secret: third } = await rotate();
    now = await signs();
    expect([now.count, now.valid(first), now.valid(second), now.valid(third)]).toEqual([2, false, true, true]);
    real.time.nowMs += 86_400_000;
    now = await signs();
    expect([now.count, now.valid(second), now.valid(third)]).toEqual([1, false, true]);
    vi.useRealTimers();
    spy.mockRestore();
  });

  it("is given once, whatever is asked again, and audited without it", async () => {
    const { id } = await hook("given once");
    const post = () => api.call("POST", `${path}/${id}/rotate-secret`, { token: acme.editor, headers: { "idempotency-key": "rotate" } });
    const first = await post();
    expect(first.body["secret"]).toMatch(/^whsec_/);
    const again = await post();
    expect([again.status, again.text.includes("whsec_")]).toEqual([409, false]);
    expect((await api.deps.channelStore.open(acme.id, id))?.secret).toMatchObject({ secrets: [first.body["secret"], expect.any(String)] });
    const audit = await api.call("GET", "/v1/audit-log?object_type=channel&action=rotate", { token: acme.viewer });
    expect(audit.list.map((entry) => entry["object_id"])).toEqual([id]);
    expect(audit.text).not.toMatch(/whsec_|sealed/);
  });

  it("is of webhooks alone", async () => {
    const { id } = await create({ name: "slack", kind: "slack", url: "https://hooks.slack.com/services/T/B/x" });
    expect((await act(id, "rotate-secret")).status).toBe(409);
  });
});

describe("mail", () => {
  it("goes nowhere before its recipients have agreed: they are sent a code, and nothing else", async () => {
    const { id, ...body } = await mail("sre", ["Ops@EXAMPLE.com", "sre@example.com"]);
    expect(body).toMatchObject({ kind: "email", state: "unconfirmed", settings: { to: ["Ops@example.com", "sre@example.com"] } });
    const message = { kind: "channel.confirm", ids: { channel_id: id } };
    expect(sent).toMatchObject([
      { secret: { kind: "email", to: ["Ops@example.com"] }, message },
      { secret: { kind: "email", to: ["sre@example.com"] }, message },
    ]);
    const codes = sent.map((one) => /\d{8}/.exec(one.message.title)?.[0] ?? "");
    const [row] = await api.db.rows<{ text: string }>(sql`select to_jsonb(c)::text as text from channels c where id = ${id}`);
    for (const code of codes) {
      expect(code).toMatch(/^\d{8}$/);
      expect(row?.text).not.toContain(code);
    }
    const wrong = await act(id, "confirm", { code: codes.includes("00000000") ? "00000001" : "00000000" });
    expect([wrong.status, pointers(wrong)]).toEqual([400, ["/code"]]);
    expect((await get(id))["state"]).toBe("unconfirmed");
    const confirmed = await act(id, "confirm", { codes });
    expect([confirmed.status, confirmed.body["state"]]).toEqual([200, "active"]);
    expect((await act(id, "confirm", { codes })).status).toBe(409);
    expect((await act(id, "test")).body["status"]).toBe("sent");
    const audit = await api.call("GET", "/v1/audit-log?object_type=channel", { token: acme.viewer });
    expect(audit.list.filter((entry) => entry["object_id"] === id).map((entry) => entry["action"])).toEqual([
      "test",
      "confirm",
      "ask",
      "create",
    ]);
    for (const code of codes) expect(audit.text).not.toContain(code);
  });

  it("is not confirmed by a code that is a day old, or guessed at ten times", async () => {
    const late = await mail("late");
    const code = codeIn();
    api.time.nowMs += 86_400_000;
    expect((await act(late.id, "confirm", { code })).status).toBe(409);
    api.time.nowMs -= 86_400_000;
    const guessed = await mail("guessed");
    const right = codeIn();
    for (let at = 0; at < 10; at += 1)
      expect((await act(guessed.id, "confirm", { code: right === "00000000" ? "00000001" : "00000000" })).status).toBe(400);
    expect((await act(guessed.id, "confirm", { code: right })).status).toBe(409);
    // Another code, which is as good as the first was.
    const again = await api.call("PATCH", `${path}/${guessed.id}`, { token: acme.editor, body: { to: ["sre@example.com"] } });
    expect([again.status, again.body["state"]]).toEqual([200, "unconfirmed"]);
    expect((await act(guessed.id, "confirm", { code: right })).status).toBe(400);
    expect((await act(guessed.id, "confirm", { code: codeIn() })).status).toBe(200);
  });

  it("to others has to be agreed to anew", async () => {
    const { id } = await mail("changing");
    await act(id, "confirm", { code: codeIn() });
    const changed = await api.call("PATCH", `${path}/${id}`, { token: acme.editor, body: { to: ["other@example.com"] } });
    expect([changed.body["state"], changed.body["settings"]]).toEqual(["unconfirmed", { to: ["other@example.com"] }]);
    expect(sent.at(-1)?.secret).toEqual({ kind: "email", to: ["other@example.com"] });
  });

  it("that does not leave is told of in the answer", async () => {
    answer = { status: "failed", detail: "421 try again later, 10.1.2.3", retryAfterMs: null };
    const body = await mail("not sent");
    expect(body).toMatchObject({ state: "unconfirmed", last_error: "421" });
  });

  it("is asked once for one Idempotency-Key", async () => {
    const post = () =>
      api.call("POST", path, {
        token: acme.editor,
        body: { name: "once", kind: "email", to: ["sre@example.com"] },
        headers: { "idempotency-key": "mail" },
      });
    expect((await post()).status).toBe(201);
    const again = await post();
    expect([again.status, again.headers.get("idempotency-replayed"), sent.length]).toEqual([201, "true", 1]);
  });

  it.each([
    "a\r\nBcc: b@example.com",
    "a@b\n.example.com",
    "A <a@example.com>",
    "a@example.com, b@example.com",
    "a@[10.0.0.1]",
    "@example.com",
    "ä@example.com",
  ])("to %j is refused", async (address) => {
    const refused = await api.call("POST", path, { token: acme.editor, body: { name: "bad", kind: "email", to: [address] } });
    expect([refused.status, sent.length]).toEqual([400, 0]);
  });

  it("asks at most fifty times a day, whatever becomes of the channels", async () => {
    const spammer = await api.onboard("spammer");
    const post = async (at: number) =>
      await api.call("POST", path, { token: spammer.editor, body: { name: `spam ${at}`, kind: "email", to: ["victim@example.com"] } });
    const first = await post(0);
    for (let at = 1; at < 25; at += 1)
      expect((await api.call("DELETE", `${path}/${(await post(at)).body.id}`, { token: spammer.editor })).status).toBe(204);
    const again = async () =>
      (await api.call("PATCH", `${path}/${first.body.id}`, { token: spammer.editor, body: { to: ["victim@example.com"] } })).status;
    for (let at = 25; at < 50; at += 1) expect(await again()).toBe(200);
    expect(sent).toHaveLength(50);
    const refused = await post(50);
    expect([refused.status, refused.headers.get("retry-after"), await again(), sent.length]).toEqual([429, "3600", 429, 50]);
    expect((await api.call("PATCH", `${path}/${first.body.id}`, { token: spammer.editor, body: { name: "renamed" } })).status).toBe(200);
    expect(
      (await api.call("POST", path, { token: acme.editor, body: { name: "another's", kind: "email", to: ["victim@example.com"] } })).status,
    ).toBe(201);
  });
});

afterAll(() => vi.restoreAllMocks());
