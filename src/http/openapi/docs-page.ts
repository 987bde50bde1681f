import { html, joined, nothing, raw } from "../html.ts";
import type { Html } from "../html.ts";
import type { OpenApiDocument, Operation } from "./openapi-document.ts";

/** The one style of `/docs`. Its hash is in the page's Content-Security-Policy, so it is served verbatim. */
export const docsStyle = `
:root{color-scheme:light dark;--text:#1b1f24;--dim:#57606a;--page:#fff;--card:#f6f8fa;--line:#d0d7de;--link:#0550ae}
@media(prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9198a1;--page:#0d1117;--card:#161b22;--line:#30363d;--link:#79b8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
a{color:var(--link)}
h1,h2,h3{line-height:1.25}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
code,pre{font:.875em/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--card);padding:.75rem;overflow-x:auto;border-radius:6px}
nav ul{columns:14rem;list-style:none;padding:0}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;background:var(--page)}
summary{cursor:pointer;padding:.6rem .75rem;background:var(--card);border-radius:6px}
details>div{padding:0 .75rem .75rem;overflow-x:auto}
b.method{display:inline-block;min-width:4.5em;font:700 .8rem ui-monospace,monospace}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .5rem;border-top:1px solid var(--line)}
th{font-weight:600}
.dim{color:var(--dim)}
@media(max-width:40rem){thead{display:none}tr,td{display:block;border:0;padding:.1rem 0}tr{border-top:1px solid var(--line);padding:.4rem 0}}
`;

/** The part of JSON Schema that the document uses. */
type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  description?: string;
  [rule: string]: unknown;
};
type Content = Record<string, { schema?: Schema }>;
type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };

/** Escaped text in which `backticks` set code. */
const prose = (text: unknown): Html => raw(html`${String(text)}`.replaceAll(/`([^`]+)`/g, "<code>$1</code>"));

const anchor = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();

const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);

const typeOf = (schema: Schema): Html => {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return html`<a href="#schema-${anchor(name)}">${name}</a>`;
  }
  if (schema.enum !== undefined)
    return joined(
      schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`),
      " or ",
    );
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return joined(several.map(typeOf), " or ");
  if (schema.allOf !== undefined) return joined(schema.allOf.map(typeOf), " with ");
  if (schema.items !== undefined) return html`array of ${typeOf(schema.items)}`;
  return html`${schema.type === undefined ? "any" : [schema.type].flat().join(" or ")}`;
};

const ruleNames = [
  "format",
  "minimum",
  "exclusiveMinimum",
  "maximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "pattern",
  "default",
  "example",
];

const rules = (schema: Schema): Html =>
  joined(
    ruleNames.flatMap((rule) => {
      const value = schema[rule];
      return value === undefined ? [] : [html`${rule} <code>${typeof value === "string" ? value : JSON.stringify(value)}</code>`];
    }),
    ", ",
  );

const row = (name: string, note: string, schema: Schema, about = schema.description): Html =>
  html`<tr><td><code>${name}</code> <span class="dim">${note}</span></td><td>${typeOf(schema)}</td><td>${about === undefined ? "" : html`${prose(about)}<br>`}<span class="dim">${rules(schema)}</span></td></tr>`;

const table = (rows: readonly Html[]): Html =>
  rows.length === 0 ? nothing : html`<table><thead><tr><th>Name</th><th>Type</th><th>Rules</th></tr></thead><tbody>${rows}</tbody></table>`;

const fields = (schema: Schema): Html => {
  const own = schema.properties ?? schema.items?.properties ?? {};
  const required = schema.required ?? schema.items?.required ?? [];
  const inherited = (schema.allOf ?? []).map((part) =>
    part.$ref === undefined ? fields(part) : html`<p>All of ${typeOf(part)}, and:</p>`,
  );
  const rows = Object.entries(own).map(([name, field]) => row(name, required.includes(name) ? "required" : "", field));
  return html`${inherited}${table(rows)}`;
};

const contentOf = (content: Content | undefined): Html =>
  joined(
    Object.entries(content ?? {}).map(([type, { schema }]) => html`<code>${type}</code> ${schema === undefined ? "" : typeOf(schema)}`),
    raw("<br>"),
  );

const responses = (operation: Operation): Html => {
  const rows = Object.entries(operation.responses ?? {}).map(
    ([status, response]) =>
      html`<tr><td><code>${status}</code></td><td>${contentOf(response["content"] as Content | undefined)}</td><td>${prose(response["description"] ?? "")}</td></tr>`,
  );
  return html`<table><thead><tr><th>Status</th><th>Body</th><th>Meaning</th></tr></thead><tbody>${rows}</tbody></table>`;
};

const paragraph = (text: unknown): Html => (text === undefined ? nothing : html`<p>${prose(text)}</p>`);

const parameterRow = ({ name, in: place, required, schema = {}, description }: Parameter): Html =>
  row(name, required === true ? `${place}, required` : place, schema, description);

const operationSection = (method: string, path: string, operation: Operation): Html => {
  const parameters = (operation.parameters ?? []) as Parameter[];
  const body = (operation["requestBody"] as { content?: Content } | undefined)?.content;
  const parts = [
    paragraph(operation["description"]),
    table(parameters.map(parameterRow)),
    body === undefined ? nothing : html`<p>Body: ${contentOf(body)}</p>`,
    responses(operation),
  ];
  const heading = html`<b class="method">${method.toUpperCase()}</b> <code>${path}</code><br><span class="dim">${prose(operation.summary ?? "")}</span>`;
  return html`<details id="${anchor(`${method} ${path}`)}"><summary>${heading}</summary><div>${parts}</div></details>`;
};

const schemaSection = ([name, schema]: [string, object]): Html => {
  const { description, examples, ...rest } = schema as Schema & { readonly examples?: readonly unknown[] };
  const parts = [
    paragraph(description),
    fields(rest),
    ...(examples ?? []).map((example) => html`<pre>${JSON.stringify(example, null, 2)}</pre>`),
  ];
  return html`<details id="schema-${anchor(name)}"><summary><code>${name}</code></summary><div>${parts}</div></details>`;
};

type OfTag = { readonly method: string; readonly path: string; readonly operation: Operation };

const tagSection = (tag: string, own: readonly OfTag[]): Html => {
  const sections = own.map(({ method, path, operation }) => operationSection(method, path, operation));
  return html`<section id="tag-${anchor(tag)}"><h2>${tag}</h2>${joined(sections, "\n")}</section>`;
};

/** A whole HTML page of the description: no script, no image, no external resource. */
export const docsPage = (document: OpenApiDocument): string => {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation, tag: operation.tags?.[0] ?? "other" })),
  );
  const byTag = [...Map.groupBy(operations, ({ tag }) => tag)];
  const { title, version, description = "" } = document.info;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} API</title><style>${raw(docsStyle)}</style></head><body>
<header><h1>${title} API <span class="dim">${version}</span></h1>
${joined(description.split("\n\n").map(paragraph), "\n")}
<p>Credential: <code>Authorization: Bearer ...</code> or <code>X-API-Key: ...</code>. For machines: <a href="/openapi.json">/openapi.json</a>.</p>
</header>
<nav aria-label="Resources"><ul>${byTag.map(([tag]) => html`<li><a href="#tag-${anchor(tag)}">${tag}</a></li>`)}
<li><a href="#schemas">schemas</a></li></ul></nav>
<main>
${joined(
  byTag.map(([tag, own]) => tagSection(tag, own)),
  "\n",
)}
<section id="schemas"><h2>schemas</h2>${joined(Object.entries(document.components.schemas ?? {}).map(schemaSection), "\n")}</section>
</main></body></html>
`.toString();
};
