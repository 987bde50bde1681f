import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkJson } from "../../src/http/strict-json.ts";

describe("checkJson", () => {
  it.each([
    ['{"a":1,"a":2}', "/a"],
    ['{"a":{"b":[0,{"c":1,"c":1}]}}', "/a/b/1/c"],
    ['[{"a":1},{"a":1,"\\u0061":2}]', "/1/a"],
    ['{"a/b":{"~":1,"~":2}}', "/a~1b/~0"],
    ['{"x":["a","b\\u0000"]}', "/x/1"],
    ['{"x":"\\udc00"}', "/x"],
    ['{"a\\u0000":1}', "/a\u0000"],
    ["{", ""],
    ["", ""],
    ["[".repeat(33) + "]".repeat(33), ""],
  ])("refuses %j at %j", (text, pointer) => expect(checkJson(text)).toMatchObject({ ok: false, pointer }));

  it.each(['{"a":{"a":1},"b":{"a":1}}', '[{"a":1},{"a":1}]', '{"a":"a","b":"a, \\"a\\": {"}', '"\\\\"', "1", '{"":1}'])(
    "takes %s",
    (text) => expect(checkJson(text)).toEqual({ ok: true }),
  );

  it.each([
    ["1e400", ""],
    ['{"a":1e-400}', "/a"],
    ["[0,0.10000000000000000001]", "/1"],
    ["9007199254740993", ""],
    ['{"a":[{"b":1.0000000000000000001}]}', "/a/0/b"],
    [`{"a":1e${"9".repeat(500)}}`, "/a"],
  ])("refuses %s: not all of its digits are kept", (text, pointer) => {
    expect(checkJson(text)).toEqual({ ok: false, pointer, detail: "has more digits than are kept" });
  });

  it.each([
    "-0",
    "0.0000",
    "1.500",
    "15E-1",
    "0.0150e+2",
    "5e-324",
    "1.7976931348623157e308",
    "[1,-2,3.25]",
    '{"a":1e2,"b":-1.5}',
    "0e999",
  ])("takes the number %s", (text) => {
    expect(checkJson(text)).toEqual({ ok: true });
  });

  it("takes whatever JSON.stringify writes of well-formed text", () => {
    const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        text,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.array(tie("node")),
        fc.dictionary(text, tie("node")),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (value) => {
        expect(checkJson(JSON.stringify(value, null, 2))).toEqual({ ok: true });
      }),
    );
  });

  it("finds a key that is written twice anywhere", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { maxLength: 8 }), fc.string({ unit: "grapheme" }), (path, key) => {
        if (key.includes("\0")) return;
        const name = JSON.stringify(key);
        const nested = path.reduce((inner, at) => `[${"0,".repeat(at)}${inner}]`, `{${name}:1,${name}:2}`);
        const pointer =
          path
            .toReversed()
            .map((at) => `/${at}`)
            .join("") + `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        expect(checkJson(nested)).toEqual({ ok: false, pointer, detail: "is given twice" });
      }),
    );
  });
});
