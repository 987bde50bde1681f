import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalName, fqdn, liesIn } from "../../../src/adapters/route53/names.ts";

describe("canonicalName", () => {
  it.each([
    ["www.example.com", "www.example.com"],
    ["www.example.com.", "www.example.com"],
    ["WWW.Example.COM.", "www.example.com"],
    ["\\052.example.com.", "*.example.com"],
    ["a\\057b.example.com.", "a/b.example.com"],
    ["a\\100b.example.com.", "a@b.example.com"],
    ["\\101pp.example.com.", "app.example.com"],
    ["_dmarc.example.com.", "_dmarc.example.com"],
    ["a\\056b.example.com.", "a\\056b.example.com"],
    ["a\\134b.example.com.", "a\\134b.example.com"],
    ["a\\134052.example.com.", "a\\134052.example.com"],
    ["a\\999.example.com.", "a\\999.example.com"],
    [".", ""],
  ])("%s -> %s", (given, canonical) => expect(canonicalName(given)).toBe(canonical));

  it("keeps a label that holds a dot apart from two labels", () => {
    expect(canonicalName("a\\056b.example.com.")).not.toBe(canonicalName("a.b.example.com."));
  });

  it("is its own canonical form, and survives being written out", () => {
    const octet = fc.integer({ min: 0, max: 255 }).map((code) => `\\${code.toString(8).padStart(3, "0")}`);
    const label = fc.array(fc.oneof(fc.constantFrom(...Array.from("abcXYZ019-_")), octet), {
      minLength: 1,
      maxLength: 12,
    });
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.map((l) => l.join("")).join(".")}.`);
    fc.assert(
      fc.property(name, (given) => {
        const canonical = canonicalName(given);
        expect(canonicalName(fqdn(canonical))).toBe(canonical);
        expect(fqdn(canonical)).toMatch(/^[a-z0-9\-_.*\\]+$/);
      }),
    );
  });
});

describe("fqdn", () => {
  it.each([
    ["www.example.com", "www.example.com."],
    ["*.example.com", "*.example.com."],
    ["a/b.example.com", "a\\057b.example.com."],
    ["a\\056b.example.com", "a\\056b.example.com."],
    ["a b.example.com", "a\\040b.example.com."],
  ])("%s -> %s", (canonical, written) => expect(fqdn(canonical)).toBe(written));
});

describe("liesIn", () => {
  it.each([
    ["example.com", "example.com", true],
    ["www.example.com", "example.com", true],
    ["a.b.example.com", "example.com", true],
    ["example.com", "ample.com", false],
    ["www.example.com", "ample.com", false],
    ["example.com", "www.example.com", false],
    ["a\\056example.com", "example.com", false],
  ])("%s in %s: %s", (name, zone, expected) => expect(liesIn(name, zone)).toBe(expected));
});
