import type { Result } from "../../src/client/client.ts";
import type { Command } from "../command.ts";
import { exit } from "../exit.ts";
import { findService } from "../services.ts";
import type { Cell, Tone } from "../text.ts";
import { lengthText, table } from "../text.ts";

type Objective = Result<"GET /v1/objectives">[number];

const tones: Readonly<Record<Objective["status"]["state"], Tone>> = {
  breaching: "bad",
  degraded: "bad",
  at_risk: "uneasy",
  insufficient_data: "uneasy",
  healthy: "good",
};

const windowText = ({ window_days: days, calendar }: Objective): string => (days === null ? `this ${calendar ?? "?"}` : `${days} d`);

export const objectives: Command = {
  name: "objectives",
  summary: "shows objectives, the error budget that is left, and when it is spent",
  flags: { service: { value: "SERVICE", says: "of one service, by its id or name" } },
  run: async (call) => {
    const session = await call.session();
    const named = call.text("service");
    const found = named === null ? null : await findService(session, named);
    const all: Objective[] = [];
    for await (const one of (found?.client ?? session.client).each("GET /v1/objectives")) {
      if (found === null || one.service_id === found.service.service_id) all.push(one);
    }
    const rows = all.map((one): Cell[] => {
      const { state, availability, remaining_minutes: left, remaining_percent: percent, exhausted_in_minutes: spent } = one.status;
      return [
        String(one.id),
        one.service_name,
        one.name,
        `${one.target} %`,
        windowText(one),
        { text: state, tone: tones[state] },
        availability === null ? "-" : `${availability.toFixed(4)} %`,
        `${left.toFixed(1)} min (${percent.toFixed(1)} %)`,
        spent === null ? "-" : spent === 0 ? "spent" : lengthText(spent * 60),
      ];
    });
    const head = ["ID", "SERVICE", "OBJECTIVE", "TARGET", "WINDOW", "STATE", "AVAILABILITY", "BUDGET LEFT", "SPENT IN"];
    call.answer(all, rows.length === 0 ? ["no objectives yet: docs/slo.md says how one is made"] : table(call.paint, head, rows));
    return exit.ok;
  },
};
