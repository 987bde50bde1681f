import { AppError } from "../errors.ts";
import { html, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { isoTime } from "../iso-time.ts";
import type { Faults } from "./form.ts";
import { fault, wrong } from "./parts.ts";

/** For how long an order may stand, in seconds; `open`: until it is released. */
const terms = [
  ["900", "15 minutes"],
  ["3600", "1 hour"],
  ["14400", "4 hours"],
  ["86400", "1 day"],
  ["604800", "7 days"],
  ["open", "until it is released"],
] as const;

/** Why, and for how long, as typed; and what is wrong with it, by field. */
export type Terms = {
  readonly reason: string;
  readonly term: string;
  readonly faults: Faults;
};

export const reasonField = ({ reason, faults }: Terms, isFirst: boolean): Html =>
  html`<div class="field"><label class="field" for="reason">Reason</label><input id="reason" name="reason" type="text" value="${reason}" required maxlength="500" autocomplete="off"${isFirst ? raw(" autofocus") : ""}${fault("reason", faults["reason"])}>${wrong("reason", faults["reason"])}<p class="hint">Who looks at a service, or at the audit log, reads it.</p></div>`;

export const termField = ({ term, faults }: Terms): Html =>
  html`<div class="field"><label class="field" for="for">For</label><select id="for" name="for"${fault("for", faults["until"])}>${terms.map(([value, text]) => html`<option value="${value}"${value === term ? raw(" selected") : ""}>${text}</option>`)}</select>${wrong("for", faults["until"])}</div>`;

/** When a term ends. @throws AppError `bad_request` for one that is not of the list */
export const untilOf = (term: string, nowMs: number): string | null => {
  if (!terms.some(([value]) => value === term)) {
    throw new AppError("bad_request", "", { fields: [{ pointer: "/until", detail: "must be one of the list" }] });
  }
  return term === "open" ? null : isoTime(nowMs + Number(term) * 1_000);
};
