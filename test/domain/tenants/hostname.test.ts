import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPrivateHost } from "../../../src/domain/tenants/hostname.ts";
import { parseDomainName, parseTarget } from "../../../src/http/domain-names.ts";

const accepted = (text: string, allowPrivate = false) => {
  const parsed = parseDomainName(text, allowPrivate);
  return parsed.ok ? parsed.name : null;
};

describe("domain names", () => {
  it.each([
    ["app.example.com", "app.example.com"],
    ["App.EXAMPLE.com.", "app.example.com"],
    ["bücher.example.com", "xn--bcher-kva.example.com"],
    ["faß.de", "xn--fa-hia.de"],
    ["例え.テスト.example.com", "xn--r8jz45g.xn--zckzah.example.com"],
    ["xn--bcher-kva.example.com", "xn--bcher-kva.example.com"],
    ["a.b.c.d.example.co.uk", "a.b.c.d.example.co.uk"],
    ["1.example.com", "1.example.com"],
    [`${"a".repeat(63)}.example.com`, `${"a".repeat(63)}.example.com`],
  ])("%s is %s", (text, name) => expect(accepted(text)).toBe(name));

  it.each([
    "",
    ".",
    "..",
    "a..example.com",
    ".example.com",
    "example.com..",
    "-a.example.com",
    "a-.example.com",
    "a_b.example.com",
    `${"a".repeat(64)}.example.com`,
    `${"a.".repeat(125)}example`,
    "*.example.com",
    "a b.example.com",
    "a\tb.example.com",
    "http://example.com",
    "example.com/x",
    "example.com:80",
    "u@example.com",
    "example.com?x",
    "example.com#x",
    "a\\b.com",
    "exa%6dple.com",
    "com",
    "co.uk",
    "github.io",
    "localhost",
    "intranet",
    "127.0.0.1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "１２７.0.0.1",
    "[::1]",
    "::1",
    "db.internal",
    "printer.local",
    "app.localhost",
    "1.0.0.127.in-addr.arpa",
    "x.onion",
    "a\u0000.example.com",
    "\ud800.example.com",
  ])("%j is refused", (text) => expect(accepted(text)).toBeNull());

  it("may be private where that is allowed, but never malformed", () => {
    expect(accepted("app.internal", true)).toBe("app.internal");
    expect(accepted("localhost", true)).toBe("localhost");
    expect(accepted("a_b.internal", true)).toBeNull();
    expect(accepted("co.uk", true)).toBeNull();
  });

  it("stay as they are once canonical", () => {
    fc.assert(
      fc.property(fc.domain(), (text) => {
        const name = accepted(text);
        if (name === null) return;
        expect(accepted(name)).toBe(name);
        expect(isPrivateHost(name)).toBe(false);
      }),
    );
  });
});

describe("targets", () => {
  it("are hostnames, and origins only where private ones are allowed", () => {
    const target = (text: string, allowPrivate: boolean) => {
      const parsed = parseTarget(text, allowPrivate);
      return parsed.ok ? parsed.name : null;
    };
    expect(target("d1.Cloudfront.net", false)).toBe("d1.cloudfront.net");
    expect(target("http://127.0.0.1:9001", false)).toBeNull();
    expect(target("http://127.0.0.1:9001/", true)).toBe("http://127.0.0.1:9001");
    expect(target("https://[::1]:8443", true)).toBe("https://[::1]:8443");
    for (const bad of [
      "ftp://127.0.0.1",
      "http://u:p@127.0.0.1",
      "http://127.0.0.1/x",
      "http://127.0.0.1?x",
      "http://",
      "http://127.0.0.1#x",
    ]) {
      expect(target(bad, true), bad).toBeNull();
    }
  });
});
