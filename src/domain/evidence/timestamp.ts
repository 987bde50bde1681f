import type { DerElement } from "./der.ts";
import { DerError, der, derElements, derInteger, derParts, derTag } from "./der.ts";

/** 2.16.840.1.101.3.4.2.1 */
const sha256Oid = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01);
/** 1.2.840.113549.1.7.2 */
const signedDataOid = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02);
/** 1.2.840.113549.1.9.16.1.4 */
const tstInfoOid = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04);

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);

/** A request to time-stamp a SHA-256, with the authority's certificate included (RFC 3161, 2.4.1). @param nonce not all zero */
export const timestampRequest = (hash: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> => {
  const imprint = der(derTag.sequence, der(derTag.sequence, der(derTag.oid, sha256Oid), der(derTag.null)), der(derTag.octets, hash));
  return der(derTag.sequence, derInteger(Uint8Array.of(1)), imprint, derInteger(nonce), der(derTag.boolean, Uint8Array.of(0xff)));
};

/** Both integers in DER encoding. */
const isNonce = (element: DerElement, nonce: Uint8Array): boolean => same(derElements(derInteger(nonce))[0]?.content, element.content);

const timeOf = (element: DerElement | undefined): string => {
  const text = new TextDecoder().decode(element?.content);
  const [, year, month, day, hour, minute, second, fraction = ""] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text) ?? [];
  if (element?.tag !== derTag.time || year === undefined) throw new DerError("names no time");
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}Z`;
};

const refused = (status: number): string => `the authority refused (status ${status})`;

/**
 * Checks a time-stamping authority's answer (RFC 3161, 2.4.2): granted, for this hash and this request. Its
 * signature is not verified: that needs certificates that the auditor has to choose (`openssl ts -verify`).
 * @returns the time of the stamp (RFC 3339), or the problem
 */
export const readTimestamp = (
  answer: Uint8Array,
  hash: Uint8Array,
  nonce: Uint8Array,
): { readonly at: string } | { readonly error: string } => {
  try {
    const [whole, ...others] = derElements(answer, 1);
    const [status, token] = derParts(whole, derTag.sequence);
    const [code] = derParts(status, derTag.sequence);
    if (others.length > 0 || code?.tag !== derTag.integer || code.content.length !== 1) return { error: "is no time-stamp" };
    const [granted = 255] = code.content;
    if (granted > 1) return { error: refused(granted) };
    const [type, explicit] = derParts(token, derTag.sequence);
    const [signedData] = derParts(explicit, derTag.explicit0);
    const [, , encapsulated] = derParts(signedData, derTag.sequence);
    const [innerType, innerExplicit] = derParts(encapsulated, derTag.sequence);
    if (!same(type?.content, signedDataOid) || !same(innerType?.content, tstInfoOid))
      return { error: "is another thing than a time-stamp" };
    const [octets] = derParts(innerExplicit, derTag.explicit0);
    if (octets?.tag !== derTag.octets) return { error: "is no time-stamp" };
    const [version, policy, imprint, serial, time, ...more] = derParts(derElements(octets.content, 1)[0], derTag.sequence);
    if (!same(version?.content, Uint8Array.of(1)) || policy?.tag !== derTag.oid || serial?.tag !== derTag.integer)
      return { error: "is no time-stamp of version 1" };
    const [algorithm, digest] = derParts(imprint, derTag.sequence);
    if (!same(derParts(algorithm, derTag.sequence)[0]?.content, sha256Oid) || digest?.tag !== derTag.octets || !same(digest.content, hash))
      return { error: "is a time-stamp of something else" };
    const answered = more.find(({ tag }) => tag === derTag.integer);
    if (answered === undefined || !isNonce(answered, nonce)) return { error: "is the answer to another request" };
    return { at: timeOf(time) };
  } catch (error) {
    if (error instanceof DerError) return { error: error.message };
    throw error;
  }
};
