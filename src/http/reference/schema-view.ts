import { html, joined, nothing } from "../html.ts";
import type { Html } from "../html.ts";
import { nameOf, schemaId } from "./model.ts";
import type { Parameter, Schema } from "./model.ts";
import { prose } from "./prose.ts";

const code = (value: unknown): Html => html`<code>${typeof value === "string" ? value : JSON.stringify(value)}</code>`;

/** A type in words; of a named one, with the way to it. */
export const typeOf = (schema: Schema): Html => {
  if (schema.$ref !== undefined) return html`<a href="#${schemaId(nameOf(schema.$ref))}">${nameOf(schema.$ref)}</a>`;
  if (schema.enum !== undefined)
    return joined(
      schema.enum.map((value) => code(JSON.stringify(value))),
      " or ",
    );
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return joined(several.map(typeOf), " or ");
  if (schema.allOf !== undefined) return joined(schema.allOf.map(typeOf), " with ");
  if (schema.items !== undefined) return html`array of ${typeOf(schema.items)}${[schema.type].flat().includes("null") ? " or null" : ""}`;
  return html`${schema.type === undefined ? "any" : [schema.type].flat().join(" or ")}`;
};

/** No upper limit but that of exact integers. */
const boundless = Number.MAX_SAFE_INTEGER;

/** `1 to 200`, `at least 1`, `at most 200`; empty without a limit. */
const between = (least: number | undefined, most: number | undefined, unit = ""): readonly string[] => {
  const to = most === boundless ? undefined : most;
  if (least === undefined) return to === undefined ? [] : [`at most ${to}${unit}`];
  if (to === undefined) return [`at least ${least}${unit}`];
  return [least === to ? `${to}${unit}` : `${least} to ${to}${unit}`];
};

/** An example that says more than what is said already. */
const tellingExample = ({ example, default: usual }: Schema): boolean =>
  example !== undefined && example !== null && JSON.stringify(example) !== JSON.stringify(usual);

/** What may be said of a value beyond its type. */
const rulesOf = (schema: Schema): readonly string[] => [
  ...(schema.format === undefined ? [] : [schema.format]),
  ...between(schema.minimum, schema.maximum),
  ...(schema.exclusiveMinimum === undefined ? [] : [`more than ${schema.exclusiveMinimum}`]),
  ...(schema.multipleOf === undefined ? [] : [`in steps of ${schema.multipleOf}`]),
  ...between(schema.minLength, schema.maxLength, " characters"),
  ...between(schema.minItems, schema.maxItems, " items"),
  ...between(schema.minProperties, schema.maxProperties, " fields"),
  // The pattern of what has a format only narrows that, for machines.
  ...(schema.pattern === undefined || schema.format !== undefined ? [] : [html`pattern ${code(schema.pattern)}`]),
  ...(schema.default === undefined ? [] : [html`default ${code(schema.default)}`]),
  ...(!tellingExample(schema) ? [] : [html`such as ${code(schema.example)}`]),
];

const row = (name: string, note: string, schema: Schema, about = schema.description): Html => {
  // What is said of the items of a list is said of the list.
  const rules = [...rulesOf(schema), ...(schema.items?.$ref === undefined && schema.items !== undefined ? rulesOf(schema.items) : [])];
  const type = html`<span class="type">${joined([typeOf(schema), ...rules], ", ")}</span>`;
  return html`<tr><th scope="row"><code>${name}</code>${note === "" ? "" : html` <small>${note}</small>`}</th><td>${type}${about === undefined ? "" : html`<br>${prose(about)}`}</td></tr>`;
};

/** The fields of an object or of the objects in a list, and below each those within, under their full names. */
const rows = (schema: Schema, within = ""): readonly Html[] => {
  const required = schema.required ?? schema.items?.required ?? [];
  const inner = schema.items === undefined ? within : `${within}[]`;
  const prefix = inner === "" || inner === "[]" ? "" : `${inner}.`;
  return Object.entries(schema.properties ?? schema.items?.properties ?? {}).flatMap(([name, field]) => [
    row(`${prefix}${name}`, required.includes(name) ? "required" : "", field),
    ...rows(field, `${prefix}${name}`),
  ]);
};

const table = (caption: string, all: readonly Html[]): Html =>
  all.length === 0 ? nothing : html`<table class="fields"><caption>${caption}</caption><tbody>${all}</tbody></table>`;

/** The fields of a schema as a table, and what it takes over from others. */
export const fields = (schema: Schema, caption: string): Html => {
  const inherited = (schema.allOf ?? []).map((part) =>
    part.$ref === undefined ? fields(part, caption) : html`<p>All of ${typeOf(part)}, and:</p>`,
  );
  return html`${inherited}${table(caption, rows(schema))}`;
};

/** The parameters of an operation, each with its place. */
export const parameterTable = (parameters: readonly Parameter[]): Html =>
  table(
    "Parameters",
    parameters.map(({ name, in: place, required, schema = {}, description }) =>
      row(name, required === true ? `${place}, required` : place, schema, description),
    ),
  );

/** A named schema as a section of its own. */
export const schemaSection = (name: string, { description, ...schema }: Schema): Html => {
  const shown = fields(schema, name);
  const isPlain = shown.toString() === "";
  return html`<section id="${schemaId(name)}" data-kind="schema"><h3><a href="#${schemaId(name)}">${name}</a></h3>${description === undefined ? "" : html`<p>${prose(description)}</p>`}${isPlain ? html`<p>${joined([typeOf(schema), ...rulesOf(schema)], ", ")}</p>` : shown}</section>`;
};
