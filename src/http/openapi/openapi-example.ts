/** The part of JSON Schema that examples are made of. */
type Schema = { readonly [rule: string]: unknown };
type Schemas = Readonly<Record<string, Schema>>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;
const listOf = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const ofType: Readonly<Record<string, (schema: Schema) => unknown>> = {
  integer: (schema) => schema["minimum"] ?? 0,
  number: (schema) => schema["minimum"] ?? schema["maximum"] ?? 0,
  boolean: () => false,
  string: () => "text",
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
    return Object.fromEntries(fields);
  }
  if (isSchema(schema["items"])) return [exampleOf(schema["items"], schemas)];
  const type = [schema["type"]].flat()[0];
  return typeof type === "string" ? (ofType[type]?.(schema) ?? {}) : null;
};
