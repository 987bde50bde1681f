import type { AppContext } from "../http/env.ts";
import { html, nothing } from "../http/html.ts";
import type { Html } from "../http/html.ts";
import { readForm } from "../http/body.ts";
import { keepable } from "./secrets.ts";

/** Of a reason of 500 letters, each of which takes up to twelve in an address. */
const mostNext = 8_000;

/** As much as the longest form of the console. */
export const mostTypedBytes = 64 * 1_024;

/** Where whoever signs in goes on: a page of the console, never elsewhere, not by `..` either. */
export const onward = (next: string | null | undefined): string => {
  if (typeof next !== "string" || next.length > mostNext || !/^\/console(?:[/?][\x21-\x7e]*)?$/.test(next)) return "/console";
  const { pathname } = new URL(next, "https://console.invalid");
  return pathname === "/console" || pathname.startsWith("/console/") ? next : "/console";
};

/** What a form that was not carried out leaves: the way back to it, with what was typed; where that is too long, the text itself. */
export type Kept = { readonly path: string; readonly tooLong: readonly (readonly [name: string, text: string])[] };

/** Without secrets, which are typed again. */
export const keptOf = (path: string, fields: URLSearchParams): Kept => {
  const kept = keepable(fields);
  const whole = kept.size === 0 ? path : `${path}?${kept.toString()}`;
  if (whole.length <= mostNext) return { path: onward(whole), tooLong: [] };
  return { path: onward(path), tooLong: [...kept].filter(([, text]) => text.trim() !== "") };
};

/** What the form of a request says; null where there is none that could be read. */
export const typedOf = async (c: AppContext): Promise<URLSearchParams | null> => {
  if (c.req.method !== "POST") return null;
  if (c.var.form !== undefined) return c.var.form;
  return c.req.raw.bodyUsed ? null : await readForm(c, mostTypedBytes).catch(() => null);
};

/** What was typed, to be copied where it can not be kept. */
export const toBeCopied = ({ tooLong }: Kept): Html =>
  tooLong.length === 0
    ? nothing
    : html`<section class="typed" aria-labelledby="typed"><h2 id="typed">What you typed</h2>
<p class="hint">It is too long to be kept for you: copy it from here before you go on.</p>
${tooLong.map(([name, text], nth) => html`<div class="field"><label class="field" for="typed-${nth}">${name.replaceAll("_", " ")}</label><textarea id="typed-${nth}" rows="4" readonly>\n${text}</textarea></div>`)}</section>`;
