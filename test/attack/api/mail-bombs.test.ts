import { sql } from "drizzle-orm";
import { beforeEach, describe, expect, it } from "vitest";
import { createRateLimits } from "../../../src/adapters/platform/rate-limit.ts";
import type { ChannelSecret, SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import { createApp } from "../../../src/app.ts";
import type { Message } from "../../../src/domain/notify/message.ts";
import { pointers, startApi } from "../../support/api.ts";
import type { Api } from "../../support/api.ts";

/** The operator's mail server in the hands of a customer: who is written to, what it says, and how often. */

let api: Api;
let token: string;
const sent: { to: readonly string[]; message: Message; id: string }[] = [];

beforeEach(async () => {
  sent.length = 0;
  api = await startApi();
  const channels = {
    kinds: ["webhook", "email"] as const,
    send: async (secret: ChannelSecret, message: Message, id: string): Promise<SendOutcome> => {
      sent.push({ to: secret.kind === "email" ? secret.to : [secret.kind], message, id });
      return { status: "sent", detail: "HTTP 204" };
    },
  };
  const rateLimits = createRateLimits({ perAddress: 0, perCredential: 400, refusals: 0, sessions: 0 }, {}, api.clock, api.log);
  Object.assign(api.app, { request: createApp({ ...api.deps, channels, rateLimits }).request });
  token = (await api.onboard("attacker")).editor;
});

const codesOf = (address: string): string[] =>
  sent.filter(({ to }) => to.includes(address)).map(({ message }) => /\d{8}/.exec(message.title)?.[0] ?? "");
const confirm = (id: number, body: object) => api.call("POST", `/v1/channels/${id}/confirm`, { token, body });

describe("the recipients of a mail channel", () => {
  it("agree each for themselves: the code of one is not the others' consent", async () => {
    const { id } = await api.created(
      "/v1/channels",
      { name: "x", kind: "email", to: ["attacker@attacker.com", "victim@elsewhere.com"] },
      { token },
    );
    expect(sent.map(({ to }) => to)).toEqual([["attacker@attacker.com"], ["victim@elsewhere.com"]]);
    expect(new Set(sent.map((one) => one.id)).size).toBe(2);
    const [own = ""] = codesOf("attacker@attacker.com");
    const [others = ""] = codesOf("victim@elsewhere.com");
    expect(own).not.toBe(others);
    for (const body of [{ code: own }, { codes: [own] }, { codes: [own, own] }]) {
      const refused = await confirm(id, body);
      expect([refused.status, pointers(refused)]).toEqual([400, ["code" in body ? "/code" : "/codes"]]);
    }
    expect((await api.call("POST", `/v1/channels/${id}/test`, { token })).status).toBe(409);
    expect((await confirm(id, {})).status).toBe(400);
    expect((await confirm(id, { code: own, codes: [own, others] })).status).toBe(400);
    expect((await confirm(id, { codes: [others, own] })).body["state"]).toBe("active");
  });

  it("read nothing of the customer's before they have agreed", async () => {
    await api.created(
      "/v1/channels",
      { name: "Your account is locked: https://evil.example.com/", kind: "email", to: ["victim@elsewhere.com"] },
      { token },
    );
    expect(JSON.stringify(sent[0]?.message)).not.toContain("evil");
  });

  it("are written to fifty times a day, however they are spread over channels", async () => {
    const to = (at: number) => Array.from({ length: 10 }, (_, nth) => `victim${at}-${nth}@elsewhere.com`);
    const statuses: number[] = [];
    for (let at = 0; at < 6; at += 1)
      statuses.push((await api.call("POST", "/v1/channels", { token, body: { name: `x ${at}`, kind: "email", to: to(at) } })).status);
    expect([statuses, sent.length]).toEqual([[201, 201, 201, 201, 201, 429], 50]);
  });
});

describe("a replay", () => {
  it("costs what a message costs", async () => {
    const { id } = await api.created("/v1/channels", { name: "x", kind: "webhook", url: "https://hooks.example.com/" }, { token });
    const [told] = (await api.call("GET", "/v1/notifications", { token })).list;
    await api.db.rows(sql`
      insert into deliveries (channel_id, thread, seq, action, kind, severity, notification_id, first_notification_id, state, message, next_at, ended_at)
      select ${id}, 'customer:' || n.customer_id || ':' || n.subject, 1, 'event', n.kind, 'info', n.id, n.id, 'sent', '{"title":"t","summary":"","facts":[],"services":[]}', now(), now()
      from notifications n where n.id = ${told?.id}`);
    const statuses: number[] = [];
    for (let at = 0; at < 25; at += 1)
      statuses.push((await api.call("POST", `/v1/notifications/${told?.id}/replay`, { token, body: {} })).status);
    expect([statuses[0], statuses.filter((status) => status === 200).length <= 20, statuses.at(-1)]).toEqual([200, true, 429]);
  });
});
