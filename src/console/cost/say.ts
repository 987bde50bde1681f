import type { Form } from "../form.ts";
import { html, nothing } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { formNote, selectField, textField } from "../fields.ts";

/** For how long an anomaly is snoozed, in hours. */
const terms = [
  ["1", "1 hour"],
  ["4", "4 hours"],
  ["24", "1 day"],
  ["72", "3 days"],
  ["168", "7 days"],
] as const;

/** What somebody is asked who says how something stands. */
export type Saying = {
  readonly path: string;
  readonly back: string;
  readonly crumb: Html;
  readonly title: Html;
  readonly says: string;
  readonly word: string;
  readonly state: string;
};

/** The page that asks why something stands so, and of a snooze for how long. */
export const sayForm = (
  form: Form,
  { path, back, crumb, title, says, word, state }: Saying,
): Html => html`<p class="crumb"><a href="${back}">${crumb}</a></p>
<h1>${title}</h1>
<p class="hint">${says}</p>
${formNote(form, ["note", ...(state === "snoozed" ? ["hours"] : [])])}<form class="card" method="post" action="${path}"><input type="hidden" name="state" value="${state}">
${state === "snoozed" ? selectField(form, { name: "hours", label: "For", initial: "24", choices: terms, isFirst: true }) : nothing}
${textField(form, { name: "note", label: "Why", isFirst: state !== "snoozed", hint: "Who looks at it next, or at the audit log, reads it. It may be left empty." })}
<div class="acts"><button class="main">${word}</button><a class="button" href="${back}">Cancel</a></div>
</form>`;
