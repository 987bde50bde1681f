import type { PublicKey } from "../../domain/evidence/evidence-claim.ts";
import type { EvidenceSigner } from "../ports/evidence/evidence-signer.ts";
import { toHex } from "../../domain/platform/hex.ts";

/** The DER before the 32 bytes of an Ed25519 seed (RFC 8410, PKCS #8). */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

const keyBytes = 32;
const algorithm = { name: "Ed25519" } as const;

const decode = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

const toBase64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> => decode(text.replaceAll("-", "+").replaceAll("_", "/"));

const named = async (raw: Uint8Array<ArrayBuffer>): Promise<PublicKey> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  return { keyId: toHex(digest.subarray(0, 16)), x: toBase64Url(raw) };
};

/** As PKCS #8, whichever form it was given in; validated by `isSigningKey`. */
const asPkcs8 = (text: string): Uint8Array<ArrayBuffer> => {
  const bytes = decode(text);
  return bytes.length === keyBytes ? Uint8Array.from([...pkcs8Prefix, ...bytes]) : bytes;
};

/**
 * Ed25519 by the platform's own WebCrypto, which workerd, Vercel's edge and Node 20 have.
 * @param key a seed of 32 bytes, or PKCS #8 with one, in base64
 * @param older previous public keys, 32 bytes each, base64
 */
export const createEvidenceSigner = (key: string, older: readonly string[]): EvidenceSigner => {
  const load = async () => {
    // WebCrypto derives the public key only by exporting the private one.
    const own = await crypto.subtle.importKey("pkcs8", asPkcs8(key), algorithm, true, ["sign"]);
    const { x = "" } = (await crypto.subtle.exportKey("jwk", own)) as { x?: string };
    const past = await Promise.all(older.map(async (raw) => await named(decode(raw))));
    const first = await named(fromBase64Url(x));
    return { own, first, keys: [first, ...past.filter(({ keyId }) => keyId !== first.keyId)] };
  };
  let loaded: ReturnType<typeof load> | null = null;
  const all = () => (loaded ??= load());
  return {
    sign: async (text) => {
      const {
        own,
        first: { keyId },
      } = await all();
      const signature = await crypto.subtle.sign(algorithm, own, new Uint8Array(new TextEncoder().encode(text(keyId))));
      return { keyId, signature: toBase64Url(new Uint8Array(signature)) };
    },
    publicKeys: async () => (await all()).keys,
  };
};
