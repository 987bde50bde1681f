import type { OpenApiDocument, Operation } from "../src/http/openapi/openapi-document.ts";

type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  description?: string;
  default?: unknown;
};
type Parameter = { name: string; in: string; required?: boolean; schema?: Schema };
type Content = Record<string, { schema?: Schema }>;

const scalar: Readonly<Record<string, string>> = {
  string: "string",
  integer: "number",
  number: "number",
  boolean: "boolean",
  null: "null",
};

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`).join("");

const objectType = (schema: Schema): string => {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const about = field.description === undefined ? "" : `/** ${field.description.replaceAll("*/", "")} */\n`;
    return `${about}${name}${schema.required?.includes(name) === true ? "" : "?"}: ${typeOf(field)};`;
  });
  return fields.length === 0 ? "Record<string, unknown>" : `{\n${indented(fields)}}`;
};

/** A JSON Schema of the document as a TypeScript type. @throws for what the document has not used so far */
const typeOf = (schema: Schema): string => {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return several.map(typeOf).join(" | ");
  if (schema.allOf !== undefined)
    return schema.allOf
      .map(typeOf)
      .filter((type) => type !== "unknown")
      .join(" & ");
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 0) return "unknown";
  return types
    .map((type) => {
      if (type === "object") return objectType(schema);
      if (type === "array") return `(${typeOf(schema.items ?? {})})[]`.replace(/^\((\w+)\)/, "$1");
      const found = scalar[type];
      if (found === undefined) throw new Error(`a schema of type ${type} has no TypeScript type yet`);
      return found;
    })
    .join(" | ");
};

const parametersType = (parameters: readonly Parameter[], place: string): string | null => {
  const own = parameters.filter((one) => one.in === place);
  if (own.length === 0) return null;
  const optional = own.every(({ required }) => required !== true);
  const fields = own.map(({ name, required, schema = {} }) => `${name}${required === true ? "" : "?"}: ${typeOf(schema)};`);
  return `${place}${optional ? "?" : ""}: { ${fields.join(" ")} };`;
};

const jsonOf = (content: Content | undefined): Schema | undefined => content?.["application/json"]?.schema;

/** A field with a default may be left out of a request, but is always in an answer: the document says both by `required`. */
const operationType = (operation: Operation): string => {
  const parameters = (operation.parameters ?? []) as Parameter[];
  const body = jsonOf((operation["requestBody"] as { content?: Content } | undefined)?.content);
  const [status, response] = Object.entries(operation.responses ?? {}).find(([code]) => code.startsWith("2")) ?? [];
  const json = jsonOf(response?.["content"] as Content | undefined);
  const result = json === undefined ? (status === "204" ? "undefined" : "string") : typeOf(json);
  const lines = [
    parametersType(parameters, "path"),
    parametersType(parameters, "query"),
    body === undefined ? null : `body: ${typeOf(body)};`,
    `result: ${result};`,
  ].filter((line) => line !== null);
  return `{\n${indented(lines)}}`;
};

/** The source of `src/client/operations.ts`. */
export const clientTypes = (document: OpenApiDocument): string => {
  const schemas = Object.entries(document.components.schemas ?? {}).map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema as Schema)};\n`,
  );
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => `/** ${operation.summary ?? ""} */\n"${method.toUpperCase()} ${path}": ${operationType(operation)};`,
    ),
  );
  return (
    `// Generated from the OpenAPI document by \`npm run client:generate\`: not to be edited.\n\n${schemas.join("\n")}\n` +
    `/** Every operation of the API: what it takes, and what a success answers. */\nexport type Operations = {\n${indented(operations)}};\n`
  );
};
