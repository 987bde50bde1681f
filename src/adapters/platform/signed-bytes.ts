const signatureBytes = 32;

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const decode = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** RFC 5869 with SHA-256. @param key 32 bytes in base64 @param purpose binds the derived key to one use */
const derive = async (key: string, purpose: string): Promise<Key> => {
  const base = await crypto.subtle.importKey("raw", decode(key), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8(purpose) };
  return await crypto.subtle.deriveKey(hkdf, base, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign", "verify"]);
};

/** Signs bytes of one length, and reads them back. */
export type SignedBytes = {
  /** @returns the bytes and their HMAC-SHA-256, in base64url */
  readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<string>;
  /** @returns the bytes; null where the token is malformed, or signed by another key or for another use */
  readonly open: (token: string) => Promise<Uint8Array<ArrayBuffer> | null>;
};

/**
 * Tokens of a fixed length. The platform's own `verify` compares in constant time.
 * @param keys as of SECRETS_KEY. The first one signs, all of them verify: so keys can be rotated.
 * @param purpose makes the derived keys independent of all others that are derived of the same SECRETS_KEY
 * @param length of what is signed, in bytes
 */
export const createSignedBytes = (keys: readonly [string, ...string[]], purpose: string, length: number): SignedBytes => {
  let derived: Promise<Key[]> | null = null;
  const all = () => (derived ??= Promise.all(keys.map((key) => derive(key, purpose))));
  const tokenBytes = length + signatureBytes;
  const tokenLength = Math.ceil((tokenBytes * 4) / 3);
  return {
    sign: async (bytes) => {
      const [first] = await all();
      if (first === undefined) throw new TypeError("no key");
      const signature = new Uint8Array(await crypto.subtle.sign("HMAC", first, bytes));
      return encode(new Uint8Array([...bytes, ...signature]));
    },
    open: async (token) => {
      if (token.length !== tokenLength || !/^[A-Za-z0-9_-]*$/.test(token)) return null;
      const bytes = decode(token);
      // The last character may have unused bits: only the canonical encoding of a token is accepted.
      if (bytes.length !== tokenBytes || encode(bytes) !== token) return null;
      const [signed, signature] = [bytes.slice(0, length), bytes.slice(length)];
      const verified = await Promise.all((await all()).map((key) => crypto.subtle.verify("HMAC", key, signature, signed)));
      return verified.includes(true) ? signed : null;
    },
  };
};
