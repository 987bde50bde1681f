import { sql } from "drizzle-orm";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ChannelSecret, SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import { deliver } from "../../../src/cron/notify/deliver.ts";
import type { Message } from "../../../src/domain/notify/message.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api, Json } from "../../support/api.ts";

let api: Api;
let acme: Awaited<ReturnType<Api["onboard"]>>;
let globex: Awaited<ReturnType<Api["onboard"]>>;
/** Services of acme on one CDN, and one elsewhere. */
const services: number[] = [];
const channels: Record<string, number> = {};
const received: { to: string; id: string; message: Message }[] = [];
const answers: Record<string, SendOutcome> = {};

/** How often a request has had people told. */
let told = 0;

/** One run of the delivery job, with receivers in the hands of the test. */
const deliverNow = async (): Promise<void> => {
  const send = async (secret: ChannelSecret, message: Message, id: string): Promise<SendOutcome> => {
    const to = secret.kind === "webhook" ? new URL(secret.url).pathname : secret.kind;
    received.push({ to, id, message });
    return answers[to] ?? { status: "sent", detail: "HTTP 204" };
  };
  const fence = await api.deps.leases.acquire("job:deliver", "local", `local:${crypto.randomUUID()}`);
  if (fence === null) throw new Error("the lease is taken");
  await deliver({ ...api.deps, channels: { kinds: ["webhook", "slack"], send } }, fence);
  await api.deps.leases.release(fence);
};

const get = async (path: string, token = acme.viewer) => {
  const answer = await api.call("GET", path, { token });
  expect(answer.status, answer.text).toBe(200);
  return answer;
};
const readiness = (service: number, result: string) =>
  api.db.rows(sql`
  insert into readiness_checks (service_id, checked_at, actor, result, checks) values (${service}, '2026-11-21T12:00:00Z', 'admin', ${result}, '[{"check":"ttl","result":"fail"}]')
  on conflict (service_id) do update set result = excluded.result`);
const beginStorm = async (service: number) => {
  const [row] = await api.db.rows<{ id: number }>(sql`
    insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
    select ${service}, id, 1, 'http_availability', 'storm', '2026-11-21T12:20:00Z', '2026-11-21T12:20:20Z', 1.5 from storm_policies where service_id = ${service} returning id`);
  return row?.id ?? 0;
};
const endStorm = (id: number) =>
  api.db.rows(sql`update storm_events set state = 'ended', ended_at = '2026-11-21T12:29:00Z', ended_reason = 'recovered' where id = ${id}`);

beforeAll(async () => {
  api = await startApi();
  [acme, globex] = [await api.onboard("acme"), await api.onboard("globex")];
  for (const [name, primary] of [
    ["web", "cloudflare"],
    ["api", "cloudflare"],
    ["img", "fastly"],
  ] as const) {
    const { id } = await api.created("/v1/services", { name, primary_cdn: primary, backup_cdn: "bunny" }, { token: acme.editor });
    await api.created(`/v1/services/${id}/storm-policies`, {}, { token: acme.editor });
    services.push(id);
  }
  const create = async (name: string, more: object, token = acme.editor) =>
    (channels[name] = (
      await api.created("/v1/channels", { name, kind: "webhook", url: `https://hooks.example.com/${name}`, ...more }, { token })
    ).id);
  await create("all", {});
  await create("urgent", { min_severity: "warning", service_ids: services.slice(0, 2) });
  await create("globex", {}, globex.editor);
  channels["operator"] = (
    await api.created("/v1/operator/channels", { name: "operator", kind: "webhook", url: "https://hooks.example.com/operator" })
  ).id;
  await deliverNow();
  received.length = 0;
  api.deps.tell = () => void (told += 1);
});

const brief = (one: Json | undefined) =>
  ((one?.["deliveries"] ?? []) as Json[]).map((d) => [d["channel"], d["action"], d["state"], d["attempts"], d["last_status"], d["replay"]]);

describe("what a customer is told of", () => {
  it("is listed before anybody is told, and with what became of each message afterwards", async () => {
    await readiness(services[0] ?? 0, "fail");
    const [before] = (await get("/v1/notifications?kind=readiness.failed")).list;
    expect(before).toEqual({
      id: expect.any(Number),
      kind: "readiness.failed",
      severity: "warning",
      service_id: services[0],
      storm_id: null,
      title: "web is not ready for a storm",
      summary: "Failed: ttl.",
      facts: expect.arrayContaining([{ label: "Service", value: "web" }]),
      occurred_at: "2026-11-21T12:00:00.000Z",
      ids: { notification_id: before?.id, service_id: services[0] },
      deliveries: [],
    });
    answers["/urgent"] = { status: "failed", detail: "HTTP 503", retryAfterMs: 3_600_000 };
    // Not tried again before the test is over.
    api.deps.clock.sleep = async () => undefined;
    await deliverNow();
    const [after] = (await get("/v1/notifications?kind=readiness.failed")).list;
    expect(brief(after)).toEqual([
      ["all", "trigger", "sent", 1, "HTTP 204", false],
      ["urgent", "trigger", "pending", 1, "HTTP 503", false],
    ]);
    expect(((after?.["deliveries"] ?? []) as Json[]).map((d) => d["sent_at"] !== null)).toEqual([true, false]);
    const { body } = await get(`/v1/notifications/${before?.id}`);
    expect(body["deliveries"]).toMatchObject([
      {
        channel_id: channels["all"],
        kind: "readiness.failed",
        state: "sent",
        message: { title: "web is not ready for a storm" },
        next_attempt_at: null,
      },
      { channel_id: channels["urgent"], state: "pending", next_attempt_at: expect.any(String), ended_at: null },
    ]);
    expect(received.map(({ id }) => id)).toEqual((body["deliveries"] as Json[]).map(({ id }) => `msg_${id}`));
    delete answers["/urgent"];
  });

  it("is filtered, and walked along its links, the newest first", async () => {
    const all = (await get("/v1/notifications")).list;
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted((a, b) => b - a));
    expect(new Set(all.map((one) => one["kind"]))).toEqual(new Set(["token.created", "readiness.failed"]));
    expect((await get(`/v1/notifications?service_id=${services[0]}`)).list).toHaveLength(1);
    expect((await get(`/v1/notifications?service_id=${services[2]}`)).list).toEqual([]);
    expect((await get("/v1/notifications?from=2026-11-21T12:00:00Z&to=2026-11-21T12:00:00.001Z")).list.map((one) => one["kind"])).toEqual([
      "readiness.failed",
    ]);
    expect((await get("/v1/notifications?to=2026-11-21T12:00:00Z")).list).toEqual([]);
    const seen: number[] = [];
    for (let next: string | undefined = "/v1/notifications?limit=2"; next !== undefined;) {
      const page = await get(next);
      seen.push(...page.list.map(({ id }) => id));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(all.map(({ id }) => id));
    for (const [query, pointer] of [
      ["kind=storm", "kind"],
      ["from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "to"],
      ["service_id=x", "service_id"],
    ]) {
      const answer = await api.call("GET", `/v1/notifications?${query}`, { token: acme.viewer });
      expect([answer.status, pointers(answer)]).toEqual([400, [pointer]]);
    }
  });

  it("is read in one round trip, however many messages there are", async () => {
    await get("/v1/notifications");
    const network = vi.spyOn(globalThis, "fetch");
    for (const path of ["/v1/notifications", "/v1/incidents", `/v1/channels/${channels["all"]}/deliveries`]) {
      network.mockClear();
      await get(path);
      expect([path, network.mock.calls.length]).toEqual([path, 1]);
    }
    network.mockRestore();
  });
});

describe("a message that is sent once more", () => {
  it("goes to each channel that was told, as it was, under an id of its own", async () => {
    const id = (await get("/v1/notifications?kind=readiness.failed")).list[0]?.id ?? 0;
    const before = received.splice(0);
    const answer = await api.call("POST", `/v1/notifications/${id}/replay`, { token: acme.editor, body: {} });
    expect([answer.status, answer.list.map((one) => [one["channel"], one["state"], one["replay"]])], answer.text).toEqual([
      200,
      [
        ["all", "pending", true],
        ["urgent", "pending", true],
      ],
    ]);
    expect(told).toBe(1);
    await deliverNow();
    expect(received.map(({ to, message }) => [to, message])).toEqual(before.map(({ to, message }) => [to, message]));
    expect(received.map((one) => one.id)).toEqual(answer.list.map((one) => `msg_${one.id}`));
    const [again] = (await get("/v1/notifications?kind=readiness.failed")).list;
    expect(brief(again).filter(([, , , , , isReplay]) => isReplay)).toEqual([
      ["all", "trigger", "sent", 1, "HTTP 204", true],
      ["urgent", "trigger", "sent", 1, "HTTP 204", true],
    ]);
    const { list } = await api.call("GET", "/v1/audit-log?object_type=notification", { token: acme.viewer });
    expect(list).toMatchObject([{ action: "replay", object_id: id, after: { channels: [channels["all"], channels["urgent"]] } }]);
  });

  it("goes to one alone, where that was told; once for one Idempotency-Key", async () => {
    const id = (await get("/v1/notifications?kind=readiness.failed")).list[0]?.id ?? 0;
    const replay = (body: object, headers = {}) =>
      api.call("POST", `/v1/notifications/${id}/replay`, { token: acme.editor, body, headers });
    const first = await replay({ channel_id: channels["all"] }, { "idempotency-key": "again" });
    const second = await replay({ channel_id: channels["all"] }, { "idempotency-key": "again" });
    expect([first.list.map((one) => one["channel_id"]), second.body, second.headers.get("idempotency-replayed")]).toEqual([
      [channels["all"]],
      first.body,
      "true",
    ]);
    const [token] = (await get("/v1/notifications?kind=token.created")).list;
    expect(
      (await api.call("POST", `/v1/notifications/${token?.id}/replay`, { token: acme.editor, body: { channel_id: channels["urgent"] } }))
        .status,
    ).toBe(409);
    expect((await replay({ channel_id: channels["globex"] })).status).toBe(409);
    expect((await replay({ channel_id: 0 })).status).toBe(400);
    await api.call("PATCH", `/v1/channels/${channels["all"]}`, { token: acme.editor, body: { enabled: false } });
    expect((await replay({ channel_id: channels["all"] })).status).toBe(409);
    await api.call("PATCH", `/v1/channels/${channels["all"]}`, { token: acme.editor, body: { enabled: true } });
    expect((await api.call("POST", `/v1/notifications/${id}/replay`, { token: acme.viewer, body: {} })).status).toBe(403);
  });
});

describe("an incident", () => {
  const storms: number[] = [];

  it("is told of as one thing: every storm of it names the message that told of it", async () => {
    for (const service of services.slice(0, 2)) storms.push(await beginStorm(service));
    storms.push(await beginStorm(services[2] ?? 0));
    received.length = 0;
    await deliverNow();
    const { list } = await get("/v1/incidents");
    expect(list.map((one) => [one["cdn"], one["state"], one["services"], one["failing"]])).toEqual([
      ["fastly", "open", 1, 1],
      ["cloudflare", "open", 2, 2],
    ]);
    const [, cloudflare] = list;
    const { body } = await get(`/v1/incidents/${cloudflare?.id}`);
    expect(body).toMatchObject({
      cdn: "cloudflare",
      kind: "storm",
      state: "open",
      ended_at: null,
      members: [
        { service_id: services[0], customer_id: acme.id, name: "web", storm_id: storms[0], storm: "storm", left_at: null },
        { service_id: services[1], name: "api", storm_id: storms[1] },
      ],
      deliveries: [
        { channel: "urgent", action: "trigger", kind: "storm.started", state: "sent" },
        { channel: "all", action: "trigger" },
      ],
    });
    const begun = (await get("/v1/notifications?kind=storm.started")).list;
    const sent = (body["deliveries"] as Json[]).map(({ id }) => id).toSorted((a, b) => a - b);
    expect(
      begun.filter((one) => one["service_id"] !== services[2]).map((one) => (one["deliveries"] as Json[]).map(({ id }) => id)),
    ).toEqual([sent, sent]);
    expect(received.filter(({ to, message }) => to === "/all" && message.kind === "storm.started")).toHaveLength(2);
  });

  it("is listed with open ones first, by state, CDN and time", async () => {
    await endStorm(storms[2] ?? 0);
    await deliverNow();
    const list = async (query = "") =>
      (await get(`/v1/incidents${query}`)).list.map((one) => `${String(one["cdn"])} ${String(one["state"])}`);
    expect(await list()).toEqual(["cloudflare open", "fastly ended"]);
    expect(await list("?state=open")).toEqual(["cloudflare open"]);
    expect(await list("?state=ended")).toEqual(["fastly ended"]);
    expect(await list("?cdn=fastly")).toEqual(["fastly ended"]);
    expect(await list("?from=2030-01-01T00:00:00Z")).toEqual(["cloudflare open"]);
    expect(await list("?to=2026-11-21T12:00:00Z")).toEqual([]);
    const first = await get("/v1/incidents?limit=1");
    const second = await get(/<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "");
    expect([first, second].map((page) => page.list.map((one) => one["cdn"]))).toEqual([["cloudflare"], ["fastly"]]);
    expect(second.headers.get("link")).toBeNull();
    expect(
      brief((await get("/v1/notifications?kind=storm.ended")).list[0]).map(([channel, action, state]) => [channel, action, state]),
    ).toEqual([["all", "resolve", "sent"]]);
  });

  it("of the installation is the operator's; its channels are told of it, and customers are not shown that", async () => {
    const { list } = await api.call("GET", "/v1/operator/incidents?state=open");
    expect(list).toMatchObject([{ cdn: "cloudflare", services: 2, customers: 1 }]);
    const { body } = await api.call("GET", `/v1/operator/incidents/${list[0]?.id}`);
    expect(body).toMatchObject({ members: [{ customer_id: acme.id }, {}], deliveries: [{ channel: "operator", action: "trigger" }] });
    expect((await api.call("GET", `/v1/incidents/${list[0]?.id}`, { token: acme.viewer })).status).toBe(404);
    expect((await get("/v1/incidents")).text).not.toContain("operator");
    expect((await get("/v1/notifications")).text).not.toContain("operator");
    expect((await get("/v1/incidents", globex.viewer)).list).toEqual([]);
    expect((await get("/v1/notifications", globex.viewer)).list.every((one) => one["kind"] === "token.created")).toBe(true);
    expect((await api.call("GET", "/v1/operator/incidents", { token: acme.owner })).status).toBe(403);
    await api.created("/v1/admin-tokens", { name: "fresh", scopes: ["read"] });
    await deliverNow();
    const operators = (await api.call("GET", "/v1/operator/notifications")).list;
    expect([operators.map((one) => one["kind"]), brief(operators[0])]).toEqual([
      ["token.created"],
      [["operator", "event", "sent", 1, "HTTP 204", false]],
    ]);
    expect((await api.call("GET", `/v1/notifications/${operators[0]?.id}`, { token: acme.viewer })).status).toBe(404);
    expect((await api.call("POST", `/v1/operator/notifications/${operators[0]?.id}/replay`, { body: {} })).list).toHaveLength(1);
  });

  it("with a thousand services comes in parts", async () => {
    const [incident] = (await get("/v1/incidents?state=open")).list;
    await api.db.rows(sql`
      with added as (insert into services (customer_id, name, primary_cdn, backup_cdn) select ${acme.id}, 's' || n, 'cloudflare', 'bunny' from generate_series(1, 1200) n returning id)
      insert into incident_services (incident_id, service_id, joined_at) select ${incident?.id}, id, now() from added`);
    const members: unknown[] = [];
    let pages = 0;
    for (let next: string | undefined = `/v1/incidents/${incident?.id}`; next !== undefined; pages += 1) {
      const page = await get(next);
      members.push(...(page.body["members"] as Json[]).map((one) => one["service_id"]));
      expect(page.body["services"]).toBe(1_202);
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect([pages > 1, members.length, new Set(members).size]).toEqual([true, 1_202, 1_202]);
  });
});

describe("the messages of a channel", () => {
  it("are listed, the newest first", async () => {
    const { list } = await get(`/v1/channels/${channels["urgent"]}/deliveries`);
    expect(list.map(({ id }) => id)).toEqual(list.map(({ id }) => id).toSorted((a, b) => b - a));
    expect(new Set(list.map((one) => one["channel_id"]))).toEqual(new Set([channels["urgent"]]));
    expect((await get(`/v1/channels/${channels["urgent"]}/deliveries?limit=1`)).list).toEqual(list.slice(0, 1));
    expect((await api.call("GET", `/v1/channels/${channels["globex"]}/deliveries`, { token: acme.viewer })).status).toBe(404);
  });
});
