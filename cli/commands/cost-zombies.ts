import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell } from "../text.ts";
import { plain, table, timeText } from "../text.ts";
import { idOf, moneyText } from "./cost-words.ts";

type Zombie = Result<"GET /v1/cost/zombies">[number];

const states = ["open", "dismissed", "remediated"] as const;

const row = (one: Zombie): Cell[] => [
  String(one.id),
  { text: one.rule, tone: one.state !== "open" ? "quiet" : one.severity === "critical" ? "bad" : "uneasy" },
  one.account === null ? one.resource : `${one.resource} (${one.account})`,
  one.estimated_monthly_waste === null ? "?" : moneyText(one.estimated_monthly_waste),
  timeText(one.last_activity),
  one.reason,
  one.remedy,
];

const total = (zombies: readonly Zombie[]): string => {
  const cents = zombies.reduce((sum, one) => sum + (one.estimated_monthly_waste ?? 0), 0);
  const unpriced = zombies.filter((one) => one.estimated_monthly_waste === null).length;
  return `${moneyText(cents)} a month${unpriced === 0 ? "" : `, and ${unpriced} whose price is not known`}`;
};

export const costZombies: Command = {
  name: "cost zombies",
  summary: "lists what is paid for without being used, and insurance that would not pay",
  flags: { state: { value: "STATE", says: "open (where it is not given), dismissed or remediated" } },
  run: async (call) => {
    const named = call.text("state") ?? "open";
    const state = states.find((one) => one === named);
    if (state === undefined) throw usageError(`--state must be ${states.join(", ")}, not "${named}"`);
    const { client } = await call.session();
    const zombies: Zombie[] = [];
    for await (const one of client.each("GET /v1/cost/zombies", { query: { state } })) zombies.push(one);
    const hunt = await client.request("GET /v1/cost/hunt");
    const looked = hunt.hunted_at === null ? "nobody has looked yet" : `last looked for at ${timeText(hunt.hunted_at)}`;
    const unread = hunt.unread.map(({ source, problem }) => `not read: ${plain(source)}: ${plain(problem)}`);
    const head = ["ID", "RULE", "RESOURCE", "A MONTH", "IDLE SINCE", "WHY", "REMEDY"];
    const listed = zombies.length === 0 ? [`nothing is ${state}`] : [...table(call.paint, head, zombies.map(row)), "", total(zombies)];
    call.answer({ ...hunt, zombies }, [...listed, looked, ...unread]);
    return exit.ok;
  },
};

export const costDismiss: Command = {
  name: "cost dismiss",
  summary: "says of what idles that it is meant to; with --undo, that it is not",
  operands: "ID",
  count: [1, 1],
  flags: { note: { value: "TEXT", says: "why: whoever comes next reads it" }, undo: { says: "opens it again" } },
  run: async (call) => {
    const id = idOf(call.operands[0], "a zombie", "tranche cost zombies");
    const { client } = await call.session();
    const note = call.text("note");
    const body = { state: call.on("undo") ? ("open" as const) : ("dismissed" as const), ...(note !== null && { note }) };
    const zombie = await client.request("PATCH /v1/cost/zombies/{id}", { path: { id }, body });
    call.answer(zombie, [`${plain(zombie.resource)} is ${zombie.state}`]);
    return exit.ok;
  },
};
