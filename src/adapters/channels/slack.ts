import { renderSlack } from "../../domain/notify/render-slack.ts";
import type { ChannelSecret, SendOutcome } from "../ports/notify/channel.ts";
import { attempt, failed } from "./attempt.ts";
import type { Answer } from "./http-post.ts";
import { isSuccess, postJson, statusText } from "./http-post.ts";
import type { Sender } from "./sender.ts";

/** By which Slack says that this address will take nothing any more: the webhook, its channel or its workspace is gone or closed to it. */
const goneWords: ReadonlySet<string> = new Set([
  "no_service",
  "no_service_id",
  "no_active_hooks",
  "no_team",
  "team_disabled",
  "invalid_token",
  "channel_not_found",
  "channel_is_archived",
  "action_prohibited",
  "posting_to_general_channel_denied",
]);

/** Slack answers in one word. */
const wordOf = (body: string): string => (/^[a-z_]{2,60}$/.test(body.trim()) ? body.trim() : "");

const outcomeOf = ({ status, body, retryAfterMs }: Answer): SendOutcome => {
  const word = wordOf(body);
  const detail = word === "" ? statusText(status) : `${statusText(status)} ${word}`;
  if (isSuccess(status)) return { status: "sent", detail };
  if (status === 410 || (status >= 400 && status <= 499 && goneWords.has(word))) return { status: "gone", detail };
  if (status === 400 || status === 413) return { status: "refused", detail };
  return failed(detail, retryAfterMs);
};

/**
 * An incoming webhook of Slack. A 403 or 404 without one of Slack's words is somebody between (a proxy, a captive network) and
 * tried again: a channel is not given up for that.
 */
export const createSlack =
  (send: typeof fetch, baseUrl: string | null): Sender<Extract<ChannelSecret, { kind: "slack" }>> =>
  async ({ url }, message, _id, sentAtMs, budget) => {
    const body = JSON.stringify(renderSlack(message, baseUrl));
    return await attempt(budget, sentAtMs, async (signal) => outcomeOf(await postJson(send, url, {}, body, sentAtMs, signal)));
  };
