import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { exampleOf } from "../openapi/openapi-example.ts";
import { jsonText } from "./json-text.ts";
import { resolved } from "./model.ts";
import type { Content, Schema, Schemas, Told } from "./model.ts";
import { originMark } from "./prose.ts";

const jsonType = "application/json";

/**
 * A body that does what the operation is for: the schema's own example, else what is required; of a change one field; else everything.
 * What is optional is in the table beside it.
 */
export const requestExample = (schema: Schema, method: string, schemas: Schemas): unknown => {
  const own = resolved(schema, schemas);
  const { example, properties, required = [] } = own;
  if (example !== undefined || properties === undefined) return exampleOf(own, schemas);
  const all = Object.keys(properties);
  const fallback = method === "PATCH" ? all.slice(0, 1) : all;
  const names = required.length > 0 ? required : fallback;
  return exampleOf({ ...own, properties: Object.fromEntries(names.map((name) => [name, properties[name] ?? {}])) }, schemas);
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** An example as it stands in a path or a query. */
const inUrl = (schema: Schema | undefined, schemas: Schemas): string => {
  const value = exampleOf(schema ?? {}, schemas);
  return encodeURIComponent(typeof value === "string" ? value : JSON.stringify(value ?? 1));
};

/** The path with examples in the place of its parameters, and the query that it can not be without. */
const targetOf = ({ path, parameters }: Told, schemas: Schemas): string => {
  const valueOf = (wanted: string): string =>
    inUrl(parameters.find(({ name, in: place }) => name === wanted && place === "path")?.schema, schemas);
  const query = parameters
    .filter(({ in: place, required }) => place === "query" && required === true)
    .map(({ name, schema }) => `${name}=${inUrl(schema, schemas)}`);
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => valueOf(name)) + (query.length === 0 ? "" : `?${query.join("&")}`);
};

/** The schema of the JSON body that an operation takes; null: it takes none. */
export const bodySchema = ({ body }: Told): Schema | null => body?.[jsonType]?.schema ?? null;

/** A command to paste into a shell in which the credential is a variable. */
const curl = (operation: Told, schemas: Schemas): string => {
  const { method, credential } = operation;
  const url = originMark + targetOf(operation, schemas);
  const schema = bodySchema(operation);
  const body = schema === null ? [] : [`-H 'Content-Type: ${jsonType}'`, `-d ${quoted(jsonText(requestExample(schema, method, schemas)))}`];
  const options = [...(credential === null ? [] : [`-H "Authorization: Bearer $${credential}"`]), ...body];
  const first = `curl ${method === "GET" ? "" : `-X ${method} `}${url.includes("?") ? `"${url}"` : url}`;
  return [first, ...options].join(" \\\n  ");
};

const argument = (name: string, type: Schema | undefined, schemas: Schemas): string =>
  `${name}: ${JSON.stringify(exampleOf(type ?? {}, schemas) ?? 1)}`;

/** The same by the typed client; its body is that of the command. */
const clientCall = (operation: Told, schemas: Schemas): string => {
  const { method, path, parameters } = operation;
  const of = (place: string) =>
    parameters.filter((one) => one.in === place && one.required === true).map(({ name, schema }) => argument(name, schema, schemas));
  const parts = [
    ...(of("path").length === 0 ? [] : [`path: { ${of("path").join(", ")} }`]),
    ...(of("query").length === 0 ? [] : [`query: { ${of("query").join(", ")} }`]),
    ...(bodySchema(operation) === null ? [] : ["body"]),
  ];
  return `await tranche.request("${method} ${path}"${parts.length === 0 ? "" : `, { ${parts.join(", ")} }`})`;
};

/** Longer ones are folded: a page is read for its shape first. */
const openLines = 32;

const answerExample = (status: string, type: string, text: string): Html => {
  const lines = text.split("\n").length;
  return html`<details class="answer"${lines <= openLines ? html` open` : ""}><summary>${status} <code>${type}</code>${lines <= openLines ? "" : `, ${lines} lines`}</summary><pre>${text}</pre></details>`;
};

const textOf = (type: string, schema: Schema, schemas: Schemas): string | null => {
  if (type === jsonType) return jsonText(exampleOf(schema, schemas));
  const { example, enum: choices } = resolved(schema, schemas);
  const value = example ?? choices?.[0];
  return typeof value === "string" ? value : null;
};

/** The success that the operation is for. */
const success = ({ answers }: Told): readonly [string, Content] => {
  const [status, answer] = Object.entries(answers).find(([code]) => code.startsWith("2")) ?? ["", {}];
  return [status, answer?.content ?? {}];
};

/** What is sent, and what comes back. */
export const examples = (operation: Told, schemas: Schemas): Html => {
  const [status, content] = success(operation);
  const shown = Object.entries(content).flatMap(([type, { schema = {} }]) => {
    const text = textOf(type, schema, schemas);
    return text === null ? [] : [answerExample(status, type, text)];
  });
  const call = operation.credential === "TRANCHE_TOKEN" ? html`<pre class="call">${clientCall(operation, schemas)}</pre>` : "";
  return html`<div class="examples"><pre>${curl(operation, schemas)}</pre>${call}${shown}</div>`;
};
