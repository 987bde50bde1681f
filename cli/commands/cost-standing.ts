import type { Result } from "../../src/client/client.ts";
import type { Call, Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import type { Cell } from "../text.ts";
import { facts, plain, table, timeText } from "../text.ts";
import { moneyText, seriesText, valueText } from "./cost-words.ts";

type Summary = Result<"GET /v1/cost/summary">;
type Line = Summary["egress"][number];

/** `$74.40 of $71.00`: what it was, and what was usual. */
const against = ({ value, usual }: Line["last_7_days"], unit: Line["series"]["unit"]): string =>
  `${valueText(value, unit)} of ${valueText(usual, unit)}`;

const counts = ({ critical, high, medium }: Summary["open_anomalies"]): Cell => ({
  text: `${critical} critical, ${high} high, ${medium} medium`,
  tone: critical + high > 0 ? "bad" : medium > 0 ? "uneasy" : "good",
});

const idling = ({ open, critical, monthly_waste_cents: cents, unpriced }: Summary["zombies"]): Cell => ({
  text: `${open} (${critical} critical), ${moneyText(cents)} a month${unpriced === 0 ? "" : `, ${unpriced} of unknown price`}`,
  tone: critical > 0 ? "bad" : open > 0 ? "uneasy" : "good",
});

const queue = ({ waiting, dead }: Summary["events"]): Cell => ({
  text: `${waiting} waiting, ${dead} dead`,
  tone: dead > 0 ? "bad" : null,
});

export const costSummary: Command = {
  name: "cost summary",
  summary: "shows egress by service and CDN against the usual, what is odd, what idles",
  run: async (call) => {
    const { client } = await call.session();
    const summary = await client.request("GET /v1/cost/summary");
    const rows = summary.egress.map((one): Cell[] => [
      seriesText(one.series),
      against(one.last_24_hours, one.series.unit),
      against(one.last_7_days, one.series.unit),
    ]);
    const omitted = summary.egress_omitted === 0 ? [] : [`and ${summary.egress_omitted} more: tranche cost baselines`];
    call.answer(summary, [
      ...facts(call.paint, [
        ["anomalies", counts(summary.open_anomalies)],
        ["idle", idling(summary.zombies)],
        ["events", queue(summary.events)],
      ]),
      "",
      ...(rows.length === 0 ? ["no egress is known yet"] : table(call.paint, ["EGRESS", "24 H, OF USUAL", "7 D, OF USUAL"], rows)),
      ...omitted,
    ]);
    return exit.ok;
  },
};

const kinds = ["priced", "calls", "egress"] as const;

export const costBaselines: Command = {
  name: "cost baselines",
  summary: "lists what is usual, by series",
  flags: { kind: { value: "KIND", says: "only those of one kind: priced, calls or egress" } },
  run: async (call) => {
    const named = call.text("kind");
    const kind = kinds.find((one) => one === named);
    if (named !== null && kind === undefined) throw usageError(`--kind must be ${kinds.join(", ")}, not "${named}"`);
    const { client } = await call.session();
    const all: Result<"GET /v1/cost/baselines">[number][] = [];
    for await (const one of client.each("GET /v1/cost/baselines", { query: kind === undefined ? {} : { kind } })) all.push(one);
    const rows = all.map((one): Cell[] => [
      String(one.id),
      one.series.kind,
      seriesText(one.series),
      valueText(one.mean, one.series.unit),
      valueText(one.deviation, one.series.unit),
      String(one.count),
      timeText(one.last_hour),
    ]);
    const head = ["ID", "KIND", "SERIES", "USUAL", "DEVIATION", "OF VALUES", "LAST"];
    call.answer(all, rows.length === 0 ? ["nothing was scored yet"] : table(call.paint, head, rows));
    return exit.ok;
  },
};

type Rate = Result<"GET /v1/cost/rates">[number];

const rateText = ({ cdn, cents_per_gb: perGb, monthly_cents: monthly }: Rate): Cell[] => [
  cdn,
  perGb ?? "-",
  monthly === null ? "-" : moneyText(monthly),
];

const changeRate = async (call: Call, cdn: string): Promise<void> => {
  const [perGb, monthly] = [call.text("per-gb"), call.whole("monthly", 0, 1_000_000_000_000)];
  const forgets = call.on("forget");
  if (forgets === (perGb !== null || monthly !== null))
    throw usageError("give --per-gb, --monthly or both, or else --forget: what the CDN charges, or that it is not known");
  const { client } = await call.session();
  if (forgets) {
    await client.request("DELETE /v1/cost/rates/{cdn}", { path: { cdn } });
    call.answer({ cdn, rate: null }, [`nothing is known of what ${plain(cdn)} charges`]);
    return;
  }
  const body = { ...(perGb !== null && { cents_per_gb: perGb }), ...(monthly !== null && { monthly_cents: monthly }) };
  const rate = await client.request("PUT /v1/cost/rates/{cdn}", { path: { cdn }, body });
  call.answer(rate, table(call.paint, ["CDN", "CENTS PER GB", "A MONTH"], [rateText(rate)]));
};

export const costRates: Command = {
  name: "cost rates",
  summary: "lists what CDNs charge, or says what one does",
  operands: "[CDN]",
  count: [0, 1],
  flags: {
    "per-gb": { value: "CENTS", says: "for 10^9 bytes, to four decimals" },
    monthly: { value: "CENTS", says: "for a month, used or not" },
    forget: { says: "it is not known any more" },
  },
  run: async (call) => {
    const [cdn] = call.operands;
    if (cdn !== undefined) {
      await changeRate(call, cdn);
      return exit.ok;
    }
    if (call.text("per-gb") !== null || call.text("monthly") !== null || call.on("forget"))
      throw usageError("name the CDN whose rate it is");
    const { client } = await call.session();
    const rates = await client.request("GET /v1/cost/rates");
    const listed = table(call.paint, ["CDN", "CENTS PER GB", "A MONTH"], rates.map(rateText));
    call.answer(rates, rates.length === 0 ? ["no rates: egress is bytes, and money is not known"] : listed);
    return exit.ok;
  },
};

const modes = ["shadow", "audit", "enforce"] as const;

export const costMode: Command = {
  name: "cost mode",
  summary: "shows how people are told of anomalies, or changes it",
  operands: "[shadow|audit|enforce]",
  count: [0, 1],
  run: async (call) => {
    const [named] = call.operands;
    const to = modes.find((one) => one === named);
    if (named !== undefined && to === undefined) throw usageError(`a mode is ${modes.join(", ")}, not "${named}"`);
    const { client } = await call.session();
    const mode =
      to === undefined ? await client.request("GET /v1/cost/mode") : await client.request("PUT /v1/cost/mode", { body: { mode: to } });
    call.answer(
      mode,
      facts(call.paint, [
        ["mode", mode.mode],
        ["since", `${timeText(mode.since)} (${mode.days} d)`],
        ["by", mode.changed_by ?? "nobody"],
        ["anomalies", `${mode.anomalies}, ${mode.expected} of them expected (${mode.expected_percent} %)`],
        ["next", mode.next === null ? "-" : mode.refusal === null ? mode.next : `${mode.next}: ${mode.refusal}`],
      ]),
    );
    return exit.ok;
  },
};
