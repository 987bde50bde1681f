import { renderWebhook } from "../../domain/notify/render-webhook.ts";
import { webhookKey } from "../../domain/notify/webhook-secret.ts";
import type { ChannelSecret, SendOutcome } from "../ports/notify/channel.ts";
import { attempt, failed } from "./attempt.ts";
import { isSuccess, postJson, statusText } from "./http-post.ts";
import type { Sender } from "./sender.ts";

const encoder = new TextEncoder();

/** `v1,` and the HMAC-SHA256 of id, time and body in base64. @throws TypeError where the secret is none */
const signatureOf = async (secret: string, content: string): Promise<string> => {
  const bytes = webhookKey(secret);
  if (bytes === null) throw new TypeError("the secret of the webhook is not readable");
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(content)));
  return `v1,${btoa(String.fromCharCode(...signature))}`;
};

/** What Standard Webhooks puts into headers: while secrets are rotated there is a signature by each. */
export const webhookHeaders = async (
  secrets: readonly string[],
  id: string,
  sentAtMs: number,
  body: string,
): Promise<Readonly<Record<string, string>>> => {
  const timestamp = String(Math.floor(sentAtMs / 1_000));
  const signatures = await Promise.all(secrets.map((secret) => signatureOf(secret, `${id}.${timestamp}.${body}`)));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
};

/**
 * Standard Webhooks (standardwebhooks.com, 1.0.0). As it says, only 2xx is success, 410 is the wish to hear no more, and every other
 * answer is a failure that is tried again, 4xx too: a receiver that lost its secret or its route is mended within a day. So
 * nothing is `refused` here.
 */
export const createWebhook =
  (send: typeof fetch, baseUrl: string | null): Sender<Extract<ChannelSecret, { kind: "webhook" }>> =>
  async ({ url, secrets }, message, id, sentAtMs, budget) => {
    const body = JSON.stringify(renderWebhook(message, baseUrl));
    const headers = await webhookHeaders(secrets, id, sentAtMs, body);
    return await attempt(budget, sentAtMs, async (signal): Promise<SendOutcome> => {
      // What the receiver says beside its status may be anything, secrets included: it is not kept.
      const { status, retryAfterMs } = await postJson(send, url, headers, body, sentAtMs, signal);
      if (isSuccess(status)) return { status: "sent", detail: statusText(status) };
      return status === 410 ? { status: "gone", detail: statusText(status) } : failed(statusText(status), retryAfterMs);
    });
  };
