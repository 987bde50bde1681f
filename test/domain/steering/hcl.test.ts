import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HclDocument, HclValue } from "../../../src/domain/steering/hcl.ts";
import { writeHcl, writeTerraformJson } from "../../../src/domain/steering/hcl.ts";
import { evaluated, hasTerraform, inFolder, parsed, templateText } from "../../support/terraform.ts";

const hostile = [
  '${file("/etc/passwd")}',
  "%{ for x in [1] }x%{ endfor }",
  "$${",
  "$$${x}",
  "$$$${x}",
  "%%%{x",
  "${",
  "%{",
  "$",
  "$$",
  "$\\{",
  "\\",
  '\\"',
  '"',
  '"\n}\nresource "x" "y" {',
  "\r\n",
  "\u2028\u2029",
  "\u202Etxt",
  "\0\u0001\u007F\u0085",
  "\uFEFF",
  "😀 é",
  "\uD800",
  "#",
  "//",
  "/* */",
  "<<EOT\nx\nEOT",
  "{}",
  "\t",
  "e\u0301",
];
const piece = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const anyText = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(""));

/** What the language can have: UTF-8, in normal form C ("Strings and Templates": cty). */
const heard = (text: string): string => text.replaceAll(/\p{Cs}/gu, "\uFFFD").normalize("NFC");

const documentOf = (text: string): HclDocument => [
  { comment: text },
  {
    block: "locals",
    attributes: {
      plain: text,
      list: [text, { object: { [`k${text}`]: text } }],
      deep: { object: { a: { object: { [`k${text}`]: [text] } } } },
      encoded: { encoded: { object: { [`k${text}`]: text } } },
    },
  },
  { comment: text },
];

describe("a text in Terraform's configuration", () => {
  it("is that text to HashiCorp's parser, and never a part of the configuration", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const found = await parsed(writeHcl(documentOf(text)));
        expect(Object.keys(found)).toEqual(["locals"]);
        const [locals] = found["locals"] as [{ plain: string; list: [string, Record<string, string>]; encoded: string }];
        expect(Object.keys(locals).toSorted()).toEqual(["deep", "encoded", "list", "plain"]);
        expect(templateText(locals.plain)).toBe(heard(text));
        expect(templateText(locals.list[0])).toBe(heard(text));
        expect(Object.values(locals.list[1]).map(templateText)).toEqual([heard(text)]);
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(!hasTerraform)("is that text to Terraform, in both syntaxes", () => {
    // The way by which values are read from Terraform here loses a byte order mark that one begins with.
    const texts = [...hostile, ...fc.sample(anyText, 300)].filter((text) => !text.startsWith("\uFEFF"));
    const value: HclValue = texts.map((text, index) => ({ object: { [`${index}${text}`]: text } }));
    const document: HclDocument = [
      ...texts.map((text) => ({ comment: text })),
      { block: "locals", attributes: { values: value, encoded: { encoded: value } } },
    ];
    const expected = texts.map((text, index) => ({ [heard(`${index}${text}`)]: heard(text) }));
    for (const files of [{ "main.tf": writeHcl(document) }, { "main.tf.json": JSON.stringify(writeTerraformJson(document)) }]) {
      expect(evaluated(files, "local.values")).toEqual(expected);
      expect(evaluated(files, "jsondecode(local.encoded)")).toEqual(expected);
    }
  });

  it.skipIf(!hasTerraform)("is laid out as terraform fmt has it", () => {
    const document: HclDocument = [
      { comment: "one" },
      ...fc.sample(fc.string({ unit: "grapheme-ascii", maxLength: 80 }), 40).map((text) => documentOf(text)[1] ?? "gap"),
    ];
    inFolder({ "main.tf": writeHcl(document) }, (terraform) => expect(terraform(["fmt", "-check", "-diff"])).toEqual({ code: 0, out: "" }));
  });

  it("shows nobody another order than it has", () => {
    expect(writeHcl([{ comment: "a\u202Eb\nresource" }, { block: "x", attributes: { y: "a\u202Eb\u200B\u{E0041}" } }])).toBe(
      '# a b resource\nx {\n  y = "a\\u202eb\\u200b\\U000e0041"\n}\n',
    );
  });
});
