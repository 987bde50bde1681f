import type { LinkTokens } from "../ports/billing/invoice-links.ts";
import type { LinkClaim } from "../ports/billing/invoices.ts";

/** Binds the derived keys to this use: independent of the keys that seal secrets with the same SECRETS_KEY. */
const purpose = "tranche invoice link, version 1";

const claimBytes = 24;
const tokenBytes = claimBytes + 32;
/** Of `tokenBytes` in base64url, without padding. */
const form = /^[A-Za-z0-9_-]{75}$/;

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const decode = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** RFC 5869 with SHA-256. @param key 32 bytes in base64 */
const derive = async (key: string): Promise<Key> => {
  const base = await crypto.subtle.importKey("raw", decode(key), "HKDF", false, ["deriveKey"]);
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8(purpose) };
  return await crypto.subtle.deriveKey(hkdf, base, { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign", "verify"]);
};

const pack = ({ linkId, invoiceId, expiresAtMs }: LinkClaim): Uint8Array<ArrayBuffer> => {
  const view = new DataView(new ArrayBuffer(claimBytes));
  [linkId, invoiceId, expiresAtMs].forEach((value, index) => view.setBigUint64(index * 8, BigInt(value)));
  return new Uint8Array(view.buffer);
};

const unpack = (bytes: Uint8Array<ArrayBuffer>): LinkClaim => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, claimBytes);
  const at = (index: number): number => Number(view.getBigUint64(index * 8));
  return { linkId: at(0), invoiceId: at(1), expiresAtMs: at(2) };
};

/**
 * A token is link, invoice and expiry (epoch milliseconds), eight bytes each, and their HMAC-SHA-256, in base64url. The
 * platform's own `verify` compares in constant time.
 * @param keys as of SECRETS_KEY. The first one signs, all of them verify: so keys can be rotated.
 */
export const createLinkTokens = (keys: readonly [string, ...string[]]): LinkTokens => {
  let derived: Promise<Key[]> | null = null;
  const all = () => (derived ??= Promise.all(keys.map(derive)));
  return {
    sign: async (claim) => {
      const [first] = await all();
      if (first === undefined) throw new TypeError("no key");
      const packed = pack(claim);
      const signature = new Uint8Array(await crypto.subtle.sign("HMAC", first, packed));
      return encode(new Uint8Array([...packed, ...signature]));
    },
    read: async (token, nowMs) => {
      if (!form.test(token)) return null;
      const bytes = decode(`${token}=`);
      // The last character has unused bits: only the canonical encoding of a token is accepted.
      if (bytes.length !== tokenBytes || encode(bytes) !== token) return null;
      const [packed, signature] = [bytes.slice(0, claimBytes), bytes.slice(claimBytes)];
      const verified = await Promise.all((await all()).map((key) => crypto.subtle.verify("HMAC", key, signature, packed)));
      if (!verified.includes(true)) return null;
      const claim = unpack(packed);
      return claim.expiresAtMs > nowMs ? claim : null;
    },
  };
};
