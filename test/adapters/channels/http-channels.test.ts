import { afterAll, describe, expect, it } from "vitest";
import { createChannels } from "../../../src/adapters/channels/channels.ts";
import { postJson, retryAfterOf } from "../../../src/adapters/channels/http-post.ts";
import type { Channels, ChannelSecret, SendOutcome } from "../../../src/adapters/ports/notify/channel.ts";
import { webhookSecret } from "../../../src/domain/notify/webhook-secret.ts";
import { selfSigned } from "../../support/certificates.ts";
import { budgetFor } from "../../support/channel-budget.ts";
import { sampleMessage } from "../../support/notify-samples.ts";
import type { Act, Receiver } from "../../support/receiver.ts";
import { answer, badDays, hugeBody, hugeLength, slowBody, startReceiver } from "../../support/receiver.ts";

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});
const receiving = async (...args: Parameters<typeof startReceiver>): Promise<Receiver> => {
  const receiver = await startReceiver(...args);
  closers.push(receiver.close);
  return receiver;
};

const routingKey = "R0123456789abcdefABCDEF012345678";
const token = "re_qW3eR5tY7uI9oP1aS2dF";
const message = sampleMessage("switch.held");

/** Channels of which PagerDuty and the mail API are that receiver. */
const channelsAt = (url: string): Channels =>
  createChannels({
    fetch,
    connect: null,
    selfUrl: "https://tranche.example.com",
    pagerdutyEndpoint: url,
    mail: { from: "alerts@example.com", smtp: null, api: { url: `${url}/emails`, token } },
  });

const secrets = {
  webhook: (url) => ({ kind: "webhook", url: `${url}/hook?key=s3cretpart`, secrets: [webhookSecret(new Uint8Array(32).fill(7))] }),
  slack: (url) => ({ kind: "slack", url: `${url}/services/T0/B0/s3cretpart` }),
  pagerduty: () => ({ kind: "pagerduty", routingKey, region: "us" }),
  email: () => ({ kind: "email", to: ["ops@example.org", "second@example.org"] }),
} as const satisfies Readonly<Record<ChannelSecret["kind"], (url: string) => ChannelSecret>>;
type Kind = keyof typeof secrets;
const kinds = ["webhook", "slack", "pagerduty", "email"] as const satisfies readonly Kind[];

const sendTo = async (kind: Kind, url: string, ms = 5_000): Promise<SendOutcome> =>
  await channelsAt(url).send(secrets[kind](url), message, "ntf-81", Date.now(), budgetFor(ms));
const outcome = async (kind: Kind, act: Act, ms?: number): Promise<SendOutcome> => await sendTo(kind, (await receiving(act)).url, ms);

describe.each(kinds)("a receiver (%s) that", (kind) => {
  it.each(Object.entries(badDays))("%s fails in time, and nothing of the secret is told", async (_, act) => {
    const startedMs = performance.now();
    const failed = await outcome(kind, act, 500);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(failed).toMatchObject({ status: "failed", retryAfterMs: null });
    expect(failed.detail).toMatch(/^(no answer in time|out of reach)/);
    expect(failed.detail).not.toMatch(/s3cret|R0123|re_q/);
  });

  it("is not there, or has a certificate that has run out or that nobody trusts, fails", async () => {
    const gone = await startReceiver(() => undefined);
    gone.close();
    expect(await sendTo(kind, gone.url)).toMatchObject({ status: "failed", detail: "out of reach: ECONNREFUSED" });
    for (const [days, code] of [
      [1, /SELF_SIGNED/],
      [-1, /SELF_SIGNED|EXPIRED/],
    ] as const) {
      const untrusted = await receiving(answer(200), await selfSigned(days));
      expect(await sendTo(kind, untrusted.url)).toMatchObject({ status: "failed", detail: expect.stringMatching(code) as string });
      expect(untrusted.received).toEqual([]);
    }
  });

  it.each([301, 302, 303, 307, 308])("answers %d is not followed", async (status) => {
    const elsewhere = await receiving(answer(200));
    expect(await outcome(kind, answer(status, { Location: `${elsewhere.url}/` }))).toEqual({
      status: "failed",
      detail: `HTTP ${status}, which is not followed`,
      retryAfterMs: null,
    });
    expect(elsewhere.received).toEqual([]);
  });

  it("answers megabytes is believed by its status, and cut off", async () => {
    for (const [status, expected] of [
      [200, "sent"],
      [500, "failed"],
    ] as const) {
      const huge = await receiving(hugeBody(status));
      expect(await sendTo(kind, huge.url)).toMatchObject({ status: expected });
      await expect.poll(huge.written).toBeGreaterThan(0);
      // The rest stood in the buffers between.
      expect(huge.written()).toBeLessThan(hugeLength / 4);
    }
  });

  it("never ends its answer is believed by its status", async () => {
    expect(await outcome(kind, slowBody(200))).toMatchObject({ status: "sent" });
    expect(await outcome(kind, slowBody(503))).toMatchObject({ status: "failed" });
  });

  it("asks to come later is obeyed, within a day", async () => {
    const later = async (status: number, value: string) => await outcome(kind, answer(status, { "Retry-After": value }));
    expect(await later(429, "30")).toEqual({ status: "failed", detail: "HTTP 429", retryAfterMs: 30_000 });
    expect(await later(503, "999999")).toMatchObject({ status: "failed", retryAfterMs: 86_400_000 });
    expect(await later(503, new Date(Date.now() + 120_000).toUTCString())).toMatchObject({
      retryAfterMs: expect.closeTo(120_000, -4) as number,
    });
    expect(await later(500, "soon")).toEqual({ status: "failed", detail: "HTTP 500", retryAfterMs: null });
  });

  it("waits for its turn in vain where no connection is free", async () => {
    const free = await receiving(answer(200));
    const never = { untilMs: Number.POSITIVE_INFINITY, connection: async () => ({ status: "unsent" as const }) };
    expect(await channelsAt(free.url).send(secrets[kind](free.url), message, "ntf-81", Date.now(), never)).toEqual({
      status: "failed",
      detail: "not begun: no connection was free in time",
      retryAfterMs: null,
    });
    expect(free.received).toEqual([]);
  });

  it("is given no more than 15 s, however much more there is", async () => {
    const asked: number[] = [];
    const generous = {
      untilMs: Number.POSITIVE_INFINITY,
      connection: async ({ untilMs, answerMs }: { untilMs: number; answerMs: number }) => (
        asked.push(untilMs, answerMs),
        { status: "abandoned" as const }
      ),
    };
    expect(
      await channelsAt("http://127.0.0.1:1").send(secrets[kind]("http://127.0.0.1:1"), message, "ntf-81", 1_000_000, generous),
    ).toMatchObject({ status: "failed", detail: expect.stringMatching(/^no answer in time/) as string });
    expect(asked).toEqual([1_015_000, 14_000]);
  });
});

type Row = readonly [status: number, body: string, expected: SendOutcome["status"], detail: string];
const slackRows: readonly Row[] = [
  [200, "ok", "sent", "HTTP 200 ok"],
  [400, "invalid_payload", "refused", "HTTP 400 invalid_payload"],
  [400, "no_text", "refused", "HTTP 400 no_text"],
  [403, "invalid_token", "gone", "HTTP 403 invalid_token"],
  [403, "action_prohibited", "gone", "HTTP 403 action_prohibited"],
  [404, "no_service", "gone", "HTTP 404 no_service"],
  [404, "channel_not_found", "gone", "HTTP 404 channel_not_found"],
  [404, "no_team", "gone", "HTTP 404 no_team"],
  [410, "channel_is_archived", "gone", "HTTP 410 channel_is_archived"],
  [403, "<html>proxy</html>", "failed", "HTTP 403"],
  [404, "", "failed", "HTTP 404"],
  [500, "rollup_error", "failed", "HTTP 500 rollup_error"],
  [503, "", "failed", "HTTP 503"],
];
const pagerdutyRows: readonly Row[] = [
  [202, `{"status":"success","dedup_key":"x"}`, "sent", "HTTP 202"],
  [
    400,
    `{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}`,
    "refused",
    "HTTP 400: Length of 'routing_key' is incorrect",
  ],
  [400, `{"message":"Invalid routing key: ${routingKey}"}`, "refused", "HTTP 400: Invalid routing key: [redacted]"],
  [400, "x", "refused", "HTTP 400"],
  [403, "", "failed", "HTTP 403"],
  [429, "{}", "failed", "HTTP 429"],
  [500, "null", "failed", "HTTP 500"],
];
const mailRows: readonly Row[] = [
  [200, `{"id":"x"}`, "sent", "HTTP 200"],
  [422, `{"name":"invalid_from_address","message":"no\\r\\nsuch domain"}`, "refused", "HTTP 422 invalid_from_address no such domain"],
  [400, `{"name":"validation_error"}`, "refused", "HTTP 400 validation_error"],
  [401, `{"name":"invalid_api_key","message":"${token} is none"}`, "failed", "HTTP 401 invalid_api_key [redacted] is none"],
  [403, "", "failed", "HTTP 403"],
  [409, `{"name":"concurrent_idempotent_requests"}`, "failed", "HTTP 409 concurrent_idempotent_requests"],
  [409, `{"name":"invalid_idempotent_request"}`, "sent", "HTTP 409 invalid_idempotent_request"],
  [429, `{"name":"daily_quota_exceeded"}`, "failed", "HTTP 429 daily_quota_exceeded"],
  [500, "[1", "failed", "HTTP 500"],
];
const webhookRows: readonly Row[] = [
  ...[200, 201, 202, 204, 299].map((status): Row => [status, "", "sent", `HTTP ${status}`]),
  [410, "go away", "gone", "HTTP 410"],
  ...[400, 401, 403, 404, 405, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504].map((status): Row => [
    status,
    "s3cretpart",
    "failed",
    `HTTP ${status}`,
  ]),
];

describe.each([
  ["webhook", webhookRows],
  ["slack", slackRows],
  ["pagerduty", pagerdutyRows],
  ["email", mailRows],
] as const)("%s", (kind, rows) => {
  it.each(rows)("%d %s means %s", async (status, body, expected, detail) => {
    expect(await outcome(kind, answer(status, {}, body))).toMatchObject({ status: expected, detail });
  });
});

describe("a mail API that answers 200", () => {
  it.each<[string, SendOutcome["status"], string]>([
    ['{"id":"49a3999c"}', "sent", "HTTP 200"],
    ['{"id":"49a3999c","message":"queued"}', "sent", "HTTP 200"],
    ["", "sent", "HTTP 200"],
    ["<html>", "sent", "HTTP 200"],
    ["null", "sent", "HTTP 200"],
    [
      `{"error":{"name":"rate_limit_exceeded","message":"not with ${token}"}}`,
      "failed",
      "HTTP 200 rate_limit_exceeded not with [redacted]",
    ],
    ['{"error":"daily quota"}', "failed", "HTTP 200 daily quota"],
    ['{"statusCode":422,"name":"validation_error","message":"no such domain"}', "failed", "HTTP 200 validation_error no such domain"],
  ])("with %s has: %s", async (body, status, detail) => {
    expect(await outcome("email", answer(200, {}, body))).toMatchObject({ status, detail });
  });
});

describe("what arrives", () => {
  it("at Slack is text and blocks, at PagerDuty an event with its key, at the mail API a mail with its id", async () => {
    const sink = await receiving(answer(200));
    for (const kind of ["slack", "pagerduty", "email"] as const) await sendTo(kind, sink.url);
    const [slack, pagerduty, mail] = sink.received.map(({ path, headers, body }) => ({
      path,
      headers,
      body: JSON.parse(body) as Record<string, unknown>,
    }));
    expect(slack).toMatchObject({
      path: "/services/T0/B0/s3cretpart",
      headers: { "content-type": "application/json" },
      body: { text: `Critical: ${message.title}` },
    });
    expect(pagerduty).toMatchObject({
      path: "/v2/enqueue",
      body: {
        routing_key: routingKey,
        event_action: "trigger",
        dedup_key: message.thread,
        payload: { source: "downloads" },
        links: [{ href: "https://tranche.example.com/v1/incidents/42" }],
      },
    });
    expect(mail).toMatchObject({
      path: "/emails",
      headers: { authorization: `Bearer ${token}`, "idempotency-key": "ntf-81" },
      body: {
        from: "tranche <alerts@example.com>",
        to: ["ops@example.org", "second@example.org"],
        subject: message.title,
        headers: { "Auto-Submitted": "auto-generated", References: "<incident_3a42.thread@example.com>" },
      },
    });
    expect(sink.received.every(({ headers }) => headers["user-agent"]?.startsWith("tranche-notify/"))).toBe(true);
  });

  it("goes to PagerDuty's own addresses where no other is configured", async () => {
    const asked: unknown[] = [];
    const recording: typeof fetch = async (url) => (asked.push(url), new Response(null, { status: 202 }));
    const channels = createChannels({ fetch: recording, connect: null, selfUrl: null, pagerdutyEndpoint: null, mail: null });
    for (const region of ["us", "eu"] as const)
      await channels.send({ kind: "pagerduty", routingKey, region }, message, "ntf-81", Date.now(), budgetFor(1_000));
    expect(asked).toEqual(["https://events.pagerduty.com/v2/enqueue", "https://events.eu.pagerduty.com/v2/enqueue"]);
    expect(channels.kinds).toEqual(["webhook", "slack", "pagerduty"]);
    expect(await channels.send({ kind: "email", to: ["ops@example.org"] }, message, "ntf-81", Date.now(), budgetFor(1_000))).toMatchObject({
      status: "failed",
      detail: "no mail can be sent from here",
    });
    expect(channelsAt("http://127.0.0.1:1").kinds).toEqual(["webhook", "slack", "pagerduty", "email"]);
  });
});

describe("an answer of 2 MB", () => {
  it.each([
    [65_536, 1],
    [16_384, 4],
    [1_000, 66],
  ])("in parts of %d is read by %d of them and cancelled", async (size, parts) => {
    let left = 2 * 1_024 * 1_024;
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => (
          controller.enqueue(new Uint8Array(size).fill(97)),
          (pulled += 1),
          (left -= size) <= 0 ? controller.close() : undefined
        ),
        cancel: () => void (cancelled = true),
      },
      { highWaterMark: 0 },
    );
    const { status, body: read } = await postJson(
      async () => new Response(body, { status: 500 }),
      "https://hooks.example.com/",
      {},
      "{}",
      0,
      new AbortController().signal,
    );
    expect([status, read.length, pulled, cancelled]).toEqual([500, 65_536, parts, true]);
  });
});

describe("Retry-After", () => {
  const nowMs = Date.parse("2026-11-18T11:00:00Z");
  it.each([
    [null, null],
    ["", null],
    ["0", null],
    ["-5", null],
    ["1.5", null],
    ["1", 1_000],
    [" 90 ", 90_000],
    ["99999999999", null],
    ["3601", 3_601_000],
    ["86401", 86_400_000],
    ["Wed, 18 Nov 2026 11:00:30 GMT", 30_000],
    ["Wed, 18 Nov 2026 10:59:30 GMT", null],
    ["Wednesday, 18-Nov-26 11:01:00 GMT", 60_000],
    ["Wed Nov 18 11:01:00 2026 GMT", 60_000],
    ["Fri, 18 Nov 2099 11:00:30 GMT", 86_400_000],
    ["tomorrow", null],
    ["Wed, nonsense", null],
  ])("%j is %j", (header, expected) => {
    expect(retryAfterOf(header, nowMs)).toBe(expected);
  });
});
