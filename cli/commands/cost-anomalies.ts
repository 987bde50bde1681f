import type { Result } from "../../src/client/client.ts";
import type { Call, Command, Flags } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import { findService } from "../services.ts";
import type { Cell, Tone } from "../text.ts";
import { plain, table, timeText } from "../text.ts";
import { idOf, seriesText, valueText } from "./cost-words.ts";

type Anomaly = Result<"GET /v1/cost/anomalies">[number];
type State = Anomaly["state"];

const states: readonly State[] = ["open", "acknowledged", "snoozed", "expected", "resolved"];

/** The answer of a list ends after so many, however many there are. */
const mostRows = 20;

const tones: Readonly<Record<Anomaly["severity"], Tone>> = { critical: "bad", high: "bad", medium: "uneasy" };

const row = (one: Anomaly): Cell[] => [
  String(one.id),
  seriesText(one.series),
  { text: one.severity, tone: one.state === "resolved" ? "quiet" : tones[one.severity] },
  one.snoozed_until === null ? one.state : `snoozed until ${timeText(one.snoozed_until)}`,
  valueText(one.value, one.series.unit),
  valueText(one.usual, one.series.unit),
  timeText(one.last_hour),
  one.explanation,
];

const stateOf = (call: Call): State | undefined => {
  const named = call.text("state");
  const state = states.find((one) => one === named);
  if (named !== null && state === undefined) throw usageError(`--state must be ${states.join(", ")}, not "${named}"`);
  return state;
};

export const costAnomalies: Command = {
  name: "cost anomalies",
  summary: "lists what is odd of costs, the newest first, and why",
  flags: {
    state: { value: "STATE", says: "only those that are open, acknowledged, snoozed, expected or resolved" },
    service: { value: "SERVICE", says: "of the egress of one service, by its id or name" },
    limit: { value: "N", says: `how many at most, 1 to 1000; ${mostRows} where it is not given` },
  },
  run: async (call) => {
    const limit = call.whole("limit", 1, 1_000) ?? mostRows;
    const state = stateOf(call);
    const session = await call.session();
    const named = call.text("service");
    const found = named === null ? null : await findService(session, named);
    const query = {
      limit: Math.min(limit, 100),
      ...(state !== undefined && { state }),
      ...(found !== null && { service_id: found.service.service_id }),
    };
    const anomalies: Anomaly[] = [];
    for await (const one of (found?.client ?? session.client).each("GET /v1/cost/anomalies", { query })) {
      anomalies.push(one);
      if (anomalies.length === limit) break;
    }
    const head = ["ID", "SERIES", "SEVERITY", "STATE", "WORST HOUR", "USUAL", "LAST", "WHY"];
    call.answer(anomalies, anomalies.length === 0 ? ["nothing is odd"] : table(call.paint, head, anomalies.map(row)));
    return exit.ok;
  },
};

const note: Flags = { note: { value: "TEXT", says: "why: whoever comes next reads it" } };

/** A person's word about one. @param body what is sent beside the note */
const word = async (call: Call, body: { readonly state: State; readonly hours?: number }) => {
  const id = idOf(call.operands[0], "an anomaly", "tranche cost anomalies");
  const { client } = await call.session();
  const why = call.text("note");
  const anomaly = await client.request("PATCH /v1/cost/anomalies/{id}", {
    path: { id },
    body: { ...body, ...(why !== null && { note: why }) },
  });
  const until = anomaly.snoozed_until === null ? "" : ` until ${timeText(anomaly.snoozed_until)}`;
  call.answer(anomaly, [`anomaly ${anomaly.id} (${plain(seriesText(anomaly.series))}) is ${anomaly.state}${until}`]);
  return exit.ok;
};

export const costAck: Command = {
  name: "cost ack",
  summary: "says that somebody looks at an anomaly",
  operands: "ID",
  count: [1, 1],
  flags: note,
  run: async (call) => await word(call, { state: "acknowledged" }),
};

export const costSnooze: Command = {
  name: "cost snooze",
  summary: "lets an anomaly rest; it is open again by itself",
  operands: "ID",
  count: [1, 1],
  flags: { hours: { value: "N", says: "for how long, 1 to 168" }, ...note },
  run: async (call) => {
    call.required("hours");
    return await word(call, { state: "snoozed", hours: call.whole("hours", 1, 168) ?? 1 });
  },
};

export const costExpected: Command = {
  name: "cost expected",
  summary: "says that an anomaly is a false alarm; what comes of it is learnt from",
  operands: "ID",
  count: [1, 1],
  flags: note,
  run: async (call) => await word(call, { state: "expected" }),
};
