import { severities } from "../../src/domain/notify/kinds.ts";
import type { Answer, Judged } from "./received.ts";
import type { HttpRequest, JsonObject } from "./request.ts";
import { digestOf, isJson, isObject, parseObject, textIn } from "./request.ts";
import { judgeBlocks } from "./slack-blocks.ts";

/** Of `text` Slack shows this much. */
const maxText = 40_000;

/** Slack answers in one word. */
const say = (status: number, word: string): Answer => ({ status, type: "text/html", body: word });

const entities: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const unescaped = (text: string): string => text.replaceAll(/&(?:amp|lt|gt);/g, (entity) => entities[entity] ?? "");

/** `Critical: cloudflare is failing` as its reader takes it. */
export const readTitle = (text: string): { readonly severity: string | null; readonly action: string | null; readonly title: string } => {
  const [, standing = "", title = text] = /^(\w+): (.*)$/s.exec(text) ?? [];
  if (standing === "Resolved") return { severity: null, action: "resolve", title };
  const severity = severities.find((one) => one === standing.toLowerCase());
  return severity === undefined ? { severity: null, action: null, title: text } : { severity, action: null, title };
};

const textsOf = (block: unknown): readonly string[] => {
  if (Array.isArray(block)) return block.flatMap(textsOf);
  if (!isObject(block)) return [];
  return Object.entries(block).flatMap(([name, value]) => (name === "text" && typeof value === "string" ? [value] : textsOf(value)));
};

const judgePayload = (payload: JsonObject): readonly string[] => {
  const { text, blocks } = payload;
  return [
    ...(text === undefined && blocks === undefined ? ["there is no text"] : []),
    ...(text === undefined || (typeof text === "string" && text.length <= maxText) ? [] : ["text is not one of at most 40,000 characters"]),
    ...(blocks === undefined ? [] : judgeBlocks(blocks)),
  ];
};

/** An incoming webhook of Slack. */
export const judgeSlack = (request: HttpRequest): Judged => {
  const no = (status: number, word: string, wrong: readonly string[]): Judged => ({
    answer: say(status, word),
    seen: null,
    wrong,
    verified: null,
  });
  const payload = parseObject(request.body);
  if (request.method !== "POST" || !isJson(request) || payload === null)
    return no(400, "invalid_payload", ["it is not JSON that was posted"]);
  const wrong = judgePayload(payload);
  const text = textIn(payload, "text") ?? "";
  return {
    answer:
      wrong.length === 0
        ? say(200, "ok")
        : say(400, payload["text"] === undefined && payload["blocks"] === undefined ? "no_text" : "invalid_blocks"),
    seen: {
      id: digestOf(request.body),
      thread: null,
      ...readTitle(unescaped(text)),
      text: textsOf(payload["blocks"]).map(unescaped).join("\n"),
    },
    wrong,
    verified: null,
  };
};
