import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit } from "../exit.ts";
import type { Cell } from "../text.ts";
import { plain, table, timeText } from "../text.ts";

type Breaker = Result<"GET /v1/breakers">[number];

const tones = { closed: null, "half-open": "uneasy", open: "bad" } as const;

const row = (one: Breaker): Cell[] => [
  one.kind,
  one.customer_id === null ? "operator" : String(one.customer_id),
  [one.account_id === null ? "" : String(one.account_id), plain(one.account ?? "")].filter((text) => text !== "").join(" ") || "-",
  { text: one.state, tone: tones[one.state] },
  String(one.failures),
  one.since === null ? "-" : timeText(one.since),
  one.next_probe_at === null ? "-" : timeText(one.next_probe_at),
  plain(one.last_error ?? "-"),
];

export const breakers: Command = {
  name: "breakers",
  summary: "lists outside services that fail, since when they are paused, and when they are tried again",
  more: "What answers is not listed. An admin who names no customer sees everybody's, and the operator's own.",
  run: async (call) => {
    const { client } = await call.session();
    const found = await client.request("GET /v1/breakers");
    const head = ["KIND", "CUSTOMER", "ACCOUNT", "STATE", "FAILURES", "OPEN SINCE", "TRIED AGAIN", "LAST ERROR"];
    call.answer(found, found.length === 0 ? ["every outside service answers"] : table(call.paint, head, found.map(row)));
    return exit.ok;
  },
};
