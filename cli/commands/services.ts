import type { Command } from "../command.ts";
import { exit } from "../exit.ts";
import type { FleetService } from "../services.ts";
import { fleetOf, toneOf } from "../services.ts";
import type { Cell, Paint } from "../text.ts";
import { lengthText, table } from "../text.ts";

const servingText = ({ serving, primary_cdn: primary, backup_cdn: backup }: FleetService): string =>
  serving === "primary" ? primary : serving === "backup" ? backup : serving;

const ageText = ({ last_round_age_seconds: age }: FleetService): string => (age === null ? "never" : `${lengthText(age)} ago`);

/** The services as rows, their customer where there are several. */
export const fleetTable = (paint: Paint, services: readonly FleetService[]): string[] => {
  const several = new Set(services.map(({ customer_id }) => customer_id)).size > 1;
  const head = ["ID", "SERVICE", ...(several ? ["CUSTOMER"] : []), "TROUBLE", "STATE", "REASON", "SERVED BY", "BACKUP", "READY", "PROBED"];
  const rows = services.map((one): Cell[] => [
    String(one.service_id),
    one.name,
    ...(several ? [one.customer_name] : []),
    { text: one.trouble === "none" ? "-" : one.trouble, tone: toneOf(one.trouble) },
    one.state,
    one.override === null ? one.reason : `${one.reason} (${one.override.mode}: ${one.override.reason})`,
    servingText(one),
    one.backup_health ?? "-",
    one.readiness,
    ageText(one),
  ]);
  return table(paint, head, rows);
};

export const services: Command = {
  name: "services",
  summary: "lists the services, those in trouble first: who serves them, and why",
  flags: { trouble: { says: "only those in trouble" } },
  run: async ({ session, paint, on, answer }) => {
    const all = await fleetOf(await session());
    const shown = on("trouble") ? all.filter(({ trouble }) => trouble !== "none") : all;
    const empty = all.length === 0 ? "no services yet: POST /v1/services makes one" : "no service is in trouble";
    answer(shown, shown.length === 0 ? [empty] : fleetTable(paint, shown));
    return exit.ok;
  },
};
