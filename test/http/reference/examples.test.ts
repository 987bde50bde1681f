import { Validator } from "@cfworker/json-schema";
import type { Schema as ValidatorSchema } from "@cfworker/json-schema";
import { describe, expect, it } from "vitest";
import type { OpenApiDocument } from "../../../src/http/openapi/openapi-document.ts";
import { exampleOf } from "../../../src/http/openapi/openapi-example.ts";
import { requestExample } from "../../../src/http/reference/example-view.ts";
import { jsonText } from "../../../src/http/reference/json-text.ts";
import { operationsOf } from "../../../src/http/reference/model.ts";
import type { Schema, Schemas } from "../../../src/http/reference/model.ts";
import type { Operation } from "../../support/openapi.ts";
import { staticContract } from "../../support/static-contract.ts";

const { document, operations } = await staticContract();
const reference = document as unknown as OpenApiDocument;
const schemas = reference.components.schemas as Schemas;
const told = operationsOf(reference);
const jsonType = "application/json";

/** What an example says that its schema, with every reference in place, does not let in. */
const faultsOf = (schema: unknown, example: unknown): readonly string[] =>
  new Validator(schema as ValidatorSchema, "2020-12", false)
    .validate(example)
    .errors.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`);

/** What begins and what ends, in one object. */
const spans = [
  ["from", "to"],
  ["window_start", "window_end"],
  ["started_at", "ended_at"],
  ["issued_at", "due_at"],
  ["created_at", "expires_at"],
] as const;

/** Spans that end before they begin, or at that moment, and times that are of no day around these examples'. */
const oddTimes = (value: unknown, at = ""): readonly string[] => {
  if (typeof value === "string") return /^\d{4}-\d\d-\d\dT/.test(value) && !/^202[67]-/.test(value) ? [`${at}: ${value}`] : [];
  if (typeof value !== "object" || value === null) return [];
  const fields = value as Readonly<Record<string, unknown>>;
  const turned = spans.filter(
    ([begin, end]) => typeof fields[begin] === "string" && typeof fields[end] === "string" && fields[begin] >= fields[end],
  );
  return [
    ...turned.map(([begin, end]) => `${at}: ${begin} ${String(fields[begin])}, ${end} ${String(fields[end])}`),
    ...Object.entries(fields).flatMap(([name, field]) => oddTimes(field, `${at}/${name}`)),
  ];
};

const answersOf = ({ method, path, responses }: Operation) => {
  const one = told.find((other) => other.method === method && other.path === path);
  return Object.entries(one?.answers ?? {}).flatMap(([status, { content = {} }]) => {
    const schema = content[jsonType]?.schema;
    return schema === undefined ? [] : [{ status, schema, closed: responses[status]?.content?.[jsonType]?.schema }];
  });
};

const bodyOf = ({ method, path }: Operation): Schema | null =>
  told.find((other) => other.method === method && other.path === path)?.body?.[jsonType]?.schema ?? null;

it.each(operations.filter((operation) => bodyOf(operation) !== null))("$title shows a body that it takes", (operation) => {
  const example = requestExample(bodyOf(operation) ?? {}, operation.method, schemas);
  expect([faultsOf(operation.body, example), oddTimes(example)]).toEqual([[], []]);
});

it.each(operations)("$title shows answers that it gives", (operation) => {
  for (const { status, schema, closed } of answersOf(operation)) {
    const example = exampleOf(schema, schemas);
    expect([status, faultsOf(closed, example), oddTimes(example)]).toEqual([status, [], []]);
  }
});

it("knows a wrong example", () => {
  expect(faultsOf({ type: "object", required: ["a"] }, {})).not.toEqual([]);
  expect(oddTimes({ a: [{ from: "2026-11-21T00:00:00Z", to: "2026-11-21T00:00:00Z" }], b: "1970-01-01T00:00:00Z" })).toHaveLength(2);
});

describe("JSON to be read", () => {
  it("keeps what fits on one line, and is the same JSON", () => {
    const value = {
      steps: [10, 50, 100],
      name: "a name that is as long as names of services are in some companies",
      none: {},
      list: [],
      inner: { a: 1, b: null },
    };
    const text = jsonText(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text.split("\n")).toHaveLength(7);
    expect(text).toContain('  "steps": [10, 50, 100],\n');
    expect(text).toContain('  "inner": { "a": 1, "b": null }\n');
  });
});
