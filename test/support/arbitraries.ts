import fc from "fast-check";
import type { Schema } from "./openapi.ts";
import { sample, typesOf } from "./samples.ts";

/** Texts that have broken somebody's parser, storage or shell. */
const nastyTexts = fc.constantFrom(
  "",
  " ",
  "\0",
  "a\0b",
  "\u001B[31m",
  "\u2028",
  "\u202E",
  "\uFEFF",
  "null",
  "undefined",
  "NaN",
  "true",
  "[]",
  "{}",
  "0",
  "-0",
  "1e309",
  "' or '1'='1",
  "'; drop table services; --",
  "${7*7}",
  "{{7*7}}",
  "../../etc/passwd",
  "%s%n",
  "<script>alert(1)</script>",
  "xn--",
  "xn--a",
  "a".repeat(64),
  "..",
  "a..b",
  "é",
  "e\u0301",
  "ß",
  "İ",
  "😀",
  "\u{10FFFF}",
  "١٢٣",
);

const nastyNumbers = fc.constantFrom(
  0,
  -0,
  -1,
  0.1,
  1.5,
  1e-7,
  2 ** 31,
  2 ** 31 - 1,
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  -(2 ** 53),
  1e300,
  5e-324,
  0.30000000000000004,
);

/** Any JSON there is, and some that no field has asked for. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  nastyTexts,
  nastyNumbers,
  fc.constantFrom(null, true, [], {}, [[[[]]]]),
);

const textOf = (schema: Schema): fc.Arbitrary<string> => {
  if (schema.format === "date-time") {
    return fc.date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true }).map((date) => date.toISOString());
  }
  const maxLength = Math.min(schema.maxLength ?? 60, 300);
  const plain = fc.string({ minLength: schema.minLength ?? 0, maxLength, unit: "grapheme" });
  const hostname = fc.domain();
  return schema.pattern === undefined ? fc.oneof(plain, hostname) : fc.oneof(fc.stringMatching(new RegExp(schema.pattern)), plain);
};

const numberOf = (schema: Schema, isInteger: boolean): fc.Arbitrary<number> => {
  const min = schema.minimum ?? schema.exclusiveMinimum ?? -1_000_000;
  const max = schema.maximum ?? schema.exclusiveMaximum ?? Math.max(min, 2 ** 53 - 1);
  if (isInteger) return fc.integer({ min: Math.ceil(min), max: Math.min(Math.floor(max), Math.ceil(min) + 100_000) });
  return fc.integer({ min: Math.ceil(min * 10_000), max: Math.floor(max * 10_000) }).map((units) => units / 10_000);
};

const byType = (schema: Schema, type: string): fc.Arbitrary<unknown> => {
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
      return numberOf(schema, true);
    case "number":
      return numberOf(schema, false);
    case "array":
      return fc.array(valueOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 4, 4) });
    case "object": {
      const properties = Object.entries(schema.properties ?? {});
      const fields = Object.fromEntries(properties.map(([name, inner]) => [name, valueOf(inner)]));
      return fc.record(fields, { requiredKeys: schema.required ?? [] });
    }
    default:
      return textOf(schema);
  }
};

/** Values by a schema: what it says, often its example, which alone may keep the rules that a schema cannot say. */
export const valueOf = (schema: Schema): fc.Arbitrary<unknown> => {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return fc.oneof(...branches.map(valueOf));
  const types = typesOf(schema);
  const typed = fc.oneof(...(types.length === 0 ? ["string"] : types).map((type) => byType(schema, type)));
  return schema.example === undefined && schema.default === undefined
    ? typed
    : fc.oneof({ arbitrary: fc.constant(sample(schema)), weight: 2 }, { arbitrary: typed, weight: 3 });
};

type Mutation = { readonly at: number; readonly how: "replace" | "drop" | "add" | "wrap"; readonly with: unknown };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(20),
  how: fc.constantFrom("replace", "drop", "add", "wrap"),
  with: junk,
});

/** Changes one place of a JSON value, found by counting through its fields. */
const mutated = (value: unknown, change: Mutation): unknown => {
  if (typeof value !== "object" || value === null) return change.how === "wrap" ? [value] : change.with;
  if (Array.isArray(value)) {
    return value.length === 0 ? [change.with] : value.map((item, at) => (at === change.at % value.length ? mutated(item, change) : item));
  }
  const names = Object.keys(value);
  const name = names[change.at % Math.max(1, names.length)];
  if (name === undefined || change.how === "add") return { ...value, [`extra_${change.at}`]: change.with };
  const { [name]: field, ...others } = value as Record<string, unknown>;
  if (change.how === "drop") return others;
  return { ...others, [name]: change.how === "wrap" ? [field] : change.with };
};

/**
 * Bodies by a schema: most as it says, some with one place or two made wrong, some that are not even JSON.
 * @param good bodies that keep the rules which a schema cannot say
 */
export const bodyText = (schema: Schema, good: fc.Arbitrary<unknown>): fc.Arbitrary<string> => {
  const value = fc.oneof({ arbitrary: good, weight: 1 }, { arbitrary: valueOf(schema), weight: 1 });
  const changed = fc
    .tuple(value, fc.array(mutation, { minLength: 1, maxLength: 2 }))
    .map(([body, changes]) => changes.reduce((changing: unknown, change) => mutated(changing, change), body));
  const text = fc.oneof({ arbitrary: value, weight: 6 }, { arbitrary: changed, weight: 3 }).map((body) => JSON.stringify(body));
  const broken = fc.oneof(
    fc.string(),
    junk.map((body) => JSON.stringify(body)),
    fc.tuple(text, fc.nat(200)).map(([whole, end]) => whole.slice(0, end)),
  );
  return fc.oneof({ arbitrary: text, weight: 9 }, { arbitrary: broken, weight: 1 });
};

/** Values of a query or path parameter, as text. */
export const parameterText = (schema: Schema): fc.Arbitrary<string> =>
  fc
    .oneof(
      { arbitrary: valueOf(schema).map(String), weight: 4 },
      { arbitrary: nastyTexts, weight: 1 },
      { arbitrary: fc.string({ unit: "binary", maxLength: 30 }), weight: 1 },
    )
    .filter((text) => text.isWellFormed());
