import { html, isolated, nothing } from "../html.ts";
import type { Html } from "../html.ts";

/** A section that can be found. */
export type Entry = { readonly id: string; readonly title: string; readonly about: string; readonly text: string };

/** A query is at most this long: as the field of its form says. */
export const queryLimit = 100;

const entities: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

/** What a reader sees of markup. */
const textOf = (markup: string): string =>
  markup.replaceAll(/<[^>]*>/g, "").replaceAll(/&(?:lt|gt|quot|amp|#39);/g, (entity) => entities[entity] ?? entity);

const section = /<section id="([^"]+)"[^>]*data-kind="[a-z]+">([\s\S]*?)<\/section>/g;

/** Every section of a page that can be found, in its order. The page's own script reads the same of its elements. */
export const entriesOf = (page: string): readonly Entry[] =>
  [...page.matchAll(section)].map(([, id = "", inner = ""]) => ({
    id,
    title: textOf(/<h3>([\s\S]*?)<\/h3>/.exec(inner)?.[1] ?? ""),
    about: textOf(/<p class="lead">([\s\S]*?)<\/p>/.exec(inner)?.[1] ?? ""),
    text: textOf(inner).toLowerCase(),
  }));

/** Those that have every word of the query; first those that have all of them in their title. */
export const search = (entries: readonly Entry[], query: string): readonly Entry[] => {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return [];
  const found = entries.filter(({ text }) => words.every((word) => text.includes(word)));
  const isNamed = ({ title }: Entry) => words.every((word) => title.toLowerCase().includes(word));
  return [...found.filter(isNamed), ...found.filter((entry) => !isNamed(entry))];
};

/** The form; `fault` is what is wrong with what was typed. */
export const searchForm = (query: string, fault: string | null): Html => html`<form role="search" action="/docs" method="get">
<label for="q">Search operations, paths, words</label><input id="q" name="q" type="search" value="${query}" maxlength="${queryLimit}" autocomplete="off" spellcheck="false"${fault === null ? "" : html` aria-invalid="true" aria-describedby="q-wrong"`}><button>Search</button>
${fault === null ? nothing : html`<p class="wrong" id="q-wrong">${fault}</p>`}</form>`;

const result = ({ id, title, about }: Entry): Html =>
  html`<li><a href="/docs#${id}">${title}</a>${about === "" ? "" : html` <small>${about}</small>`}</li>`;

/** What was found, for browsers without JavaScript. */
export const resultList = (query: string, found: readonly Entry[]): Html => {
  const count = found.length === 0 ? "Nothing has" : found.length === 1 ? "1 section has" : `${found.length} sections have`;
  const hint =
    found.length === 0
      ? html` Try fewer words, or a part of one: <code>storm</code>, <code>/v1/services</code>, <code>evidence</code>.`
      : "";
  return html`<p>${count} all of “${isolated(query)}”.${hint}</p><ul class="found">${found.map(result)}</ul>`;
};
