import { isoTime } from "../../iso-time.ts";

/** The part of JSON Schema that examples are made of. */
type Schema = { readonly [rule: string]: unknown };
type Schemas = Readonly<Record<string, Schema>>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;
const listOf = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

/** Of the digests and ids that are known by their form alone. */
const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const textOf = ({ pattern }: Schema): string => {
  const digits = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(typeof pattern === "string" ? pattern : "")?.[1];
  return digits === undefined ? "text" : hex.slice(0, Number(digits));
};

const hourMs = 3_600_000;
/** What ends after what, and how long after in an example: times of one object stand in an order that they could have. */
const ends: Readonly<Record<string, readonly [begin: string, hours: number]>> = {
  to: ["from", 1],
  window_end: ["window_start", 1],
  ended_at: ["started_at", 1],
  due_at: ["issued_at", 30 * 24],
  expires_at: ["created_at", 30 * 24],
};

const inOrder = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const [begin = "", hours = 0] = ends[name] ?? [];
      const isBoth = typeof value === "string" && value === fields[begin];
      return [name, isBoth ? isoTime(Date.parse(value) + hours * hourMs) : value];
    }),
  );

const ofType: Readonly<Record<string, (schema: Schema) => unknown>> = {
  integer: (schema) => schema["minimum"] ?? 0,
  number: (schema) => schema["minimum"] ?? schema["maximum"] ?? 0,
  boolean: () => false,
  string: textOf,
  null: () => null,
};

/**
 * An example for a schema: its own, its constant, its first choice, its default, else one built
 * from its parts.
 * @param schemas the named schemas of the document
 */
export const exampleOf = (schema: Schema, schemas: Schemas): unknown => {
  const { example, enum: choices, $ref: reference } = schema;
  if (example !== undefined) return example;
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(choices)) return choices[0] as unknown;
  if (schema["default"] !== undefined) return schema["default"];
  if (typeof reference === "string") return exampleOf(schemas[reference.slice(reference.lastIndexOf("/") + 1)] ?? {}, schemas);
  const [first] = [...listOf(schema["anyOf"]), ...listOf(schema["oneOf"])];
  if (first !== undefined) return exampleOf(first, schemas);
  const parts = listOf(schema["allOf"]).map((part) => exampleOf(part, schemas));
  if (parts.length > 0) return Object.assign({}, ...parts) as unknown;
  if (isSchema(schema["properties"])) {
    const fields = Object.entries(schema["properties"]).map(([name, field]) => [name, exampleOf(isSchema(field) ? field : {}, schemas)]);
    return inOrder(Object.fromEntries(fields));
  }
  if (isSchema(schema["items"])) return [exampleOf(schema["items"], schemas)];
  const type = [schema["type"]].flat()[0];
  return typeof type === "string" ? (ofType[type]?.(schema) ?? {}) : null;
};
