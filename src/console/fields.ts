import { html, nothing, raw } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import type { Form } from "./form.ts";
import { fault, note, wrong } from "./parts.ts";
import type { SecretField } from "./secrets.ts";

type About = {
  readonly name: string;
  readonly label: string;
  readonly hint?: Html | string;
  readonly isRequired?: boolean;
  /** Whether it has the focus when the page is there. */
  readonly isFirst?: boolean;
};

const hinted = ({ hint }: Pick<About, "hint">): Html => (hint === undefined ? nothing : html`<p class="hint">${hint}</p>`);

const wrapped = ({ name, label, hint }: About, { faults }: Form, input: Html): Html =>
  html`<div class="field"><label class="field" for="${name}">${label}</label>${input}${wrong(name, faults[name])}${hinted({ ...(hint !== undefined && { hint }) })}</div>`;

const flags = ({ name, isRequired, isFirst }: About, { faults }: Form): Html =>
  html`${isRequired === true ? raw(" required") : ""}${isFirst === true ? raw(" autofocus") : ""}${fault(name, faults[name])}`;

/** A line of text. What is in it stays where the form is refused. */
export const textField = (form: Form, about: About & { readonly initial?: string; readonly mode?: "numeric" | "decimal" }): Html => {
  const { name, initial = "", mode } = about;
  const inputMode = mode === undefined ? nothing : html` inputmode="${mode}"`;
  return wrapped(
    about,
    form,
    html`<input id="${name}" name="${name}" type="text" value="${form.fields.get(name) ?? initial}" autocomplete="off" spellcheck="false" autocapitalize="off"${inputMode}${flags(about, form)}>`,
  );
};

/** Some lines of text. */
export const proseField = (form: Form, about: About): Html =>
  wrapped(
    about,
    form,
    // A browser takes the first line break of a text away.
    html`<textarea id="${about.name}" name="${about.name}" rows="5"${flags(about, form)}>\n${form.fields.get(about.name) ?? ""}</textarea>`,
  );

/** A line that holds a credential: it is never part of an address (`secrets.ts`), and whoever mends the form sees what was typed. */
export const secretField = (form: Form, about: About & { readonly name: SecretField }): Html => textField(form, about);

type Choice = readonly [value: string, text: string];

export const selectField = (form: Form, about: About & { readonly initial?: string; readonly choices: readonly Choice[] }): Html => {
  const { name, initial = "", choices } = about;
  const chosen = form.fields.get(name) ?? initial;
  return wrapped(
    about,
    form,
    html`<select id="${name}" name="${name}"${flags(about, form)}>${choices.map(([value, text]) => html`<option value="${value}"${value === chosen ? raw(" selected") : ""}>${text}</option>`)}</select>`,
  );
};

export const checkbox = (name: string, value: string, label: Html | string, isChecked: boolean): Html =>
  html`<label class="check"><input type="checkbox" name="${name}" value="${value}"${isChecked ? raw(" checked") : ""}> ${label}</label>`;

/** Some of many; none of them means all. */
export const checkFields = (
  form: Form,
  about: {
    readonly name: string;
    readonly label: string;
    readonly hint: string;
    readonly choices: readonly (readonly [string, Html | string])[];
  },
): Html => {
  const { name, label, hint, choices } = about;
  const chosen = new Set(form.fields.getAll(name));
  const boxes = choices.map(
    ([value, text]) =>
      html`<label><input type="checkbox" name="${name}" value="${value}"${chosen.has(value) ? raw(" checked") : ""}>${text}</label>`,
  );
  const isOpen = chosen.size > 0 || form.faults[name] !== undefined;
  return html`<details class="field"${isOpen ? raw(" open") : ""}><summary>${label}</summary><fieldset><legend class="hint">${hint}</legend>${boxes}</fieldset>${wrong(name, form.faults[name])}</details>`;
};

/** By which a form counts once, however often it is sent. */
export const onceField = ({ once }: Form): Html => html`<input type="hidden" name="once" value="${once}">`;

/** What is wrong with a form and with none of its fields, above it. @param known the fields that say it themselves */
export const formNote = ({ faults }: Form, known: readonly string[]): Html => {
  const rest = Object.entries(faults).filter(([name]) => !known.includes(name));
  if (rest.length === 0) return nothing;
  const lines = rest.map(([name, detail]) => html`<p>${name === "" ? "" : html`<code>${name}</code> `}${detail}.</p>`);
  return note("bad", html`${lines}`, "alert");
};

/** A text to be copied: one press selects all of it. */
export const copyable = (text: string): Html => html`<code class="copy">${text}</code>`;

/** A secret that is shown this once, in a field from which it is copied. */
export const shownOnce = (label: string, secret: string): Html =>
  html`<div class="field secret"><label class="field" for="secret">${label}</label><input id="secret" type="text" value="${secret}" readonly autofocus autocomplete="off" spellcheck="false"><p class="hint">Copy it now: it is not kept, and this page does not come again. Loading the page anew sends the form anew, which is refused.</p></div>`;

/** Asks once before something is done that can not be undone. */
export const asking = (about: {
  readonly back: string;
  readonly crumb: Html | string;
  readonly title: Html | string;
  readonly says: Html | string;
  readonly path: string;
  readonly word: string;
  readonly inside?: Html;
}): Html => html`<p class="crumb"><a href="${about.back}">${about.crumb}</a></p>
<h1>${about.title}</h1>
<p class="hint">${about.says}</p>
<form class="card" method="post" action="${about.path}">${about.inside ?? nothing}
<div class="acts"><button class="main" autofocus>${about.word}</button><a class="button" href="${about.back}">Cancel</a></div>
</form>`;
