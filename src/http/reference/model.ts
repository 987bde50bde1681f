import type { OpenApiDocument, Operation } from "../openapi/openapi-document.ts";

/** The part of JSON Schema that the document uses. */
export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly [rule: string]: unknown;
};

export type Schemas = Readonly<Record<string, Schema>>;
export type Content = Readonly<Record<string, { readonly schema?: Schema }>>;
export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
};
export type Answer = { readonly description?: string; readonly content?: Content };

/** An operation as the page tells it. */
export type Told = {
  /** Of its section. Others link to it: it stays as it is. */
  readonly id: string;
  /** As in `POST`. */
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly body: Content | null;
  readonly answers: Readonly<Record<string, Answer>>;
  /** The variable that holds its credential in examples; null: it takes none. */
  readonly credential: string | null;
};

/** The id of a section, of what it is about. */
export const anchor = (text: string): string => text.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();

export const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf("/") + 1);

export const schemaId = (name: string): string => `schema-${anchor(name)}`;

/** Follows references to what they name. */
export const resolved = (schema: Schema, schemas: Schemas): Schema =>
  schema.$ref === undefined ? schema : resolved(schemas[nameOf(schema.$ref)] ?? {}, schemas);

type Security = readonly Readonly<Record<string, unknown>>[];

/** The schemes of the document that are other credentials than everybody's say by which variable they are configured. */
const credentialOf = (operation: Operation, document: OpenApiDocument): string | null => {
  const required = (operation.security ?? document["security"] ?? []) as Security;
  const [scheme] = required.flatMap((one) => Object.keys(one));
  if (scheme === undefined) return null;
  const schemes = document.components["securitySchemes"] as Readonly<Record<string, { readonly description?: string }>>;
  const described = schemes[scheme]?.description ?? "";
  return /^[A-Z_]+$/.test(described) ? described : "TRANCHE_TOKEN";
};

const told = (method: string, path: string, operation: Operation, document: OpenApiDocument): Told => ({
  id: anchor(`${method} ${path}`),
  method: method.toUpperCase(),
  path,
  tag: operation.tags?.[0] ?? "other",
  summary: operation.summary ?? "",
  ...(typeof operation["description"] === "string" && { description: operation["description"] }),
  parameters: (operation.parameters ?? []) as readonly unknown[] as readonly Parameter[],
  body: (operation["requestBody"] as { readonly content?: Content } | undefined)?.content ?? null,
  answers: (operation.responses ?? {}) as Readonly<Record<string, Answer>>,
  credential: credentialOf(operation, document),
});

/** Every operation, in the order of the document. */
export const operationsOf = (document: OpenApiDocument): readonly Told[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => told(method, path, operation, document)),
  );
