import { expect, it } from "vitest";
import { createClientAddress } from "../../../src/adapters/platform/client-address.ts";

const spoofed = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6", "true-client-ip": "6.6.6.6" };

it.each([
  ["cloudflare", { "cf-connecting-ip": "192.0.2.1", "x-real-ip": "6.6.6.6" }, "192.0.2.1"],
  ["vercel", { "cf-connecting-ip": "6.6.6.6", "x-real-ip": "192.0.2.2" }, "192.0.2.2"],
  ["local", { "cf-connecting-ip": "6.6.6.6", "x-real-ip": "6.6.6.6" }, "unknown"],
  ["cloudflare", {}, "unknown"],
  ["cloudflare", { "cf-connecting-ip": "2001:0DB8:0:1:aaaa::1" }, "2001:db8:0:1::/64"],
  ["cloudflare", { "cf-connecting-ip": "2001:db8:0:1:ffff:ffff:ffff:ffff" }, "2001:db8:0:1::/64"],
  ["cloudflare", { "cf-connecting-ip": "2001:db8::1" }, "2001:db8:0:0::/64"],
  ["cloudflare", { "cf-connecting-ip": "::1" }, "0:0:0:0::/64"],
] as const)("on %s, %j is %s", (provider, headers, address) => {
  expect(createClientAddress(provider)(new Headers({ ...spoofed, ...headers }))).toBe(address);
});
