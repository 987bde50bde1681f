import { renderPagerduty } from "../../domain/notify/render-pagerduty.ts";
import type { ChannelSecret, SendOutcome } from "../ports/notify/channel.ts";
import { attempt, detailOf, failed } from "./attempt.ts";
import type { Answer } from "./http-post.ts";
import { isSuccess, postJson, statusText } from "./http-post.ts";
import type { Sender } from "./sender.ts";

const endpoints = { us: "https://events.pagerduty.com", eu: "https://events.eu.pagerduty.com" } as const;

/** `{"status": "invalid event", "message": "...", "errors": ["..."]}`: the first error, else the message. */
const complaintOf = (body: string): string => {
  try {
    const { message, errors } = JSON.parse(body) as { readonly message?: unknown; readonly errors?: unknown };
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    return typeof first === "string" ? first : typeof message === "string" ? message : "";
  } catch {
    return "";
  }
};

const outcomeOf = ({ status, body, retryAfterMs }: Answer, routingKey: string): SendOutcome => {
  if (isSuccess(status)) return { status: "sent", detail: statusText(status) };
  const complaint = complaintOf(body);
  const detail = detailOf(complaint === "" ? statusText(status) : `${statusText(status)}: ${complaint}`, [routingKey]);
  // PagerDuty: 400 is not to be sent again, all else is.
  return status === 400 || status === 413 ? { status: "refused", detail } : failed(detail, retryAfterMs);
};

/**
 * PagerDuty, Events API v2.
 * @param endpoint an origin that stands in for PagerDuty's own, of both regions; null: none
 */
export const createPagerduty =
  (send: typeof fetch, baseUrl: string | null, endpoint: string | null): Sender<Extract<ChannelSecret, { kind: "pagerduty" }>> =>
  async ({ routingKey, region }, message, _id, sentAtMs, budget) => {
    const url = `${(endpoint ?? endpoints[region]).replace(/\/+$/, "")}/v2/enqueue`;
    const body = JSON.stringify({ routing_key: routingKey, ...renderPagerduty(message, baseUrl) });
    return await attempt(budget, sentAtMs, async (signal) => outcomeOf(await postJson(send, url, {}, body, sentAtMs, signal), routingKey));
  };
