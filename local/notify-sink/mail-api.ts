import { randomUUID } from "node:crypto";
import type { Judged } from "./received.ts";
import type { HttpRequest, JsonObject } from "./request.ts";
import { digestOf, headerOf, isJson, isObject, parseObject, textIn } from "./request.ts";
import { readTitle } from "./slack.ts";

const addressForm = /^(?:[^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/;
const isLine = (value: unknown): value is string => typeof value === "string" && /^[^\r\n]+$/.test(value);

const judgeMail = (mail: JsonObject): readonly string[] => {
  const { to, headers, html, text } = mail;
  const all = Array.isArray(to) ? to : [to];
  return [
    ...(addressForm.test(textIn(mail, "from") ?? "") ? [] : ["from is not an address"]),
    ...(all.length > 0 && all.length <= 50 && all.every((one) => typeof one === "string" && addressForm.test(one))
      ? []
      : ["to is not of 1 to 50 addresses"]),
    ...(isLine(mail["subject"]) ? [] : ["subject is not one line"]),
    ...(typeof html === "string" || typeof text === "string" ? [] : ["there is neither html nor text"]),
    ...(headers === undefined || (isObject(headers) && Object.values(headers).every(isLine)) ? [] : ["headers are not of lines by name"]),
  ];
};

const say = (status: number, body: JsonObject) => ({ status, type: "application/json", body: JSON.stringify(body) });
const refusal = (status: number, name: string, message: string) => say(status, { statusCode: status, name, message });

/** Mails that were taken, by their Idempotency-Key. */
export type Kept = Map<string, { readonly digest: string; readonly id: string }>;

/** An HTTP API for mail in the shape of Resend's `POST /emails`. @param kept is written to */
export const judgeMailApi = (request: HttpRequest, kept: Kept): Judged => {
  const mail = parseObject(request.body);
  const none = (answer: Judged["answer"], wrong: string): Judged => ({ answer, seen: null, wrong: [wrong], verified: null });
  if (!/^Bearer \S+$/.test(headerOf(request, "authorization") ?? ""))
    return none(refusal(401, "missing_api_key", "Missing API key in the authorization header"), "there is no bearer token");
  if (request.method !== "POST" || !isJson(request) || mail === null)
    return none(refusal(422, "validation_error", "The body is no JSON object"), "it is no JSON object that was posted");
  const key = headerOf(request, "idempotency-key");
  const digest = digestOf(request.body);
  const wrong = [
    ...judgeMail(mail),
    ...(key === null || (key.length >= 1 && key.length <= 256) ? [] : ["Idempotency-Key has not 1 to 256 characters"]),
  ];
  const before = key === null ? undefined : kept.get(key);
  const id = before?.id ?? randomUUID();
  const isOther = before !== undefined && before.digest !== digest;
  if (wrong.length === 0 && key !== null && !isOther) kept.set(key, { digest, id });
  const text = textIn(mail, "text") ?? "";
  const headers = isObject(mail["headers"]) ? mail["headers"] : {};
  return {
    answer:
      wrong.length > 0
        ? refusal(422, "validation_error", wrong.join("; "))
        : isOther
          ? refusal(409, "invalid_idempotent_request", "The key was used for another mail")
          : say(200, { id }),
    seen: {
      id: key ?? digest,
      ...readTitle(text.split("\n")[0] ?? ""),
      title: textIn(mail, "subject") ?? "",
      thread: textIn(headers, "References"),
      text,
    },
    wrong: isOther ? [...wrong, "its Idempotency-Key was used for another mail"] : wrong,
    verified: null,
  };
};
