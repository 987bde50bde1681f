import { readFile } from "node:fs/promises";
import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell } from "../text.ts";
import { table, timeText } from "../text.ts";

type CostEvent = Result<"GET /v1/cost/events">[number];
type Pushed = Result<"POST /v1/cost/events">;

/** The list ends after so many, however many there are. */
const mostRows = 20;

const money = (cents: number | null): string => (cents === null ? "-" : `${(cents / 100).toFixed(2)}/h`);

export const costEvents: Command = {
  name: "cost events",
  summary: "lists what began or changed what is paid, the newest first",
  flags: {
    account: { value: "ID", says: "of one account" },
    type: { value: "TYPE", says: "of one type of resource, such as ec2:instance" },
    limit: { value: "N", says: `how many at most, 1 to 1000; ${mostRows} where it is not given` },
  },
  run: async (call) => {
    const limit = call.whole("limit", 1, 1_000) ?? mostRows;
    const [account, type] = [call.text("account"), call.text("type")];
    const query = {
      limit: Math.min(limit, 100),
      ...(account !== null && { account_id: account }),
      ...(type !== null && { resource_type: type }),
    };
    const events: CostEvent[] = [];
    const { client } = await call.session();
    for await (const event of client.each("GET /v1/cost/events", { query })) {
      events.push(event);
      if (events.length === limit) break;
    }
    const rows = events.map((event): Cell[] => [
      timeText(event.occurred_at),
      event.account_id,
      event.resource_type,
      event.resource_id ?? "-",
      money(event.hourly_cost_cents),
      event.severity ?? "-",
      event.actor ?? "-",
    ]);
    const head = ["AT", "ACCOUNT", "TYPE", "RESOURCE", "COST", "SEVERITY", "BY"];
    call.answer(events, rows.length === 0 ? ["no events: docs/cost-events.md says how they are sent"] : table(call.paint, head, rows));
    return exit.ok;
  },
};

/** A file's bytes. @throws CommandError where there is no such file */
const bytesOf = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (error) {
    throw usageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** Adds up what became of the events of several requests. */
const sum = (parts: readonly Pushed[]) => {
  const of = (pick: (part: Pushed) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    accepted: of(({ accepted }) => accepted),
    duplicate: of(({ duplicate }) => duplicate),
    ignored: of(({ ignored }) => Object.values(ignored).reduce((total, count) => total + count, 0)),
    rejected: of(({ rejected }) => rejected),
    rejections: parts.flatMap(({ rejections }) => rejections),
  };
};

export const costPush: Command = {
  name: "cost push",
  summary: "sends files of events: CloudTrail's log files, or lists in the short form",
  operands: "FILE...",
  count: [1, 1_000],
  more: `
A FILE is JSON, packed by gzip or not: {"Records": [...]} as CloudTrail writes it, {"events": [...]}, or a list. Sending one again changes nothing.`,
  run: async (call) => {
    const { batchesOf } = await import("../cost-batches.ts");
    const { client } = await call.session();
    const parts: Pushed[] = [];
    for (const path of call.operands) {
      for (const { events, first } of batchesOf(await bytesOf(path), path)) {
        const pushed = await client.request("POST /v1/cost/events", { body: { events } });
        const placed = pushed.rejections.map(({ pointer, detail }) => ({
          pointer: pointer.replace(/^\/events\/(\d+)/, (_, index: string) => `${path}#/${first + Number(index)}`),
          detail,
        }));
        parts.push({ ...pushed, rejections: placed });
      }
    }
    const total = sum(parts);
    const { accepted, duplicate, ignored, rejected, rejections } = total;
    const counts = `${accepted} accepted, ${duplicate} known already, ${ignored} of no interest, ${rejected} rejected`;
    call.answer(total, [counts, ...rejections.map(({ pointer, detail }) => `  ${pointer} ${detail}`)]);
    return rejected === 0 ? exit.ok : exit.wrong;
  },
};
