import { randomUUID } from "node:crypto";
import type { Judged } from "./received.ts";
import type { HttpRequest, JsonObject } from "./request.ts";
import { digestOf, isJson, isObject, isTextOf, parseObject, textIn } from "./request.ts";

/** PagerDuty's limit of an event. */
const maxBytes = 512 * 1_024;

const severities: ReadonlySet<unknown> = new Set(["critical", "error", "warning", "info"]);
const optionalTexts = ["component", "group", "class"] as const;

const isTime = (value: unknown): boolean =>
  value === undefined || (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)));
const isUrl = (value: unknown): boolean => typeof value === "string" && URL.canParse(value);

const judgePayload = (payload: unknown): readonly string[] => {
  if (!isObject(payload)) return ["'payload' is missing or blank"];
  return [
    ...(isTextOf(payload["summary"], 1, 1_024) ? [] : ["'payload.summary' is missing or has not 1 to 1024 characters"]),
    ...(isTextOf(payload["source"], 1, 1_024) ? [] : ["'payload.source' is missing or blank"]),
    ...(severities.has(payload["severity"])
      ? []
      : ["'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"]),
    ...(isTime(payload["timestamp"]) ? [] : ["'payload.timestamp' is not of ISO 8601"]),
    ...optionalTexts
      .filter((name) => payload[name] !== undefined && typeof payload[name] !== "string")
      .map((name) => `'payload.${name}' is no text`),
    ...(payload["custom_details"] === undefined || isObject(payload["custom_details"]) ? [] : ["'payload.custom_details' is no object"]),
  ];
};

const judgeLinks = (links: unknown): readonly string[] =>
  links === undefined || (Array.isArray(links) && links.every((link) => isObject(link) && isUrl(link["href"])))
    ? []
    : ["'links' are not of objects with a URL in href"];

const judgeEvent = (event: JsonObject): readonly string[] => {
  const { routing_key: key, event_action: action, dedup_key: dedup, client_url: clientUrl } = event;
  const closes = action === "acknowledge" || action === "resolve";
  return [
    ...(typeof key === "string" && /^[A-Za-z0-9]{32}$/.test(key) ? [] : ["'routing_key' is missing or not of 32 letters and digits"]),
    ...(action === "trigger" || closes ? [] : ["'event_action' is missing or invalid"]),
    ...(dedup === undefined
      ? closes
        ? ["'dedup_key' is missing"]
        : []
      : isTextOf(dedup, 1, 255)
        ? []
        : ["'dedup_key' has not 1 to 255 characters"]),
    // What only closes needs none; one that is there has to be right.
    ...(closes && event["payload"] === undefined ? [] : judgePayload(event["payload"])),
    ...judgeLinks(event["links"]),
    ...(clientUrl === undefined || isUrl(clientUrl) ? [] : ["'client_url' is no URL"]),
  ];
};

const json = (status: number, body: JsonObject) => ({ status, type: "application/json", body: JSON.stringify(body) });

const invalid = (wrong: readonly string[]) => json(400, { status: "invalid event", message: "Event object is invalid", errors: wrong });

/** Events API v2 of PagerDuty: `POST /v2/enqueue`. */
export const judgePagerduty = (request: HttpRequest): Judged => {
  const event = parseObject(request.body);
  if (request.method !== "POST" || !isJson(request) || event === null) {
    const wrong = ["it is no JSON object that was posted"];
    return { answer: invalid(wrong), seen: null, wrong, verified: null };
  }
  const wrong = judgeEvent(event);
  const isLarge = Buffer.byteLength(request.body) > maxBytes;
  const payload = isObject(event["payload"]) ? event["payload"] : {};
  const thread = textIn(event, "dedup_key");
  return {
    answer: isLarge
      ? json(413, { status: "invalid event", message: "The event is larger than 512 KB" })
      : wrong.length > 0
        ? invalid(wrong)
        : json(202, { status: "success", message: "Event processed", dedup_key: thread ?? randomUUID().replaceAll("-", "") }),
    seen: {
      id: digestOf(request.body),
      action: textIn(event, "event_action"),
      severity: textIn(payload, "severity"),
      title: textIn(payload, "summary") ?? "",
      thread,
      text: request.body,
    },
    wrong: isLarge ? [...wrong, "it is larger than 512 KB"] : wrong,
    verified: null,
  };
};
