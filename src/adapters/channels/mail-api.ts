import type { SendOutcome } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";
import { attempt, detailOf, failed } from "./attempt.ts";
import type { Answer } from "./http-post.ts";
import { isSuccess, postJson, statusText } from "./http-post.ts";
import type { Mail } from "./mime.ts";
import { referencesOf } from "./mime.ts";

/** `{"name": "validation_error", "message": "..."}`. */
const complaintOf = (body: string): { readonly name: string; readonly message: string } => {
  try {
    const { name, message } = JSON.parse(body) as { readonly name?: unknown; readonly message?: unknown };
    return { name: typeof name === "string" ? name : "", message: typeof message === "string" ? message : "" };
  } catch {
    return { name: "", message: "" };
  }
};

const outcomeOf = ({ status, body, retryAfterMs }: Answer, token: string): SendOutcome => {
  if (isSuccess(status)) return { status: "sent", detail: statusText(status) };
  const { name, message } = complaintOf(body);
  const detail = detailOf([statusText(status), name, message].filter((part) => part !== "").join(" "), [token]);
  // The key was used for this mail before, in other words: then it was taken.
  if (status === 409 && name === "invalid_idempotent_request") return { status: "sent", detail };
  // A key or a domain that is not valid is the operator's to mend (401, 403); a mail that is not valid stays so.
  return status === 400 || status === 413 || status === 422 ? { status: "refused", detail } : failed(detail, retryAfterMs);
};

/**
 * Sends mail by an HTTP API in the shape of Resend's `POST /emails`, for runtimes without sockets.
 * @param api.url the whole URL, such as `https://api.resend.com/emails`
 */
export const createMailApi =
  (send: typeof fetch, api: { readonly url: string; readonly token: string }) =>
  async (mail: Mail, budget: Budget, sentAtMs: number): Promise<SendOutcome> => {
    const references = referencesOf(mail);
    const body = JSON.stringify({
      from: `tranche <${mail.from}>`,
      to: mail.to,
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      headers: { "Auto-Submitted": "auto-generated", ...(references !== null && { References: references }) },
    });
    const headers = { authorization: `Bearer ${api.token}`, "idempotency-key": mail.id };
    return await attempt(budget, sentAtMs, async (signal) =>
      outcomeOf(await postJson(send, api.url, headers, body, sentAtMs, signal), api.token),
    );
  };
