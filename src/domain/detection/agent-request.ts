/**
 * How a probe agent proves who it is (decision 83). Its secret never travels: each request is signed with an Ed25519 key, of which
 * the database knows the public half. Both sides build the signed text here.
 */

/** What a secret looks like: `tpa_` and the 32 bytes of an Ed25519 seed, in base64url. */
export const agentSecretForm = /^tpa_([A-Za-z0-9_-]{43})$/;

/** The DER before the 32 bytes of an Ed25519 seed (RFC 8410, PKCS #8). */
export const ed25519Pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** The header of each answer to an agent: the database's time, in epoch milliseconds. */
export const timeHeader = "x-tranche-time";

const agentAuthScheme = "TrancheAgent";

/** A request may be older or newer than the database's clock by so much. */
export const agentTimeWindowMs = 60_000;

export type SignedRequest = {
  readonly method: string;
  /** The path with its query, as it is sent. */
  readonly path: string;
  /** Epoch milliseconds by the agent's clock. */
  readonly timeMs: number;
  /** SHA-256 of the body, lower-case hex; of no body that of nothing. */
  readonly bodyHash: string;
};

/** What is signed. Every part is on a line of its own, and none can contain a line break. */
export const agentRequestText = ({ method, path, timeMs, bodyHash }: SignedRequest): string =>
  ["tranche-probe-agent-v1", method, path, String(timeMs), bodyHash].join("\n");

/** The value of `Authorization`. @param publicKey, signature base64url */
export const agentAuthorization = (publicKey: string, timeMs: number, signature: string): string =>
  `${agentAuthScheme} ${publicKey}.${timeMs}.${signature}`;

/** @returns null for anything else than the value of an agent's `Authorization` */
export const readAgentAuthorization = (
  value: string | undefined,
): { readonly publicKey: string; readonly timeMs: number; readonly signature: string } | null => {
  const [, publicKey = "", time = "", signature = ""] =
    /^TrancheAgent ([A-Za-z0-9_-]{43})\.(\d{1,15})\.([A-Za-z0-9_-]{86})$/i.exec(value ?? "") ?? [];
  return publicKey === "" ? null : { publicKey, timeMs: Number(time), signature };
};
