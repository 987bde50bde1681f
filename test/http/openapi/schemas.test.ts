import { Validator } from "@cfworker/json-schema";
import type { Schema as ValidatorSchema } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import { isObject, resolved } from "../../support/openapi.ts";
import { staticContract } from "../../support/static-contract.ts";

// What holds of every schema of the document, those of tomorrow included, so that tools in any language can read it.

const { document } = await staticContract();
type Node = Readonly<Record<string, unknown>>;
const components = (document.components as { schemas: Readonly<Record<string, Node>> }).schemas;

/** Every object of the document, with where it is; the values that examples show are none. */
const nodes = (value: unknown, at = ""): readonly { readonly at: string; readonly node: Node }[] => {
  if (Array.isArray(value)) return value.flatMap((item, index) => nodes(item, `${at}/${index}`));
  if (!isObject(value)) return [];
  const inner = Object.entries(value).filter(
    ([key]) => !["example", "examples", "default", "enum", "const"].includes(key) || at.endsWith("properties"),
  );
  return [{ at, node: value }, ...inner.flatMap(([key, item]) => nodes(item, `${at}/${key}`))];
};
const all = nodes(document);

const faultsOf = (schema: unknown, value: unknown): readonly string[] =>
  new Validator(resolved(document, schema) as ValidatorSchema, "2020-12", false).validate(value).errors.map(({ error }) => error);

describe("patterns", () => {
  const patterns = all.flatMap(({ at, node }) => (typeof node["pattern"] === "string" ? [{ at, pattern: node["pattern"] }] : []));

  it("are understood by the regular expressions of every language", () => {
    // Classes of Unicode, code points, look-around, names and references to groups: each is missing, or another, somewhere.
    const peculiar = /\\[pPuUkKhRXN]|\\x\{|\(\?(?!:)|\\[1-9]|[^\x20-\x7e]|\\x[89a-fA-F]/;
    expect(patterns.length).toBeGreaterThan(50);
    expect(patterns.filter(({ pattern }) => peculiar.test(pattern))).toEqual([]);
  });

  it("are the same with and without the flag u", () => {
    for (const { pattern } of patterns) expect(() => [new RegExp(pattern, "u"), new RegExp(pattern)]).not.toThrow();
  });
});

describe("types", () => {
  it("of arrays say what is in them", () => {
    const bare = all.filter(({ node }) => [node["type"]].flat().includes("array") && !isObject(node["items"]));
    expect(bare.map(({ at }) => at)).toEqual([]);
  });

  it("of objects are not hidden behind a choice beside their fields, of which generators make a type without any", () => {
    const hidden = all.filter(
      ({ node }) => isObject(node["properties"]) && (node["anyOf"] ?? node["oneOf"] ?? node["allOf"]) !== undefined,
    );
    expect(hidden.map(({ at }) => at).filter((at) => !/\/(if|then|else|not|dependentSchemas)\//.test(at))).toEqual([]);
  });

  it("are not said twice in ways that contradict each other", () => {
    const twice = all.flatMap(({ at, node }) => {
      const parts = (Array.isArray(node["allOf"]) ? (node["allOf"] as unknown[]) : []).map((part) => resolved(document, part) as Node);
      const fields = parts.flatMap((part) => Object.entries((part["properties"] ?? {}) as Node));
      const first = new Map<string, unknown>();
      return fields.flatMap(([name, field]) => {
        const seen = first.get(name);
        first.set(name, seen ?? field);
        return seen === undefined || JSON.stringify(seen) === JSON.stringify(field) ? [] : [`${at}: ${name}`];
      });
    });
    expect(twice).toEqual([]);
  });
});

describe("names that generators derive", () => {
  const pascal = (text: string) => text.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const isNull = (schema: Node) => schema["type"] === "null";

  /** The types without a name within a schema, each by the way to it, as in `DomainVerification`. */
  const unnamed = (schema: Node, name: string, isNamed = false): readonly string[] => {
    const choices = [schema["anyOf"], schema["oneOf"]].flatMap((list) => (Array.isArray(list) ? (list as Node[]) : []));
    const isOrNull = choices.filter((choice) => !isNull(choice)).length === 1;
    const isType = isObject(schema["properties"]) || Array.isArray(schema["enum"]) || (choices.length > 0 && !isOrNull);
    const parts = (Array.isArray(schema["allOf"]) ? (schema["allOf"] as Node[]) : []).flatMap((part) => unnamed(part, name, true));
    const fields = Object.entries((schema["properties"] ?? {}) as Record<string, Node>);
    return [
      ...(isType && !isNamed ? [name] : []),
      ...fields.flatMap(([field, inner]) => unnamed(inner, name + pascal(field))),
      ...(isObject(schema["items"]) ? unnamed(schema["items"], `${name}Item`) : []),
      ...choices.flatMap((choice, at) => unnamed(choice, isOrNull ? name : `${name}Type${at}`)),
      ...parts,
    ];
  };

  const taken = new Map(Object.keys(components).map((name) => [name.toLowerCase(), name]));
  const within = Object.entries(components).flatMap(([name, schema]) => unnamed(schema, name, true));
  const ofOperations = Object.values(document.paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => {
      const { operationId = "", parameters = [], requestBody, responses } = operation as typeof operation & { operationId?: string };
      const name = pascal(operationId);
      const bodies = Object.values(requestBody?.content ?? {}).map(({ schema }) => [`${name}Body`, schema] as const);
      const answers = Object.entries(responses).flatMap(([status, { content = {} }]) =>
        Object.values(content).map(({ schema }) => [`${name}Response${status}`, schema] as const),
      );
      const own = parameters.map((parameter) => [name + pascal(parameter.name ?? ""), parameter.schema] as const);
      return [...bodies, ...answers, ...own].flatMap(([derived, schema]) => (schema === undefined ? [] : unnamed(schema as Node, derived)));
    }),
  );

  it("are none of a component", () => {
    expect(within.length).toBeGreaterThan(50);
    expect([...within, ...ofOperations].filter((name) => taken.has(name.toLowerCase()))).toEqual([]);
  });

  it("are of one type alone", () => {
    const seen = [...within, ...new Set(ofOperations)].map((name) => name.toLowerCase());
    expect(seen.filter((name, at) => seen.indexOf(name) !== at)).toEqual([]);
  });
});

describe("examples and defaults", () => {
  it("keep to their schemas, wherever they stand", () => {
    const shown = all.flatMap(({ at, node }) => {
      const schema = (node["schema"] ?? node) as Node;
      const values = [node["example"], node["default"], ...(Array.isArray(node["examples"]) ? (node["examples"] as unknown[]) : [])];
      return values.filter((value) => value !== undefined).map((value) => ({ at, schema, value }));
    });
    expect(shown.length).toBeGreaterThan(500);
    expect(shown.map(({ at, schema, value }) => [at, faultsOf(schema, value)]).filter(([, faults]) => faults?.length !== 0)).toEqual([]);
  });

  it("of requests name no moment that has to be ahead: it would be past one day", () => {
    const asked = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map(({ requestBody }) => resolved(document, requestBody)),
    );
    const ahead = nodes(asked).flatMap(({ at, node }) => {
      const isAhead = /\/(until|ends_at|expires_at)$/.test(at) || /in the future|\bahead\b/.test(String(node["description"]));
      return isAhead && node["format"] === "date-time" && !String(node["description"]).startsWith("not in the future")
        ? [{ at, example: node["example"] }]
        : [];
    });
    expect(ahead.length).toBeGreaterThan(3);
    expect(ahead.filter(({ at, example }) => example !== null && !at.endsWith("/starts_at"))).toEqual([]);
  });
});
