import { describe, expect, test } from "vitest";
import { createPasswords } from "../../self-hosted/passwords.ts";

const cost = { ln: 4, r: 8, p: 1 };

describe("passwords by scrypt", () => {
  test("are hashed as OWASP wants it, in PHC form, each with a salt of its own", async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash("four words nobody says");
    expect(hash).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await passwords.verify("four words nobody says", hash)).toBe(true);
    expect(await passwords.verify("four words nobody say", hash)).toBe(false);
    expect(passwords.needsRehash(hash)).toBe(false);
    const quick = createPasswords({ cost });
    expect(await quick.hash("x")).not.toBe(await quick.hash("x"));
    expect(quick.needsRehash(hash)).toBe(true);
  });

  test("agree with another implementation's vector (RFC 7914 §12, N=16384, r=8, p=1)", async () => {
    const salt = Buffer.from("SodiumChloride").toString("base64").replaceAll("=", "");
    const hash = Buffer.from(
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
      "hex",
    );
    const stored = `$scrypt$ln=14,r=8,p=1$${salt}$${hash.toString("base64").replaceAll("=", "")}`;
    expect(await createPasswords().verify("pleaseletmein", stored)).toBe(true);
    expect(await createPasswords().verify("pleaseletmeIn", stored)).toBe(false);
  });

  test.each([
    ["", "none"],
    ["$2b$10$abcdefghijklmnopqrstuv", "another algorithm"],
    ["$scrypt$ln=31,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g", "more memory than there is"],
    ["$scrypt$ln=0,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g", "no cost"],
  ])("%s is nobody's hash: %s", async (stored) => {
    const passwords = createPasswords({ cost });
    expect(await passwords.verify("whatever", stored)).toBe(false);
    expect(passwords.needsRehash(stored)).toBe(true);
  });

  test("without a hash it takes the same work, and the answer is no", async () => {
    const passwords = createPasswords({ cost: { ln: 14, r: 8, p: 1 }, atOnce: 1 });
    const hash = await passwords.hash("four words nobody says");
    const time = async (stored: string | null): Promise<number> => {
      const took: number[] = [];
      for (let nth = 0; nth < 15; nth += 1) {
        const from = performance.now();
        expect(await passwords.verify("another password", stored)).toBe(false);
        took.push(performance.now() - from);
      }
      return took.toSorted((a, b) => a - b)[3] ?? 0;
    };
    const [known, unknown] = [await time(hash), await time(null)];
    // The work is the same derivation; an early return would be a thousandth of it.
    expect(unknown).toBeGreaterThan(known / 4);
  });

  test("two at once, some wait, the rest are refused with a time to come again, and nothing is left behind", async () => {
    const passwords = createPasswords({ cost: { ln: 12, r: 8, p: 1 }, atOnce: 2, waiting: 3 });
    const many = await Promise.allSettled(Array.from({ length: 9 }, () => passwords.hash("four words nobody says")));
    expect(many.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
    for (const one of many) {
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "unavailable", headers: { "retry-after": "5" } });
    }
    const later = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash("four words nobody says")));
    expect(later.every(({ status }) => status === "fulfilled")).toBe(true);
  });
});
