import { fromHex, toHex } from "../../domain/platform/hex.ts";
import type { SessionClaim, SessionTokens } from "../ports/tenants/sessions.ts";
import { sessionKinds } from "../ports/tenants/sessions.ts";
import { createSignedBytes } from "./signed-bytes.ts";

/** Binds the derived keys to this use: no link is a session, and no session a link. */
const purpose = "tranche console session, version 2";

/** Kind, digest, customer, expiry, epoch. */
const claimBytes = 1 + 32 + 8 + 8 + 4;

const pack = ({ kind, digest, customerId, expiresAtMs, epoch }: SessionClaim): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(new ArrayBuffer(claimBytes));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, sessionKinds.indexOf(kind));
  bytes.set(fromHex(digest), 1);
  view.setBigUint64(33, BigInt(customerId));
  view.setBigUint64(41, BigInt(expiresAtMs));
  view.setUint32(49, epoch);
  return bytes;
};

const unpack = (bytes: Uint8Array<ArrayBuffer>): SessionClaim | null => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, claimBytes);
  const kind = sessionKinds[view.getUint8(0)];
  if (kind === undefined) return null;
  return {
    kind,
    digest: toHex(bytes.slice(1, 33)),
    customerId: Number(view.getBigUint64(33)),
    expiresAtMs: Number(view.getBigUint64(41)),
    epoch: view.getUint32(49),
  };
};

/**
 * A session is what is in `SessionClaim` and its HMAC-SHA-256, in base64url (decision 69).
 * @param keys as of SECRETS_KEY. The first one signs, all of them verify: so keys can be rotated.
 */
export const createSessionTokens = (keys: readonly [string, ...string[]]): SessionTokens => {
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
