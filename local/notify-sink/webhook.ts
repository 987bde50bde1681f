import { createHmac, timingSafeEqual } from "node:crypto";
import type { Answer, Judged } from "./received.ts";
import type { HttpRequest, JsonObject } from "./request.ts";
import { headerOf, isJson, isObject, parseObject, textIn } from "./request.ts";

/** Standard Webhooks 1.0.0, "Webhook Headers": how far a timestamp may be off. */
const toleranceSeconds = 300;

/** @returns the key of `whsec_` and 24 to 64 bytes in base64; null: it is none */
export const keyOf = (secret: string): Buffer | null => {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(base64, "base64");
  return key.length >= 24 && key.length <= 64 && key.toString("base64") === base64 ? key : null;
};

/** An id may hold no dot: it is signed together with the time and the body, with dots between. */
const idForm = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;
const signatureForm = /^v1,(?<base64>[A-Za-z0-9+/]{43}=)$/;
const typeForm = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/;
const isTime = (text: string | null): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text ?? "") && !Number.isNaN(Date.parse(text ?? ""));

const judgeHeaders = (
  request: HttpRequest,
  keys: readonly Buffer[],
  nowMs: number,
): { readonly wrong: readonly string[]; readonly verified: boolean | null } => {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headerOf(request, name));
  const wrong: string[] = [];
  if (!idForm.test(id ?? "")) wrong.push("webhook-id is not one id without a dot");
  if (!/^\d{9,11}$/.test(timestamp ?? "")) wrong.push("webhook-timestamp is not one of Unix seconds");
  else if (Math.abs(nowMs / 1_000 - Number(timestamp)) > toleranceSeconds) wrong.push("webhook-timestamp is more than five minutes off");
  const given = (signatures ?? "").split(" ").map((one) => signatureForm.exec(one)?.groups?.["base64"]);
  if (given.includes(undefined)) wrong.push("webhook-signature is not of v1,BASE64, with blanks between several");
  if (keys.length === 0) return { wrong, verified: null };
  const verified = keys.some((key) => {
    const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${request.body}`).digest();
    return given.some((one) => one !== undefined && timingSafeEqual(Buffer.from(one, "base64"), expected));
  });
  return { wrong: verified ? wrong : [...wrong, "no signature is that of a known secret"], verified };
};

const judgeBody = (body: JsonObject | null): readonly string[] => {
  if (body === null) return ["the body is no JSON object"];
  return [
    ...(typeForm.test(textIn(body, "type") ?? "") ? [] : ["type is not of words with dots between"]),
    ...(isTime(textIn(body, "timestamp")) ? [] : ["timestamp is not of ISO 8601"]),
    ...(isObject(body["data"]) ? [] : ["data is no object"]),
  ];
};

const refusal = (status: number, wrong: readonly string[]): Answer => ({
  status,
  type: "application/json",
  body: JSON.stringify({ errors: wrong }),
});

/**
 * A receiver of Standard Webhooks.
 * @param secrets those that may have signed; none: signatures are taken as they are
 */
export const judgeWebhook = (request: HttpRequest, secrets: readonly string[], nowMs: number): Judged => {
  const keys = secrets.map(keyOf).filter((key) => key !== null);
  const { wrong: ofHeaders, verified } = judgeHeaders(request, keys, nowMs);
  const body = parseObject(request.body);
  const ofBody = [
    ...(request.method === "POST" ? [] : ["it was not posted"]),
    ...(isJson(request) ? [] : ["content-type is not application/json"]),
    ...judgeBody(body),
  ];
  const data = body !== null && isObject(body["data"]) ? body["data"] : {};
  return {
    answer:
      ofHeaders.length > 0
        ? refusal(401, ofHeaders)
        : ofBody.length > 0
          ? refusal(400, ofBody)
          : { status: 200, type: "application/json", body: "{}" },
    seen: {
      id: headerOf(request, "webhook-id") ?? "",
      action: textIn(data, "action"),
      severity: textIn(data, "severity"),
      title: textIn(data, "title") ?? (body === null ? "" : (textIn(body, "type") ?? "")),
      thread: textIn(data, "thread"),
      text: request.body,
    },
    wrong: [...ofHeaders, ...ofBody],
    verified,
  };
};
