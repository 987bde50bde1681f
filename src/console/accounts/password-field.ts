import { html, nothing, raw } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import type { Faults } from "../form.ts";
import { fault, wrong } from "../parts.ts";

/** A line for a password. It comes back empty, and is never part of an address (`secrets.ts`). */
export const passwordField = (
  faults: Faults,
  about: { readonly name: "password" | "present"; readonly label: string; readonly isFirst?: boolean },
): Html => {
  const { name, label, isFirst } = about;
  const isNew = name === "password";
  const hint = html`<p class="hint">12 to 128 characters, any: a few words that do not belong together are good. A password manager makes better ones.</p>`;
  return html`<div class="field"><label class="field" for="${name}">${label}</label><input id="${name}" name="${name}" type="password" autocomplete="${isNew ? "new-password" : "current-password"}" required${isFirst === true ? raw(" autofocus") : ""}${fault(name, faults[name])}>${wrong(name, faults[name])}${isNew ? hint : nothing}</div>`;
};
