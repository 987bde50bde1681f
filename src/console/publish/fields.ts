import type { z } from "@hono/zod-openapi";
import { AppError } from "../../errors.ts";
import { html, nothing, raw } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { jsonPointer } from "../../http/strict-json.ts";
import { fault, note, wrong } from "../parts.ts";

/** More than an update of 2,000 letters takes, each of which may be nine bytes in a form, and than the names of fifty services. */
export const mostFormBytes = 64 * 1024;

/** What is wrong with a form, by field: by the pointer of the API without its slash. What is about none is under "". */
export type Faults = Readonly<Record<string, string>>;

/** What was typed, and what is wrong with it. */
export type Typed = { readonly fields: URLSearchParams; readonly faults: Faults };

/** A body made of a form, by the schema of its route. @throws AppError `bad_request` naming each field */
export const readInput = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> => {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const fields = read.error.issues.map(({ path, message }) => ({ pointer: jsonPointer(path.map(String)), detail: message }));
  throw new AppError("bad_request", "the form is not valid", { fields });
};

/** Refusals that whoever sent the form can do something about. @throws whatever else it was */
export const refusalOf = (error: unknown): { readonly faults: Faults; readonly status: 400 | 409 } => {
  if (!(error instanceof AppError) || (error.code !== "bad_request" && error.code !== "conflict")) throw error;
  const faults =
    error.fields.length === 0
      ? { "": error.message }
      : Object.fromEntries(error.fields.map(({ pointer, detail }) => [pointer.replace(/^\//, ""), detail]));
  return { faults, status: error.code === "bad_request" ? 400 : 409 };
};

/** What a form says of the state that it was made of, which its sender can not see; null: nothing. */
export const numberOf = (fields: URLSearchParams, name: string): number | null => {
  const value = Number(fields.get(name) || Number.NaN);
  return Number.isSafeInteger(value) ? value : null;
};

type About = { readonly name: string; readonly label: string; readonly hint?: string; readonly isFirst?: boolean };

const flags = ({ name, isFirst }: About, faults: Faults): Html =>
  html`${isFirst === true ? raw(" autofocus") : ""}${fault(name, faults[name])}`;

const wrapped = ({ name, label, hint }: About, faults: Faults, input: Html): Html =>
  html`<div class="field"><label class="field" for="${name}">${label}</label>${input}${wrong(name, faults[name])}${hint === undefined ? "" : html`<p class="hint">${hint}</p>`}</div>`;

export const line = ({ fields, faults }: Typed, about: About): Html =>
  wrapped(
    about,
    faults,
    html`<input id="${about.name}" name="${about.name}" type="text" value="${fields.get(about.name) ?? ""}" autocomplete="off"${flags(about, faults)}>`,
  );

export const prose = ({ fields, faults }: Typed, about: About): Html =>
  wrapped(
    about,
    faults,
    // A browser takes the first line break of a text away.
    html`<textarea id="${about.name}" name="${about.name}" rows="5"${flags(about, faults)}>\n${fields.get(about.name) ?? ""}</textarea>`,
  );

export const choice = ({ fields, faults }: Typed, about: About, choices: readonly (readonly [string, string])[]): Html =>
  wrapped(
    about,
    faults,
    html`<select id="${about.name}" name="${about.name}"${flags(about, faults)}>${choices.map(
      ([value, text]) => html`<option value="${value}"${value === fields.get(about.name) ? raw(" selected") : ""}>${text}</option>`,
    )}</select>`,
  );

export const checkbox = (name: string, value: string, label: Html | string, isChecked: boolean): Html =>
  html`<label class="check"><input type="checkbox" name="${name}" value="${value}"${isChecked ? raw(" checked") : ""}> ${label}</label>`;

/** What is wrong with none of the fields that say it themselves, above them. */
export const formNote = ({ faults }: Typed, known: readonly string[]): Html => {
  const rest = Object.entries(faults).filter(([name]) => !known.includes(name));
  return rest.length === 0
    ? nothing
    : note("bad", html`${rest.map(([name, detail]) => html`<p>${name === "" ? "" : html`<code>${name}</code> `}${detail}.</p>`)}`, "alert");
};

/** `2026-12-01 22:00`, in UTC, as the API takes it; what is written in another way is left to its words. Nothing: not given. */
export const timeTyped = (text: string | null): string | undefined => {
  const trimmed = (text ?? "").trim();
  if (trimmed === "") return undefined;
  const [, day, minute] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?: ?UTC|Z)?$/.exec(trimmed) ?? [];
  return day === undefined ? trimmed : `${day}T${minute}:00Z`;
};
