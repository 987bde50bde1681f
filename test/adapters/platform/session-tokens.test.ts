import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLinkTokens } from "../../../src/adapters/platform/link-tokens.ts";
import { createSessionTokens } from "../../../src/adapters/platform/session-tokens.ts";
import type { SessionClaim } from "../../../src/adapters/ports/tenants/sessions.ts";
import { sessionKinds } from "../../../src/adapters/ports/tenants/sessions.ts";

const keyOf = (letter: string): string => btoa(letter.repeat(32));
const [older, newer] = [keyOf("a"), keyOf("b")];
const nowMs = Date.parse("2026-11-28T03:00:00Z");
const claim: SessionClaim = { kind: "customer", digest: "0f".repeat(32), customerId: 0, epoch: 0, expiresAtMs: nowMs + 1 };

const claims = fc.record({
  kind: fc.constantFrom(...sessionKinds),
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex")),
  customerId: fc.nat(Number.MAX_SAFE_INTEGER),
  epoch: fc.nat(0xffff_ffff),
  expiresAtMs: fc.integer({ min: nowMs + 1, max: Number.MAX_SAFE_INTEGER }),
});

describe("a session's token", () => {
  it("reads as it was signed, and fits into a cookie", async () => {
    const tokens = createSessionTokens([newer]);
    await fc.assert(
      fc.asyncProperty(claims, async (one) => {
        const token = await tokens.sign(one);
        expect(token).toMatch(/^[\w-]{114}$/);
        expect(await tokens.read(token, nowMs)).toEqual(one);
      }),
      { numRuns: 50 },
    );
  });

  it("is over at its expiry", async () => {
    const tokens = createSessionTokens([newer]);
    const token = await tokens.sign(claim);
    expect([await tokens.read(token, nowMs), await tokens.read(token, nowMs + 1)]).toEqual([claim, null]);
  });

  it("is read by every key, and signed by the newest", async () => {
    const token = await createSessionTokens([older]).sign(claim);
    expect(await createSessionTokens([newer, older]).read(token, nowMs)).toEqual(claim);
    expect(await createSessionTokens([newer]).read(token, nowMs)).toBeNull();
    const signed = await createSessionTokens([newer, older]).sign(claim);
    expect(await createSessionTokens([newer]).read(signed, nowMs)).toEqual(claim);
  });

  it("is none where a single bit is another one, or it was made for another use", async () => {
    const tokens = createSessionTokens([newer]);
    const token = await tokens.sign(claim);
    const bytes = Buffer.from(token, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const other = Buffer.from(bytes);
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await tokens.read(other.toString("base64url"), nowMs)).toBeNull();
    }
    for (const other of ["", token.slice(1), `${token}A`, `${token}=`, `${token.slice(0, -1)}+`, token.toUpperCase()]) {
      expect(await tokens.read(other, nowMs)).toBeNull();
    }
    const link = await createLinkTokens([newer]).sign({ linkId: 1, invoiceId: 1, expiresAtMs: nowMs + 1 });
    expect(await tokens.read(link, nowMs)).toBeNull();
  });
});
