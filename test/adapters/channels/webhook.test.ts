import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createChannels } from "../../../src/adapters/channels/channels.ts";
import { webhookHeaders } from "../../../src/adapters/channels/webhook.ts";
import { webhookSecret } from "../../../src/domain/notify/webhook-secret.ts";
import { budgetFor } from "../../support/channel-budget.ts";
import { hostileMessage } from "../../support/hostile-messages.ts";
import { sampleMessage } from "../../support/notify-samples.ts";
import type { Receiver } from "../../support/receiver.ts";
import { answer, startReceiver } from "../../support/receiver.ts";

const [older, newer, foreign] = [1, 2, 3].map((byte) => webhookSecret(new Uint8Array(32).fill(byte))) as [string, string, string];
const channels = createChannels({ fetch, connect: null, selfUrl: "https://tranche.example.com", pagerdutyEndpoint: null, mail: null });

let sink: Receiver;
beforeAll(async () => {
  sink = await startReceiver(answer(204));
});
afterAll(() => sink.close());

const send = async (secrets: readonly string[], message = sampleMessage("storm.started"), sentAtMs = Date.now()) => {
  const outcome = await channels.send(
    { kind: "webhook", url: `${sink.url}/hook?a=1`, secrets },
    message,
    "ntf-81",
    sentAtMs,
    budgetFor(5_000),
  );
  return { outcome, request: sink.received.at(-1) ?? { path: "", headers: {}, body: "" } };
};

describe("a webhook, as the library of Standard Webhooks verifies it", () => {
  it("is signed by its secret, over id, time and body", async () => {
    const { outcome, request } = await send([newer]);
    expect(outcome).toEqual({ status: "sent", detail: "HTTP 204" });
    expect(request).toMatchObject({ path: "/hook?a=1", headers: { "webhook-id": "ntf-81", "content-type": "application/json" } });
    expect(new Webhook(newer).verify(request.body, request.headers)).toMatchObject({
      type: "storm.started",
      timestamp: "2026-11-18T11:20:05.250Z",
      data: { services_total: 1_000 },
    });
    expect(() => new Webhook(foreign).verify(request.body, request.headers)).toThrow("No matching signature");
    expect(() => new Webhook(newer).verify(`${request.body} `, request.headers)).toThrow("No matching signature");
    expect(() => new Webhook(newer).verify(request.body, { ...request.headers, "webhook-id": "ntf-82" })).toThrow("No matching signature");
  });

  it("is accepted by the old secret and by the new one while they are rotated, and before and after by one", async () => {
    const { request: both } = await send([newer, older]);
    expect(both.headers["webhook-signature"]).toMatch(/^v1,[\w+/]{43}= v1,[\w+/]{43}=$/);
    for (const secret of [older, newer]) expect(() => new Webhook(secret).verify(both.body, both.headers)).not.toThrow();
    expect(() => new Webhook(foreign).verify(both.body, both.headers)).toThrow();
    for (const [secret, other] of [
      [older, newer],
      [newer, older],
    ] as const) {
      const { request } = await send([secret]);
      expect(() => new Webhook(secret).verify(request.body, request.headers)).not.toThrow();
      expect(() => new Webhook(other).verify(request.body, request.headers)).toThrow();
    }
  });

  it("is of its attempt: a retry has another time and signature under the same id, and an old one is no longer accepted", async () => {
    const [{ request: first }, { request: second }] = [await send([newer], undefined, Date.now() - 3_000), await send([newer])];
    expect(second.body).toBe(first.body);
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    expect(second.headers["webhook-signature"]).not.toBe(first.headers["webhook-signature"]);
    for (const request of [first, second]) expect(() => new Webhook(newer).verify(request.body, request.headers)).not.toThrow();
    const stale = await webhookHeaders([newer], "ntf-81", Date.now() - 3_600_000, first.body);
    expect(() => new Webhook(newer).verify(first.body, stale)).toThrow("too old");
  });

  it("is what the library itself would sign, whatever is said", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.string({ unit: "binary" }),
        fc.integer({ min: 0, max: 4e12 }),
        async (bytes, body, sentAtMs) => {
          const secret = webhookSecret(bytes);
          const text = body.toWellFormed();
          const { "webhook-signature": signature } = await webhookHeaders([secret], "ntf-1", sentAtMs, text);
          expect(signature).toBe(new Webhook(secret).sign("ntf-1", new Date(sentAtMs), text));
        },
      ),
    );
  });

  it("carries any name there is", async () => {
    await fc.assert(
      fc.asyncProperty(hostileMessage, async (message) => {
        const { outcome, request } = await send([newer], message);
        expect(outcome.status).toBe("sent");
        expect(() => new Webhook(newer).verify(request.body, request.headers)).not.toThrow();
      }),
      { numRuns: 50 },
    );
  });

  it("is refused, not thrown, where its secret is none", async () => {
    for (const wrong of ["", "whsec_", newer.slice(6), "whsec_AAAA"]) {
      const before = sink.received.length;
      const { outcome } = await send([wrong]);
      expect(outcome).toEqual({ status: "refused", detail: "the secret of the webhook is not readable" });
      expect(sink.received.length).toBe(before);
    }
    expect(
      await channels.send(
        { kind: "webhook", url: "not a url", secrets: [newer] },
        sampleMessage("test"),
        "ntf-81",
        Date.now(),
        budgetFor(1_000),
      ),
    ).toMatchObject({ status: "failed" });
  });
});
