import type { LinkTokens } from "../ports/billing/invoice-links.ts";
import type { LinkClaim } from "../ports/billing/invoices.ts";
import { createSignedBytes } from "./signed-bytes.ts";

/** Binds the derived keys to this use: independent of the keys that seal secrets with the same SECRETS_KEY. */
const purpose = "tranche invoice link, version 1";

const claimBytes = 24;

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
 * A token is link, invoice and expiry (epoch milliseconds), eight bytes each, and their HMAC-SHA-256, in base64url.
 * @param keys as of SECRETS_KEY. The first one signs, all of them verify: so keys can be rotated.
 */
export const createLinkTokens = (keys: readonly [string, ...string[]]): LinkTokens => {
  const signed = createSignedBytes(keys, purpose, claimBytes);
  return {
    sign: (claim) => signed.sign(pack(claim)),
    read: async (token, nowMs) => {
      const bytes = await signed.open(token);
      const claim = bytes === null ? null : unpack(bytes);
      return claim !== null && claim.expiresAtMs > nowMs ? claim : null;
    },
  };
};
