import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalSecrets, guessableBits, secretFault } from "../../../src/domain/tenants/secret-strength.ts";

describe("a secret", () => {
  it.each([
    ["", 16],
    ["Zm9vYmFyYmF6cXV", 16],
    ["a".repeat(100), 32],
    ["abc".repeat(20), 16],
    ["aabbccddeeffgghhiijjkkllmmnnoopp", 32],
    ["zyxwvutsrqponmlkjihgfedcba9876543210", 32],
    ["10".repeat(40), 32],
    ["password1password1password1password1", 32],
    [" ".repeat(32), 32],
  ])("is not %j", (text, min) => {
    expect(secretFault(text, min)).not.toBeNull();
  });

  it.each([
    ["correct horse battery staple, and more", 32],
    ["9f86d081884c7d659a2feaa0c55ad015", 32],
    ["c0ffee12d00d9a7b", 16],
  ])("may be %j", (text, min) => {
    expect(secretFault(text, min)).toBeNull();
  });

  it("is never told in what is wrong with it, and counts no more for being repeated", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 12 }), fc.integer({ min: 2, max: 9 }), (text, times) => {
        expect(secretFault(text, 32) ?? "").not.toContain(text);
        expect(guessableBits(text.repeat(times))).toBeLessThanOrEqual(guessableBits(text) + 1e-9);
      }),
    );
  });
});

describe("equal secrets", () => {
  it("are named as pairs, each later one once", () => {
    const named = (name: string, text: string) => ({ name, text });
    expect(equalSecrets([named("A", "x"), named("B", "y"), named("C", "x"), named("D", "x")])).toEqual([
      { name: "C", sameAs: "A" },
      { name: "D", sameAs: "A" },
    ]);
    expect(equalSecrets([])).toEqual([]);
  });
});
