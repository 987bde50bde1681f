import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedMessage } from "../../../src/domain/notify/bounded-message.ts";
import { visible } from "../../../src/domain/notify/visible.ts";
import { hiddenCharacter } from "../../../src/domain/platform/visible-text.ts";
import { hostileMessage, hostileText } from "../../support/hostile-messages.ts";

describe("a visible text", () => {
  it.each([
    ["a\r\nBcc: x@y", 99, "a Bcc: x@y"],
    ["a\t\u0000\u2028b", 99, "a b"],
    ["\u202Egnp.exe", 99, "gnp.exe"],
    ["a\u200Bb\uFEFF", 99, "ab"],
    ["  a   b  ", 99, "a b"],
    ["abcdef", 6, "abcdef"],
    ["abcdefg", 6, "abcde…"],
    ["😀😀😀", 3, "😀😀😀"],
    ["😀😀😀😀", 3, "😀😀…"],
    ["ab cd", 4, "ab…"],
    ["abc", 1, "…"],
    ["\uD83D", 9, ""],
    ["", 9, ""],
  ])("of %j within %d is %j", (text, max, expected) => {
    expect(visible(text, max)).toBe(expected);
  });

  it("is one line without anything hidden, well-formed, within its bound, and stays as it is", () => {
    fc.assert(
      fc.property(hostileText, fc.integer({ min: 1, max: 300 }), (text, max) => {
        const shown = visible(text, max);
        expect(hiddenCharacter(shown)).toBeNull();
        expect(shown).not.toMatch(/[\r\n\t]|^\s|\s$|\s\s/);
        expect(shown.isWellFormed()).toBe(true);
        expect(Array.from(shown).length).toBeLessThanOrEqual(max);
        expect(visible(shown, max)).toBe(shown);
      }),
    );
  });
});

describe("a bounded message", () => {
  it("is within the bounds of a message, and stays as it is", () => {
    fc.assert(
      fc.property(hostileMessage, (message) => {
        const bounded = boundedMessage(message);
        expect(bounded.facts.length).toBeLessThanOrEqual(12);
        expect(bounded.services.length).toBeLessThanOrEqual(20);
        for (const text of [
          bounded.title,
          bounded.summary,
          bounded.thread,
          bounded.customer ?? "",
          ...bounded.services.map(({ name }) => name),
        ]) {
          expect(hiddenCharacter(text)).toBeNull();
          expect(Array.from(text).length).toBeLessThanOrEqual(1_000);
        }
        expect(bounded.path ?? "/").toMatch(/^\/[!-~]*$/);
        expect(boundedMessage(bounded)).toEqual(bounded);
      }),
    );
  });
});
