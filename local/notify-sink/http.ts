import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault, FaultSwitch } from "./faults.ts";
import { retryAfterSeconds, slowMs } from "./faults.ts";
import type { Kept } from "./mail-api.ts";
import { judgeMailApi } from "./mail-api.ts";
import { judgePagerduty } from "./pagerduty.ts";
import type { Journal, Judged, SinkChannel } from "./received.ts";
import type { HttpRequest } from "./request.ts";
import { readRequest } from "./request.ts";
import { judgeSlack } from "./slack.ts";
import { judgeWebhook } from "./webhook.ts";

/** What else the server answers; null: it is for a channel, or for nobody. */
export type Control = (request: HttpRequest) => { readonly status: number; readonly body: unknown } | null;

export type HttpParts = {
  readonly journal: Journal;
  readonly faults: FaultSwitch;
  /** Of webhooks; grows as they become known. */
  readonly secrets: ReadonlySet<string>;
  readonly control: Control;
  readonly now: () => number;
};

const floodBytes = 2_097_152;

type Judging = readonly [channel: SinkChannel, judged: Judged];

const judge = (request: HttpRequest, { secrets, now }: HttpParts, kept: Kept): Judging | null => {
  if (request.path === "/webhook") return ["webhook", judgeWebhook(request, [...secrets], now())];
  if (/^\/services\/T\w+\/B\w+\/\w+$/.test(request.path)) return ["slack", judgeSlack(request)];
  if (request.path === "/v2/enqueue") return ["pagerduty", judgePagerduty(request)];
  if (request.path === "/emails") return ["email", judgeMailApi(request, kept)];
  return null;
};

/** What is answered under a fault, with a status; null: as without one. */
const faultAnswer = (fault: Fault | null): { readonly status: number; readonly headers: Readonly<Record<string, string>> } | null => {
  switch (fault?.kind) {
    case "500":
    case "410":
      return { status: Number(fault.kind), headers: {} };
    case "429":
      return { status: 429, headers: { "retry-after": String(retryAfterSeconds(fault)) } };
    case "301":
      return { status: 301, headers: { location: "/moved" } };
    default:
      return null;
  }
};

/** Receives what comes over HTTP: webhooks, Slack, PagerDuty, mail by an API. */
export const createHttpSink = (parts: HttpParts): Server => {
  const { journal, faults, control, now } = parts;
  const kept: Kept = new Map();

  const receive = async (response: ServerResponse, [channel, judged]: Judging, atMs: number): Promise<void> => {
    const fault = faults.take(channel);
    const { answer, seen, wrong, verified } = judged;
    const unread = { id: "", action: null, severity: null, title: "(not readable)", thread: null, text: "" };
    const note = (answered: string, taken: boolean): void =>
      journal.add({ ...(seen ?? unread), channel, atMs, taken, answered, wrong, verified });
    if (fault?.kind === "hang") return note("hang", false);
    if (fault?.kind === "reset") {
      note("reset", false);
      return void response.socket?.resetAndDestroy();
    }
    if (fault?.kind === "slow") await sleep(slowMs(fault));
    const instead = faultAnswer(fault);
    const status = instead?.status ?? answer.status;
    note(String(status), status < 300);
    response.writeHead(status, { "content-type": answer.type, ...instead?.headers });
    response.end(instead !== null ? "" : fault?.kind === "flood" ? "x".repeat(floodBytes) : answer.body);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = now();
    const request = await readRequest(incoming);
    if (request === null) return void response.writeHead(413, { connection: "close" }).end();
    const told = control(request);
    if (told !== null)
      return void response.writeHead(told.status, { "content-type": "application/json" }).end(`${JSON.stringify(told.body, null, 2)}\n`);
    const judging = judge(request, parts, kept);
    if (judging === null) return void response.writeHead(404, { "content-type": "text/plain" }).end("no such receiver\n");
    await receive(response, judging, atMs);
  };

  return createServer((incoming, response) => {
    // Who goes away in the middle is no event here.
    handle(incoming, response).catch(() => response.destroy());
  });
};
