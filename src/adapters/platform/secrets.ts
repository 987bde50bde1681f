import type { Random } from "../ports/platform/random.ts";
import type { Secrets } from "../ports/platform/secrets.ts";
import { toHex } from "../../domain/platform/hex.ts";

const ivBytes = 12;

const encode = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const decode = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));

/** A key's id, which does not reveal it: the first eight digits of its SHA-256. */
const fingerprint = async (key: Uint8Array<ArrayBuffer>): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", key));
  return toHex(digest.subarray(0, 4));
};

/**
 * AES-256-GCM; `v1.<key>.<iv>.<ciphertext>`, the last two in base64.
 * @param keys 32 bytes each, base64. The first one seals, all of them open: so keys can be rotated.
 */
export const createSecrets = (keys: readonly [string, ...string[]], random: Random): Secrets => {
  const load = async (key: string) => {
    const raw = decode(key);
    return { name: await fingerprint(raw), key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]) };
  };
  let loaded: Promise<Awaited<ReturnType<typeof load>>[]> | null = null;
  const all = () => (loaded ??= Promise.all(keys.map(load)));
  return {
    keyIds: async () => (await all()).map(({ name }) => name),
    seal: async (text, context) => {
      const [first] = await all();
      if (first === undefined) throw new TypeError("no key");
      const iv = new Uint8Array(random.bytes(ivBytes));
      const cipher = { name: "AES-GCM", iv, additionalData: utf8(context) };
      const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher, first.key, utf8(text)));
      return ["v1", first.name, encode(iv), encode(sealed)].join(".");
    },
    open: async (sealed, context) => {
      const [version, name, iv = "", text = ""] = sealed.split(".");
      const found = (await all()).find((one) => one.name === name);
      if (version !== "v1" || found === undefined) throw new Error("sealed with a key that SECRETS_KEY does not hold");
      const cipher = { name: "AES-GCM", iv: decode(iv), additionalData: utf8(context) };
      return new TextDecoder().decode(await crypto.subtle.decrypt(cipher, found.key, decode(text)));
    },
  };
};
