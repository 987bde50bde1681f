import { describe, expect, it } from "vitest";
import { createEvidenceSigner } from "../../../src/adapters/evidence/evidence-signer.ts";
import { parseConfig } from "../../../src/config.ts";
import { seed, testSigner } from "../../support/evidence-signer.ts";

describe("signing evidence by WebCrypto", () => {
  it("makes what another implementation makes, of a seed and of PKCS #8", async () => {
    const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]).toString("base64");
    const text = (keyId: string) => `é ${keyId}`;
    const expected = await testSigner(7).sign(text);
    for (const key of [seed(7), pkcs8]) {
      const signer = createEvidenceSigner(key, []);
      expect(await signer.sign(text)).toEqual(expected);
      expect(await signer.publicKeys()).toEqual(await testSigner(7).publicKeys());
    }
  });

  it("knows the keys of before, each once", async () => {
    const [older] = await testSigner(8).publicKeys();
    const [own] = await testSigner(7).publicKeys();
    const raw = [older, own].map((key) => Buffer.from(key?.x ?? "", "base64url").toString("base64"));
    expect(await createEvidenceSigner(seed(7), raw).publicKeys()).toEqual([own, older]);
  });
});

describe("EVIDENCE_SIGNING_KEY", () => {
  const env = { DATABASE_URL: "postgresql://u:p@h/d", PROVIDER: "local" };
  it.each(["short", "x".repeat(44), `${seed(7)}=`, Buffer.alloc(48, 1).toString("base64")])("refuses %s by name", (value) => {
    expect(() => parseConfig({ ...env, EVIDENCE_SIGNING_KEY: value })).toThrow("EVIDENCE_SIGNING_KEY must be an Ed25519 key");
  });
  it("is another than what seals secrets; public keys and the authority are checked as well", () => {
    expect(() => parseConfig({ ...env, EVIDENCE_SIGNING_KEY: seed(1), SECRETS_KEY: seed(1) })).toThrow(
      "SECRETS_KEY must not be the same secret as EVIDENCE_SIGNING_KEY",
    );
    expect(() => parseConfig({ ...env, EVIDENCE_PUBLIC_KEYS: "x" })).toThrow("EVIDENCE_PUBLIC_KEYS");
    expect(() => parseConfig({ ...env, TIMESTAMP_URL: "ftp://x" })).toThrow("TIMESTAMP_URL");
    expect(parseConfig(env).evidence).toEqual({ signingKey: null, publicKeys: [], timestampUrl: null });
  });
});
