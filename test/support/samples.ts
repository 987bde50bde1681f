import { jsonPointer } from "../../src/http/strict-json.ts";
import type { Operation, Schema } from "./openapi.ts";

/** Where something is in a JSON document. */
export type JsonPath = readonly (string | number)[];

/** One place in a body: a property, or the first item of an array. */
export type Field = { path: JsonPath; pointer: string; schema: Schema; required: boolean; nullable: boolean };

/** The JSON types that a schema lets in; empty: any. */
export const typesOf = (schema: Schema): string[] => {
  const own = schema.type === undefined ? [] : [schema.type].flat();
  return own.length > 0 ? own : (schema.anyOf ?? schema.oneOf ?? []).flatMap(typesOf);
};

/** Every place that the schema of a body describes, outer ones first. The body itself is not among them. */
export const fieldsOf = (schema: Schema, path: JsonPath = []): Field[] => {
  const field = (key: string | number, inner: Schema, required: boolean): Field[] => {
    const at = [...path, key];
    const nullable = typesOf(inner).includes("null");
    return [{ path: at, pointer: jsonPointer(at), schema: inner, required, nullable }, ...fieldsOf(inner, at)];
  };
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
    field(name, inner, schema.required?.includes(name) ?? false),
  );
  return [...properties, ...(schema.items === undefined ? [] : field(0, schema.items, false))];
};

/** The places in a body that are objects with a fixed set of fields; the body itself, where it is one, is the first. */
export const objectsOf = (schema: Schema): JsonPath[] =>
  [{ path: [] as JsonPath, schema }, ...fieldsOf(schema)].filter((at) => at.schema.properties).map((at) => at.path);

/** A value that the schema lets in, as small as it can be. */
export const sample = (schema: Schema, optional = false): unknown => {
  const given = [schema.example, schema.const, schema.enum?.[0], schema.default].find((value) => value !== undefined);
  if (given !== undefined) return given;
  const branch = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (branch !== undefined) return sample(branch, optional);
  const [type] = typesOf(schema);
  if (type === "object") {
    const names = Object.keys(schema.properties ?? {}).filter((name) => optional || schema.required?.includes(name));
    return Object.fromEntries(names.map((name) => [name, sample(schema.properties?.[name] ?? {}, optional)]));
  }
  if (type === "array") return [sample(schema.items ?? {}, optional)];
  if (type === "integer" || type === "number") return schema.minimum ?? (schema.exclusiveMinimum === undefined ? 1 : schema.maximum);
  if (type === "boolean") return true;
  return type === "string" ? "a".repeat(schema.minLength ?? 1) : null;
};

const hour = (at: number) => `2026-11-21T${String(at).padStart(2, "0")}:00:00Z`;

/** Where the smallest body by the schema breaks a rule that a schema cannot say. */
const bodies: Readonly<Record<string, unknown>> = {
  "POST /v1/cdn-accounts": { cdn: "cloudflare", account_ref: "acc", api_token: "a-token-for-tests" },
  "POST /v1/channels": { name: "hook", kind: "webhook", url: "https://hooks.example.test/in" },
  "POST /v1/operator/channels": { name: "hook", kind: "webhook", url: "https://hooks.example.test/in" },
  "PATCH /v1/channels/{id}": { name: "renamed", min_severity: "warning" },
  "PATCH /v1/operator/channels/{id}": { name: "renamed", min_severity: "warning" },
  "PATCH /v1/customers/{id}": { max_coverage_cap: 2 },
  "PATCH /v1/services/{id}/storm-policies/{childId}": { window_seconds: 30 },
  "PATCH /v1/services/{id}/objectives/{childId}": { target: 99.95, window_days: 7 },
  // In the storm that every seeded tenant has, and to a provider that none of them has.
  "PUT /v1/shards": { shards: 1, reason: "as many as there are" },
  "POST /v1/shards/move": { to: "local", reason: "whoever may be there", force: true },
  "PUT /v1/services/{id}/usage": [{ window_start: hour(3), window_end: hour(4), primary_bytes: 1 }],
  // Of the last hours by the clock of the database, which is that of the machine.
  get "POST /v1/services/{id}/slo-corrections"() {
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    return { from: ago(3), to: ago(2), reason: "maintenance" };
  },
};

/** A body that the operation takes: what is required, or for a PATCH everything. */
export const sampleBody = ({ title, method, body }: Operation): unknown =>
  bodies[title] ?? (body === null ? undefined : sample(body, method === "PATCH"));

const put = (value: unknown, path: JsonPath, leaf: unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (typeof key === "number") {
    const items = Array.isArray(value) ? [...(value as unknown[])] : [];
    items[key] = put(items[key], rest, leaf);
    return items;
  }
  const fields = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  return { ...fields, [key]: put(fields[key], rest, leaf) };
};

const here = "\u{10FFFD}";

/** The JSON text of a body with this text at one place, which need not be JSON at all. */
export const withText = (body: unknown, path: JsonPath, text: string): string =>
  path.length === 0 ? text : JSON.stringify(put(body, path, here)).replace(JSON.stringify(here), () => text);

/** The JSON text of a body without one place. */
export const without = (body: unknown, path: JsonPath): string => JSON.stringify(put(body, path, undefined));
