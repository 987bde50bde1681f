import { html, joined, nothing, raw } from "../html.ts";
import type { Html } from "../html.ts";
import type { OpenApiDocument } from "../openapi/openapi-document.ts";
import type { AssetPaths } from "./assets.ts";
import { guides } from "./guides.ts";
import type { Guide } from "./guides.ts";
import { operationsOf, schemaId, anchor } from "./model.ts";
import type { Schemas, Told } from "./model.ts";
import { operationSection } from "./operation-view.ts";
import { linked, prose } from "./prose.ts";
import { schemaSection } from "./schema-view.ts";
import { resultList, searchForm } from "./search.ts";
import type { Entry } from "./search.ts";

/** The document as the page is made of it. */
type Reference = {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly operations: readonly Told[];
  readonly groups: readonly (readonly [string, readonly Told[]])[];
  readonly schemas: Schemas;
};

const referenceOf = (document: OpenApiDocument): Reference => {
  const operations = operationsOf(document);
  const { title, version, description = "" } = document.info;
  const groups = [...Map.groupBy(operations, ({ tag }) => tag)];
  return { title, version, description, operations, groups, schemas: (document.components.schemas ?? {}) as Schemas };
};

/** What each status of a problem means; the document says the same of it everywhere. */
const statusTable = (operations: readonly Told[]): Html => {
  const meanings = new Map<string, string>();
  for (const { answers } of operations) {
    for (const [status, { description = "", content = {} }] of Object.entries(answers)) {
      if (Object.keys(content).join() === "application/problem+json" && !meanings.has(status)) meanings.set(status, description);
    }
  }
  const rows = [...meanings].toSorted(([a], [b]) => Number(a) - Number(b));
  return html`<table><caption>Statuses</caption><tbody>${rows.map(([status, meaning]) => html`<tr><th scope="row"><code>${status}</code></th><td>${prose(meaning)}</td></tr>`)}</tbody></table>`;
};

const guideSection = ({ id, title, source, html: text }: Guide, operations: readonly Told[]): Html =>
  html`<section id="${id}" class="guide" data-kind="guide"><h3><a href="#${id}">${title}</a></h3>${raw(text)}${id === "errors" ? statusTable(operations) : ""}<p class="also">From <code>${source}</code>.</p></section>`;

type Place = { readonly id: string; readonly name: Html | string };

/** @param page on which the places are: empty on the page itself */
const links = (places: readonly Place[], page: string): Html =>
  html`<ul>${places.map(({ id, name }) => html`<li><a href="${page}#${id}">${name}</a></li>`)}</ul>`;

const folded = (name: string, places: readonly Place[], page: string): Html =>
  html`<details><summary>${name}</summary>${links(places, page)}</details>`;

const operationName = ({ method, path }: Told): Html => html`<b class="method">${method}</b> ${path}`;

/** Everything that there is, guides first. */
const tree = ({ groups, schemas }: Reference, page: string): Html => {
  const guidePlaces = guides.map(({ id, title }) => ({ id, name: title }));
  const groupList = groups.map(([tag, own]) =>
    folded(
      tag,
      own.map((operation) => ({ id: operation.id, name: operationName(operation) })),
      page,
    ),
  );
  const schemaPlaces = Object.keys(schemas).map((name) => ({ id: schemaId(name), name }));
  return html`<div id="tree"><h2>Guides</h2>${links(guidePlaces, page)}<h2>Operations</h2>${groupList}<h2>Schemas</h2>${folded(`all ${schemaPlaces.length}`, schemaPlaces, page)}</div>`;
};

type Frame = {
  readonly assets: AssetPaths;
  readonly title: string;
  readonly name: string;
  readonly contents: Html;
  readonly script: boolean;
  readonly main: Html;
};

const frame = ({ assets, title, name, contents, script, main }: Frame): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${assets.style}">
${script ? html`<script type="module" src="${assets.script}"></script>` : nothing}
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header class="bar"><a class="name" href="/docs">${name}</a><a class="open" href="#contents">Contents and search</a></header>
<nav id="contents" aria-label="Contents">
<a class="close" href="#main">Close</a>
${contents}
</nav>
<main id="main">
${main}
</main>
</body>
</html>
`.toString();

const introduction = ({ title, version, description }: Reference): Html => html`<h1>${title} API <small>${version}</small></h1>
${joined(
  description.split("\n\n").map((text) => html`<p>${prose(text)}</p>`),
  "\n",
)}
<p>For machines: <a href="/openapi.json">/openapi.json</a>. To look and to act: <a href="/console">the console</a>. The commands below can be pasted
into a shell that has your token in <code>TRANCHE_TOKEN</code>.</p>`;

const groupSections = ({ groups, schemas }: Reference): readonly Html[] =>
  groups.map(
    ([tag, own]) => html`<h2 id="tag-${anchor(tag)}">${tag}</h2>
${joined(
  own.map((operation) => operationSection(operation, schemas)),
  "\n",
)}`,
  );

export type ReferencePages = {
  /** The whole reference; its own address is a mark. */
  readonly whole: string;
  /** What was found, or what is wrong with the query. */
  readonly found: (query: string, found: readonly Entry[], fault: string | null) => string;
};

/** The reference of a document, and the page of its search. */
export const referencePages = (document: OpenApiDocument, assets: AssetPaths): ReferencePages => {
  const reference = referenceOf(document);
  const ids = new Set(reference.operations.map(({ id }) => id));
  const name = `${reference.title} API`;
  const found = html`<p id="count" role="status"></p><ul id="found" class="found" hidden></ul>`;
  const main = html`${introduction(reference)}
<h2>Guides</h2>
${joined(
  guides.map((guide) => guideSection(guide, reference.operations)),
  "\n",
)}
${joined(groupSections(reference), "\n")}
<h2 id="schemas">Schemas</h2>
${joined(
  Object.entries(reference.schemas).map(([schema, rules]) => schemaSection(schema, rules)),
  "\n",
)}`;
  const contents = html`${searchForm("", null)}${found}${tree(reference, "")}`;
  return {
    whole: linked(frame({ assets, title: name, name, contents, script: true, main }), ids),
    found: (query, entries, fault) =>
      frame({
        assets,
        title: `Search – ${name}`,
        name,
        contents: tree(reference, "/docs"),
        script: false,
        main: html`<h1>Search</h1>${searchForm(query, fault)}${fault === null ? resultList(query, entries) : nothing}`,
      }),
  };
};
