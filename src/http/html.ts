import { html as escaping, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** Markup: a text in which everything that is none has been escaped. */
export type Html = HtmlEscapedString;

type Part = string | number | readonly (string | number)[];

/** Markup around values, each of which is escaped unless it is markup; a list is written without anything between its parts. */
export const html = (strings: TemplateStringsArray, ...values: readonly Part[]): Html =>
  // A promise only where a value is one.
  escaping(strings, ...values) as Html;

/** A text that is markup already: a constant of ours. */
export { raw };

export const nothing = raw("");

/** @param between is escaped, unless it is markup */
export const joined = (parts: readonly string[], between: string): Html =>
  html`${parts.flatMap((part, index) => (index === 0 ? [part] : [between, part]))}`;

/** User text, isolated so that its direction does not affect its surroundings (bidi). */
export const isolated = (text: string): Html => html`<bdi>${text}</bdi>`;

/** A text of several lines, each isolated. */
export const isolatedLines = (text: string): Html =>
  joined(
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "")
      .map(isolated),
    raw("<br>"),
  );
