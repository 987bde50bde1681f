import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { EvidenceSigner } from "../../src/adapters/ports/evidence/evidence-signer.ts";

/** A seed of 32 equal bytes, base64: a key for tests. */
export const seed = (byte: number): string => Buffer.alloc(32, byte).toString("base64");

const pkcs8 = (byte: number) => Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);

/** Signs as the application does, by other means, and at once: a clock that is not real does not wait for WebCrypto's threads. */
export const testSigner = (byte = 7): EvidenceSigner => {
  const key = createPrivateKey({ key: pkcs8(byte), format: "der", type: "pkcs8" });
  const x = String(createPublicKey(key).export({ format: "jwk" }).x);
  const keyId = createHash("sha256").update(Buffer.from(x, "base64url")).digest("hex").slice(0, 32);
  return {
    sign: async (text) => ({ keyId, signature: sign(null, Buffer.from(text(keyId), "utf8"), key).toString("base64url") }),
    publicKeys: async () => [{ keyId, x }],
  };
};
