import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell } from "../text.ts";
import { table, timeText } from "../text.ts";

type Finding = Result<"GET /v1/reconciliation-findings">[number];
type Cause = Result<"GET /v1/adjustment-causes">[number];

/** The answer of a list ends after so many, however many there are. */
const mostRows = 50;
const states = ["open", "cleared", "all"] as const;
const limitFlag = { limit: { value: "N", says: `how many at most, 1 to 1000; ${mostRows} where it is not given` } };

/** The first of a list, page by page. */
const first = async <Row>(rows: AsyncIterable<Row>, limit: number): Promise<Row[]> => {
  const taken: Row[] = [];
  for await (const row of rows) {
    taken.push(row);
    if (taken.length === limit) break;
  }
  return taken;
};

const findingRow = (one: Finding): Cell[] => [
  String(one.id),
  String(one.customer_id),
  one.rule,
  `${one.object_type} ${one.object_id}`,
  one.expected,
  one.actual,
  timeText(one.found_at),
  one.cleared_at === null ? { text: "open", tone: "bad" } : timeText(one.cleared_at),
];

export const adminFindings: Command = {
  name: "admin findings",
  summary: "lists what the nightly reconciliation found, the newest first",
  flags: {
    state: { value: "STATE", says: `${states.join(", ")}; open where it is not given` },
    rule: { value: "RULE", says: "of one rule, such as window_bytes" },
    of: { value: "ID", says: "of one customer" },
    ...limitFlag,
  },
  more: "docs/runbook.md says of each rule what to do.",
  run: async (call) => {
    const asked = call.text("state") ?? "open";
    const state = states.find((one) => one === asked);
    if (state === undefined) throw usageError(`--state must be ${states.join(", ")}, not "${asked}"`);
    const limit = call.whole("limit", 1, 1_000) ?? mostRows;
    const [rule, customer] = [call.text("rule"), call.whole("of", 1, 2_147_483_647)];
    const query = {
      limit: Math.min(limit, 100),
      ...(state !== "all" && { state }),
      ...(rule !== null && { rule }),
      ...(customer !== null && { customer }),
    };
    const { client } = await call.session();
    const found = await first(client.each("GET /v1/reconciliation-findings", { query }), limit);
    const head = ["ID", "CUSTOMER", "RULE", "OF", "EXPECTED", "ACTUAL", "FOUND", "CLEARED"];
    call.answer(
      found,
      found.length === 0 ? [`no findings that are ${state === "all" ? "kept" : state}`] : table(call.paint, head, found.map(findingRow)),
    );
    return exit.ok;
  },
};

const waitsFor = ({ idle, to }: Cause): string => (to === null ? "its storm to end" : idle ? "the next invoice" : "the next run");

export const adminAdjustments: Command = {
  name: "admin adjustments",
  summary: "lists billed windows that wait to be computed again",
  flags: limitFlag,
  run: async (call) => {
    const limit = call.whole("limit", 1, 1_000) ?? mostRows;
    const { client } = await call.session();
    const causes = await first(client.each("GET /v1/adjustment-causes", { query: { limit: Math.min(limit, 100) } }), limit);
    const rows = causes.map((one): Cell[] => [
      String(one.id),
      String(one.customer_id),
      String(one.service_id),
      one.cause,
      timeText(one.from),
      one.to === null ? "-" : timeText(one.to),
      waitsFor(one),
    ]);
    const head = ["ID", "CUSTOMER", "SERVICE", "CAUSE", "FROM", "TO", "WAITS FOR"];
    call.answer(causes, rows.length === 0 ? ["nothing waits to be adjusted"] : table(call.paint, head, rows));
    return exit.ok;
  },
};

export const adminAdjust: Command = {
  name: "admin adjust",
  summary: "has a billed window computed again; the next invoice adjusts it where it differs",
  operands: "WINDOW",
  count: [1, 1],
  flags: { reason: { value: "TEXT", says: "why: the audit log keeps it" } },
  more: "WINDOW is the number behind usage_snapshot in tranche admin findings. For admins with the scope billing.",
  run: async (call) => {
    const [window = ""] = call.operands;
    if (!/^[1-9]\d{0,14}$/.test(window)) throw usageError(`WINDOW must be the number of a window, not "${window}": tranche admin findings`);
    const body = { usage_snapshot_id: Number(window), reason: call.required("reason") };
    const { client } = await call.session();
    const cause = await client.request("POST /v1/adjustment-causes", { body });
    call.answer(cause, [
      `window ${window} of service ${cause.service_id}, from ${timeText(cause.from)}, waits for the next run (cause ${cause.id})`,
    ]);
    return exit.ok;
  },
};
