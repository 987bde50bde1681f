import { createHmac, hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLinkTokens } from "../../../src/adapters/platform/link-tokens.ts";

const key = (seed: number): string => Buffer.alloc(32, seed).toString("base64");
const claim = { linkId: 12, invoiceId: 7, expiresAtMs: 1_795_000_000_000 };
const beforeMs = claim.expiresAtMs - 1;

describe("a link token", () => {
  it("says what was signed, until it expires", async () => {
    const tokens = createLinkTokens([key(1)]);
    const token = await tokens.sign(claim);
    expect(token).toMatch(/^[\w-]{75}$/);
    expect(await tokens.read(token, beforeMs)).toEqual(claim);
    expect(await tokens.read(token, claim.expiresAtMs)).toBeNull();
    expect(await tokens.sign(claim)).toBe(token);
  });

  it("is the HMAC of link, invoice and expiry by a key that HKDF derives for nothing else", async () => {
    const derived = Buffer.from(hkdfSync("sha256", Buffer.alloc(32, 1), Buffer.alloc(32), "tranche invoice link, version 1", 32));
    const packed = Buffer.alloc(24);
    [12n, 7n, 1_795_000_000_000n].forEach((value, at) => packed.writeBigUInt64BE(value, at * 8));
    const by = (secret: Buffer) => Buffer.concat([packed, createHmac("sha256", secret).update(packed).digest()]).toString("base64url");
    const tokens = createLinkTokens([key(1)]);
    expect(await tokens.sign(claim)).toBe(by(derived));
    // The key that seals secrets signs nothing.
    expect(await tokens.read(by(Buffer.alloc(32, 1)), beforeMs)).toBeNull();
  });

  it("is verified by any key, and signed by the newest", async () => {
    const [old, rotated, renewed] = [createLinkTokens([key(1)]), createLinkTokens([key(2), key(1)]), createLinkTokens([key(2)])];
    const [before, after] = [await old.sign(claim), await rotated.sign(claim)];
    expect([await rotated.read(before, beforeMs), await rotated.read(after, beforeMs)]).toEqual([claim, claim]);
    expect([await renewed.read(before, beforeMs), await renewed.read(after, beforeMs), await old.read(after, beforeMs)]).toEqual([
      null,
      claim,
      null,
    ]);
  });

  it("is not one with any bit changed", async () => {
    const tokens = createLinkTokens([key(1)]);
    const bytes = Buffer.from(await tokens.sign(claim), "base64url");
    const read = await Promise.all(
      Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const other = Buffer.from(bytes);
        other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return tokens.read(other.toString("base64url"), beforeMs);
      }),
    );
    expect(read.every((one) => one === null)).toBe(true);
  });

  it("is written in one way only, and nothing else is one", async () => {
    const tokens = createLinkTokens([key(1)]);
    const token = await tokens.sign(claim);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const spellings = Array.from(alphabet, (last) => token.slice(0, -1) + last).filter((other) => other !== token);
    for (const other of [
      ...spellings,
      "",
      token.slice(1),
      `${token}=`,
      `${token}A`,
      token.replace(/.$/, "+"),
      "é".repeat(75),
      `${token}\n`,
    ]) {
      expect(await tokens.read(other, beforeMs), other).toBeNull();
    }
    const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    await fc.assert(
      fc.asyncProperty(id, id, id, async (linkId, invoiceId, expiresAtMs) => {
        const some = { linkId, invoiceId, expiresAtMs };
        expect(await tokens.read(await tokens.sign(some), expiresAtMs - 1)).toEqual(some);
      }),
      { numRuns: 50 },
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 90 }), async (text) => (await tokens.read(text, 0)) === null),
      { numRuns: 100 },
    );
  });
});
