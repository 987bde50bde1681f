import type { Credentials, KeySource } from "../ports/platform/aws-keys.ts";

export type { Credentials, KeySource } from "../ports/platform/aws-keys.ts";

/** One line without secrets. */
export const scrub = (text: string, { sessionToken = "", secretAccessKey, accessKeyId }: Credentials): string =>
  [sessionToken, secretAccessKey, accessKeyId]
    .filter((secret) => secret.length >= 8)
    .reduce((clean, secret) => clean.replaceAll(secret, "***"), text)
    .replace(/\s+/g, " ")
    .trim();

/** RFC 3986 strictly, as in SigV4: so exactly what was signed is sent. */
export const encodePart = (part: string): string =>
  encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** A time as signatures have it, `20261128T013000Z`. @param iso as `isoTime` writes it */
export const basicTime = (iso: string): string => iso.replace(/[:-]|\.\d{3}/g, "");

/** Credentials that stay as they are. */
export const fixedKeys = (keys: Credentials): KeySource => ({ get: async () => keys, drop: () => {} });
