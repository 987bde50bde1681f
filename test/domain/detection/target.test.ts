import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPublicAddress } from "../../../src/domain/detection/address.ts";
import { isProbed, whereaboutsOf } from "../../../src/domain/detection/target.ts";

describe("an address", () => {
  it.each([
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.0.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2001:4860:4860::8888",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
    "3fff:1000::1",
  ])("%s is public", (text) => expect(isPublicAddress(text)).toBe(true));

  it.each([
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.400",
    "example.com",
    "2606::4700::1",
    "2606:4700",
    "2606:4700:1:2:3:4:5:6:7",
    "g::1",
    "1.1.1.1:80",
    "2606:4700::1.1.1",
  ])("%j is not", (text) => expect(isPublicAddress(text)).toBe(false));

  it("is one thing, however its groups are written", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        expect(isPublicAddress(canonical)).toBe(isPublicAddress(text));
      }),
    );
  });
});

it("of what resolvers say the worst counts, and nothing where all are silent", () => {
  expect(whereaboutsOf([])).toBeNull();
  expect(whereaboutsOf([null, null])).toBeNull();
  expect(whereaboutsOf([null, []])).toBe("none");
  expect(whereaboutsOf([["1.1.1.1"], []])).toBe("public");
  expect(whereaboutsOf([["1.1.1.1"], ["1.1.1.1", "10.0.0.1"]])).toBe("private");
});

describe("whether a path is probed", () => {
  const inRounds = (restraint: Parameters<typeof isProbed>[0], restrains = true) =>
    Array.from({ length: 20 }, (_, round) => round).filter((round) => isProbed(restraint, "primary", round, restrains));

  it("is no question of a verified domain, nor where nobody has to prove anything", () => {
    expect(inRounds({ verified: true })).toHaveLength(20);
    expect(inRounds({ verified: false }, false)).toHaveLength(20);
  });

  it("has an unverified one wait for its turn, and never come without one", () => {
    expect(inRounds({ verified: false, turns: { primary: [3, 10] } })).toEqual([3, 13]);
    for (const turns of [null, undefined, {}, { backup: [3, 10] as const }])
      expect(inRounds({ verified: false, ...(turns !== undefined && { turns }) })).toEqual([]);
  });

  it("has nobody come where it leads to a private address", () => {
    expect(inRounds({ verified: true, privatePaths: ["primary"] })).toEqual([]);
    expect(inRounds({ verified: true, privatePaths: ["backup"] })).toHaveLength(20);
    expect(inRounds({ verified: false, turns: { primary: [3, 10] }, privatePaths: ["primary"] }, false)).toEqual([]);
  });
});
