import { providerNames } from "../../src/domain/coordination/provider-names.ts";
import type { Client, Result } from "../../src/client/client.ts";
import type { Call, Command, Flags } from "../command.ts";
import { confirmed, yesFlag } from "../confirm.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell } from "../text.ts";
import { facts, table } from "../text.ts";

type Shards = Result<"GET /v1/shards">;

const most = 1_024;

const orderFlags = (forced: string): Flags => ({
  reason: { value: "TEXT", says: "why: the audit log keeps it" },
  force: { says: forced },
  ...yesFlag,
});

const shardRows = ({ held }: Shards): Cell[][] =>
  held.map(({ shard, provider, held: isHeld, domains, left_out: leftOut, utilisation }) => [
    String(shard),
    provider ?? "nobody yet",
    isHeld ? "yes" : { text: "no", tone: "bad" },
    domains === null ? "-" : String(domains),
    leftOut === null ? "-" : { text: String(leftOut), tone: leftOut === 0 ? null : "bad" },
    utilisation === null ? "-" : `${Math.round(utilisation * 100)} %`,
  ]);

const lines = ({ paint }: Call, shards: Shards): string[] => {
  const enough = shards.wanted === shards.shards;
  const number: Cell = {
    text: enough ? "as many" : `${shards.wanted}: tranche admin shards --set ${shards.wanted}`,
    tone: enough ? "good" : "uneasy",
  };
  return [
    ...facts(paint, [
      ["shards", String(shards.shards)],
      ["needed", number],
    ]),
    "",
    ...table(paint, ["SHARD", "PROVIDER", "HELD", "DOMAINS", "LEFT OUT", "BUSY"], shardRows(shards)),
  ];
};

const split = async (call: Call, client: Client, shards: number): Promise<void> => {
  const body = { shards, reason: call.required("reason"), force: call.on("force") };
  const before = await client.request("GET /v1/shards");
  if (before.shards !== shards)
    await confirmed(call, `${before.shards} shards become ${shards}, of every customer: each lease ends, which costs a round.`);
  const after = await client.request("PUT /v1/shards", { body });
  const said =
    before.shards === shards
      ? `there are ${shards} shards already`
      : `${before.shards} shards are ${shards} now; both providers follow within a minute`;
  call.answer(after, [said]);
};

export const adminShards: Command = {
  name: "admin shards",
  summary: "shows how many shards there are, are needed, and who has them; or sets their number",
  flags: { set: { value: "N", says: `splits the services into so many, 1 to ${most}` }, ...orderFlags("with --set: in a storm as well") },
  run: async (call) => {
    const shards = call.whole("set", 1, most);
    if (shards === null && ["reason", "force", "yes"].some(call.on)) throw usageError("--reason, --force and --yes go with --set");
    if (shards !== null) call.required("reason");
    const { client } = await call.session();
    if (shards === null) {
      const found = await client.request("GET /v1/shards");
      call.answer(found, lines(call, found));
    } else await split(call, client, shards);
    return exit.ok;
  },
};

/** `0,3,7`; null: all. */
const listed = (text: string | null): number[] | null => {
  if (text === null) return null;
  if (!/^\d{1,4}(?:,\d{1,4})*$/.test(text)) throw usageError(`--shards must be numbers of shards, such as 0,3,7, not "${text}"`);
  return text.split(",").map(Number);
};

const named = (shards: readonly number[]): string => `shard${shards.length === 1 ? "" : "s"} ${shards.join(", ")}`;

export const adminMoveShards: Command = {
  name: "admin move-shards",
  summary: "gives shards to a provider, which takes them in its next slot",
  flags: {
    to: { value: "PROVIDER", says: providerNames.join(", ") },
    shards: { value: "LIST", says: "these alone, such as 0,3,7; all where it is not given" },
    ...orderFlags("though that provider shows no sign of life"),
  },
  more: "The preferred provider gets them back once it has been well for ten minutes and no storm is on.",
  run: async (call) => {
    const asked = call.required("to");
    const to = providerNames.find((one) => one === asked);
    if (to === undefined) throw usageError(`--to must be ${providerNames.join(", ")}, not "${asked}"`);
    const shards = listed(call.text("shards"));
    const body = { to, shards, reason: call.required("reason"), force: call.on("force") };
    const { client } = await call.session();
    await confirmed(
      call,
      `${shards === null ? "All shards" : named(shards)} go to ${to}: their leases end, and ${to} decides from its next round on.`,
    );
    const { moved, stayed, unheld } = await client.request("POST /v1/shards/move", { body });
    call.answer({ moved, stayed, unheld }, [
      moved.length === 0 ? `nothing was moved to ${to}` : `${named(moved)} given to ${to}`,
      ...(stayed.length === 0 ? [] : [`${named(stayed)}: ${to}'s already`]),
      ...(unheld.length === 0 ? [] : [`${named(unheld)}: never held by anybody`]),
    ]);
    return exit.ok;
  },
};
