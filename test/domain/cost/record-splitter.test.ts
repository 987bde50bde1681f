import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRecordSplitter } from "../../../src/domain/cost/record-splitter.ts";

const split = (chunks: readonly string[], mostChars = 1_000) => {
  const splitter = createRecordSplitter("Records", mostChars);
  const pieces = chunks.flatMap((chunk) => splitter.push(chunk));
  return { texts: pieces.map((piece) => (piece.kind === "record" ? piece.text : null)), end: splitter.end() };
};
const each = (text: string, size: number) => text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];

describe("the splitter of a CloudTrail file", () => {
  it("finds what JSON.parse finds, however the text is cut into chunks and whatever stands beside the list", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
        fc.constantFrom(0, 1, 2),
        fc.integer({ min: 1, max: 50 }),
        (records, before, after, indent, size) => {
          const { Records: _a, ...first } = before;
          const { Records: _b, ...rest } = after;
          const text = JSON.stringify({ ...first, Records: records, ...rest }, null, indent);
          const { texts, end } = split(each(text, size), 1_000_000);
          expect(texts.map((one) => JSON.parse(one ?? "") as unknown)).toEqual(JSON.parse(JSON.stringify(records)));
          expect(end).toBe("whole");
        },
      ),
    );
  });

  it("gives what is whole of a text that is cut anywhere, and says that it is cut", () => {
    const records = [{ a: 'x"]}' }, { b: [1, { c: "\\" }] }, { d: "{[" }];
    const text = `  ${JSON.stringify({ Records: records })}\n`;
    for (let at = 0; at < text.trimEnd().length; at += 1) {
      const { texts, end } = split([text.slice(0, at)]);
      expect(end).toBe("cut");
      expect(texts.map((one) => JSON.parse(one ?? "") as unknown)).toEqual(records.slice(0, texts.length));
    }
    expect(split([text])).toEqual({ texts: records.map((one) => JSON.stringify(one)), end: "whole" });
  });

  it("drops an element that is too large, and no other", () => {
    const text = JSON.stringify({ Records: [{ a: 1 }, { big: "x".repeat(5_000_000) }, { b: 2 }] });
    expect(split(each(text, 65_536))).toEqual({ texts: ['{"a":1}', null, '{"b":2}'], end: "whole" });
  });

  it("leaves what is wrong within an element to its reader", () => {
    expect(split(['{"Records":[{"a":tru},{"b":1}, nope ,2]}'])).toEqual({ texts: ['{"a":tru}', '{"b":1}', "nope ", "2"], end: "whole" });
  });

  it.each([
    ["", "cut"],
    ["[]", "malformed"],
    ["null", "malformed"],
    ["{}", "no-list"],
    ['{"Records":{"Records":[1]}}', "no-list"],
    ['{"x":{"Records":[1]}}', "no-list"],
    ['{"digestS3Object":"k","logFiles":[{"a":1}]}', "no-list"],
    ['{"Records":[]}x', "malformed"],
    ['{"Records":[]}{"Records":[1]}', "malformed"],
    ['{"Records":[]}', "whole"],
    ["\ufeff{}", "no-list"],
  ])("says of %j that it is %s", (text, end) => {
    expect(split([text])).toEqual({ texts: [], end });
  });
});
