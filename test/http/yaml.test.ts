import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import type { Yaml } from "../../src/http/yaml.ts";
import { yaml } from "../../src/http/yaml.ts";

/** What readers of YAML are known to take for something else. */
const tricky = ["", "yes", "no", "y", "null", "~", "true", "1e3", "0x1", "0o7", "12:30:45", "2026-11-27", ".inf", ".nan", "=", "<<"];
const odd = [
  "- a",
  "a: b",
  "# c",
  "{x}",
  "[x]",
  "&a",
  "*a",
  "!t",
  "|",
  ">",
  "%",
  "@",
  "`",
  "'",
  '"',
  "\\",
  "\u0085",
  "\u2028",
  "\ufeff",
  "\u007f",
  "\t",
  "\n ",
  "👍",
];
const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...tricky, ...odd));
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
);

const { document } = fc.letrec<{ document: Yaml }>((tie) => ({
  document: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("document"), { maxLength: 4 }),
    // Its reader would set the prototype.
    fc.dictionary(
      text.filter((name) => name !== "__proto__"),
      tie("document"),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
}));

it.each(["1.1", "1.2"] as const)("whatever is written is read back as it was by a reader of YAML %s", (version) => {
  fc.assert(
    fc.property(document, (value) => {
      expect(parse(yaml(value), { version, strict: true, merge: false })).toEqual(value);
    }),
    { numRuns: 2_000 },
  );
});

it("quotes every text, and of keys what is no plain word", () => {
  expect(yaml({ kind: "SLO", on: "a", "x-y": ["b", { bad: 1.5, of: [] }, [], {}], none: null, spec: { rolling: true } })).toBe(`kind: "SLO"
"on": "a"
"x-y":
  - "b"
  - bad: 1.5
    "of": []
  - []
  - {}
none: null
spec:
  rolling: true
`);
});
