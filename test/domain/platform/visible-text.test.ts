import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hiddenCharacter } from "../../../src/domain/platform/visible-text.ts";

describe("hiddenCharacter", () => {
  it.each([
    ["a right-to-left override", 0x202e],
    ["a left-to-right embedding", 0x202a],
    ["an isolate", 0x2066],
    ["its end", 0x2069],
    ["a left-to-right mark", 0x200e],
    ["an Arabic letter mark", 0x061c],
    ["a zero-width space", 0x200b],
    ["a non-joiner", 0x200c],
    ["a joiner", 0x200d],
    ["a word joiner", 0x2060],
    ["an invisible plus", 0x2064],
    ["a soft hyphen", 0x00ad],
    ["a byte order mark", 0xfeff],
    ["a line separator", 0x2028],
    ["a paragraph separator", 0x2029],
    ["a Hangul filler", 0x3164],
    ["a halfwidth Hangul filler", 0xffa0],
    ["a Hangul choseong filler", 0x115f],
    ["an interlinear annotation", 0xfff9],
    ["a combining grapheme joiner", 0x034f],
    ["a variation selector", 0xfe0f],
    ["one of the supplement", 0xe0100],
    ["a tag", 0xe0041],
    ["a language tag", 0xe0001],
    ["a Mongolian vowel separator", 0x180e],
    ["a Khmer inherent vowel", 0x17b4],
    ["an empty braille cell", 0x2800],
    ["a null", 0],
    ["an escape", 0x1b],
    ["a tabulator", 9],
    ["a C1 control", 0x85],
    ["private use", 0xe000],
    ["a code of nothing", 0x0378],
    ["a non-character", 0xffff],
    ["a lone surrogate", 0xd800],
  ])("finds %s", (_, code) => {
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    expect(hiddenCharacter(`Acme${String.fromCodePoint(code)} Ltd`)).toBe(name);
  });

  it.each([
    "Acme Ltd",
    "Müller & Söhne GmbH",
    "e\u0301clair",
    "Ελλάς",
    "שלום",
    "شركة",
    "株式会社\u3000山田",
    "한국",
    "☃ 😀 №5 ½ €",
    "a\u00a0b",
    "O'Brien – «x»",
    "नमस्ते",
  ])("leaves %s alone", (text) => expect(hiddenCharacter(text)).toBeNull());

  it("has nothing against what is printed in ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        expect(hiddenCharacter(text)).toBeNull();
      }),
    );
  });
});
