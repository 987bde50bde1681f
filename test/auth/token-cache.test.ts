import { expect, it } from "vitest";
import type { TokenOwner } from "../../src/adapters/ports/tenants/tokens.ts";
import { sameSecret } from "../../src/http/digest.ts";
import { TokenCache } from "../../src/auth/token-cache.ts";

const owner = (tokenId: number, expiresAtMs: number | null = null) => ({
  tokenId,
  customerId: 1,
  role: "viewer" as const,
  expiresAtMs,
  sessionEpoch: 0,
});

const cacheAt = () => {
  const time = { nowMs: 0 };
  return { time, cache: new TokenCache<TokenOwner>({ nowMs: () => time.nowMs, sleep: () => Promise.resolve() }) };
};

it("forgets after 30 s from when the database was asked", () => {
  const { time, cache } = cacheAt();
  time.nowMs = 5_000;
  cache.put("a", owner(1), 1_000);
  time.nowMs = 30_999;
  expect(cache.get("a")).toEqual(owner(1));
  time.nowMs = 31_000;
  expect(cache.get("a")).toBeNull();
});

it("forgets a token that expires at that moment, though it was asked for a second ago", () => {
  const { time, cache } = cacheAt();
  time.nowMs = 1_000;
  cache.put("a", owner(1, 2_000), 1_000);
  time.nowMs = 1_999;
  expect(cache.get("a")).toEqual(owner(1, 2_000));
  time.nowMs = 2_000;
  expect(cache.get("a")).toBeNull();
});

it("does not keep longer what it has where the clock is put back", () => {
  const { time, cache } = cacheAt();
  time.nowMs = 60_000;
  cache.put("a", owner(1), 60_000);
  time.nowMs = 15_000;
  expect(cache.get("a")).toBeNull();
});

it("holds a bounded number and drops the oldest first", () => {
  const { cache } = cacheAt();
  for (let at = 0; at < 1_001; at += 1) cache.put(String(at), owner(at), 0);
  expect([cache.get("0"), cache.get("1")?.tokenId, cache.get("1000")?.tokenId]).toEqual([null, 1, 1_000]);
});

it("drops a revoked token at once", () => {
  const { cache } = cacheAt();
  cache.put("a", owner(1), 0);
  cache.put("b", owner(2), 0);
  cache.forget(1);
  expect([cache.get("a"), cache.get("b")?.tokenId]).toEqual([null, 2]);
});

it("tells secrets apart", async () => {
  expect(await sameSecret("abc", "abc")).toBe(true);
  for (const other of ["abd", "ab", "abcd", "", "ABC"]) expect(await sameSecret("abc", other)).toBe(false);
});
