import { html, raw } from "../html.ts";
import type { Html } from "../html.ts";
import { anchor } from "./model.ts";

/** Stands for the deployment's own address until a page is sent. */
export const originMark = "{{origin}}";

/** Escaped text in which `backticks` set code. */
export const prose = (text: string): Html => raw(html`${text}`.replaceAll(/`([^`]+)`/g, "<code>$1</code>"));

const operationCode = /<code>(GET|POST|PUT|PATCH|DELETE) (\/[^<\s]*)<\/code>/g;

/**
 * Code that names an operation leads to it.
 * @param ids of all operations; other code stays as it is
 */
export const linked = (markup: string, ids: ReadonlySet<string>): string =>
  markup.replaceAll(operationCode, (code: string, method: string, path: string) => {
    const id = anchor(`${method} ${path}`);
    return ids.has(id) ? `<a href="#${id}">${code}</a>` : code;
  });
