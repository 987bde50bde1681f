import type { Result } from "../../src/client/client.ts";
import type { Call, Command } from "../command.ts";
import { exit, usageError } from "../exit.ts";
import { findService } from "../services.ts";
import type { Cell } from "../text.ts";
import { facts, lengthText, table, timeText } from "../text.ts";

type Storm = Result<"GET /v1/storms">[number];

/** The answer of a list ends after so many, however many there are. */
const mostRows = 20;

const lasted = ({ started_at: from, ended_at: to }: Storm): string =>
  to === null ? "on" : lengthText((Date.parse(to) - Date.parse(from)) / 1_000);

const money = ({ downtime_avoided: { cents, currency } }: Storm): string =>
  cents === null ? "" : `, ${cents} minor units of ${currency ?? "?"}`;

const stateCell = ({ state }: Storm): Cell => ({
  text: state,
  tone: state === "storm" ? "bad" : state === "recovering" ? "uneasy" : "quiet",
});

const filters = async (call: Call) => {
  const session = await call.session();
  const named = call.text("service");
  const found = named === null ? null : await findService(session, named);
  return {
    client: found?.client ?? session.client,
    query: {
      ...(found !== null && { service_id: found.service.service_id }),
      ...(call.on("active") && { active: true }),
    },
  };
};

export const stormList: Command = {
  name: "storm list",
  summary: "lists storms, the newest first",
  flags: {
    active: { says: "only those that are on" },
    service: { value: "SERVICE", says: "of one service, by its id or name" },
    limit: { value: "N", says: `how many at most, 1 to 1000; ${mostRows} where it is not given` },
  },
  run: async (call) => {
    const limit = call.whole("limit", 1, 1_000) ?? mostRows;
    const { client, query } = await filters(call);
    const storms: Storm[] = [];
    for await (const storm of client.each("GET /v1/storms", { query: { ...query, limit: Math.min(limit, 100) } })) {
      storms.push(storm);
      if (storms.length === limit) break;
    }
    const rows = storms.map((storm): Cell[] => [
      String(storm.id),
      storm.service_name,
      stateCell(storm),
      storm.kind,
      timeText(storm.started_at),
      lasted(storm),
      lengthText(storm.downtime.seconds),
      lengthText(storm.downtime_avoided.seconds),
      storm.credit,
    ]);
    const head = ["ID", "SERVICE", "STATE", "KIND", "SINCE", "LASTED", "DOWN", "AVOIDED", "CREDIT"];
    call.answer(storms, rows.length === 0 ? [call.on("active") ? "no storm is on" : "no storms"] : table(call.paint, head, rows));
    return exit.ok;
  },
};

/** What happened, in words. */
const eventText = ({ event, change }: Result<"GET /v1/storms/{id}">["timeline"][number]): string => {
  if (change === null) return event;
  const { domain_id: domain, from, to, reason, result, actor, error } = change;
  const weights = `${from.primary}/${from.backup} to ${to.primary}/${to.backup}`;
  return `${event} of domain ${domain}: ${weights} (${reason}, by ${actor}): ${result}${error === null ? "" : `: ${error}`}`;
};

export const stormShow: Command = {
  name: "storm show",
  summary: "shows a storm: what happened when, what it cost, what was avoided",
  operands: "ID",
  count: [1, 1],
  run: async (call) => {
    const [id = ""] = call.operands;
    if (!/^[1-9]\d{0,14}$/.test(id)) throw usageError(`ID must be the number of a storm, not "${id}": tranche storm list`);
    const { client } = await call.session();
    const storm = await client.request("GET /v1/storms/{id}", { path: { id: Number(id) } });
    const blamed = storm.downtime.blamed.map(({ upstream_cdn: cdn, seconds }) => `${cdn ?? "itself"} ${lengthText(seconds)}`);
    const rows: (readonly [string, Cell])[] = [
      ["storm", `${storm.id} of ${storm.service_name} (service ${storm.service_id} of ${storm.customer_name})`],
      ["state", stateCell(storm)],
      ["kind", `${storm.kind}${storm.monitor_only ? ", watched only" : ""}`],
      ["since", timeText(storm.started_at)],
      ["detected", timeText(storm.detected_at)],
      ["ended", storm.ended_at === null ? "-" : `${timeText(storm.ended_at)} (${storm.ended_reason ?? "?"})`],
      ["relapses", String(storm.relapses)],
      ["down", `${lengthText(storm.downtime.seconds)}${blamed.length === 0 ? "" : `, to blame: ${blamed.join(", ")}`}`],
      ["avoided", `${lengthText(storm.downtime_avoided.seconds)}${money(storm)}`],
      ["credit", `${storm.credit}${storm.credit_reason === null ? "" : ` (${storm.credit_reason})`}`],
    ];
    const timeline = storm.timeline.map((one): Cell[] => [timeText(one.at), eventText(one)]);
    call.answer(storm, [...facts(call.paint, rows), "", ...table(call.paint, ["AT", "EVENT"], timeline)]);
    return exit.ok;
  },
};
