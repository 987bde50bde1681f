import { toHex } from "../domain/platform/hex.ts";

const encoder = new TextEncoder();

/** RFC 4648 §4. */
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** RFC 4648 §5, without padding. */
export const toBase64Url = (bytes: Uint8Array): string => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));

/** Lower-case hex. */
export const sha256Hex = async (text: string): Promise<string> => toHex(await sha256(text));

/** Compares digests of equal length in constant time. */
export const sameDigest = (left: Uint8Array, right: Uint8Array): boolean => {
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0;
};

/** Compares secrets by their digests. */
export const sameSecret = async (a: string, b: string): Promise<boolean> => {
  const [left, right] = await Promise.all([sha256(a), sha256(b)]);
  return sameDigest(left, right);
};
