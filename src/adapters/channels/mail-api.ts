import type { SendOutcome } from "../ports/notify/channel.ts";
import type { Budget } from "../ports/platform/budget.ts";
import { attempt, detailOf, failed } from "./attempt.ts";
import type { Answer } from "./http-post.ts";
import { isSuccess, postJson, statusText } from "./http-post.ts";
import type { Mail } from "./mime.ts";
import { referencesOf } from "./mime.ts";

type Complaint = { readonly name: string; readonly message: string };
const none: Complaint = { name: "", message: "" };

const textAt = (object: object, key: string): string => {
  const value = (object as Readonly<Record<string, unknown>>)[key];
  return typeof value === "string" ? value : "";
};

/** `{"name": "validation_error", "message": "..."}`, or that within `error`; an answer with an id has none. */
const complaintOf = (body: string): Complaint => {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== "object" || answer === null || textAt(answer, "id") !== "") return none;
    const { error } = answer as { readonly error?: unknown };
    if (typeof error === "string") return { name: "", message: error };
    const from = typeof error === "object" && error !== null ? error : answer;
    return { name: textAt(from, "name"), message: textAt(from, "message") };
  } catch {
    return none;
  }
};

const outcomeOf = ({ status, body, retryAfterMs }: Answer, token: string): SendOutcome => {
  const { name, message } = complaintOf(body);
  // Some say by 200 that a mail was not taken: without an id it was not.
  if (isSuccess(status) && name === "" && message === "") return { status: "sent", detail: statusText(status) };
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
      to: mail.left ?? mail.to,
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
