import type { Deps } from "../adapters/ports/deps.ts";
import type { TokenOwner } from "../adapters/ports/tokens.ts";
import { AppError } from "../errors.ts";
import { sameDigest, sha256, toHex } from "./digest.ts";
import type { Principal } from "./principal.ts";
import type { TokenCache } from "./token-cache.ts";

/** The credential headers of one request, as sent. */
export type Credentials = {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  readonly customerHeader: string | undefined;
};

export type Authenticator = (credentials: Credentials) => Promise<Principal>;

const refused = () =>
  new AppError("unauthenticated", "a valid credential is required", { headers: { "www-authenticate": "Bearer" } });

/** Reads a customer id as headers and claims carry it. @returns null where it is not a positive integer */
export const readCustomerId = (text: string): number | null =>
  /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;

/** The presented secret: `Authorization: Bearer` first, then `X-API-Key`; null: none at all, "": none of ours. */
const presented = ({ authorization, apiKey }: Credentials): string | null => {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  if (apiKey !== undefined) return apiKey.trim();
  return authorization === undefined ? null : "";
};

/** Printable and short, so that it can stand in a log line. */
const subjectName = (subject: string | null) => (subject ?? "").replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 100);

/**
 * Verifies who asks (semantics §2): admin token, customer token, JWT, or the trusted header.
 * The function returned throws AppError `unauthenticated` for everything it does not know.
 */
export const authenticator = (
  deps: Pick<Deps, "config" | "clock" | "tokens" | "jwt">,
  cache: TokenCache,
): Authenticator => {
  const { adminToken, trustCustomerHeader } = deps.config.auth;

  let adminDigest: Uint8Array | null = null;

  const isAdmin = async (digest: Uint8Array): Promise<boolean> => {
    if (adminToken === null) return false;
    adminDigest ??= await sha256(adminToken);
    return sameDigest(digest, adminDigest);
  };

  const ofOwner = (owner: TokenOwner): Principal => ({
    kind: "customer", actor: `token:${owner.tokenId}`, customerId: owner.customerId, role: owner.role,
  });

  const byToken = async (secret: string, digest: Uint8Array): Promise<Principal> => {
    const askedAtMs = deps.clock.nowMs();
    const owner = await deps.tokens.verify(toHex(digest));
    if (owner === null) throw refused();
    cache.put(secret, owner, askedAtMs);
    return ofOwner(owner);
  };

  const byJwt = async (token: string): Promise<Principal> => {
    const claims = (await deps.jwt?.verify(token)) ?? null;
    if (claims === null) throw refused();
    const { role } = claims;
    const customerId = readCustomerId(String(claims.customerId));
    if (customerId === null || (role !== "viewer" && role !== "editor")) throw refused();
    return { kind: "customer", actor: `jwt:${subjectName(claims.subject)}`, customerId, role };
  };

  const byHeader = (header: string | undefined): Principal => {
    if (!trustCustomerHeader || header === undefined) throw refused();
    const customerId = readCustomerId(header);
    if (customerId === null) throw new AppError("bad_request", "X-Customer-ID must be a positive integer");
    return { kind: "customer", actor: "gateway", customerId, role: "editor" };
  };

  return async (credentials) => {
    const secret = presented(credentials);
    if (secret === null) return byHeader(credentials.customerHeader);
    const known = cache.get(secret);
    if (known !== null) return ofOwner(known);
    const digest = await sha256(secret);
    if (await isAdmin(digest)) return { kind: "admin", actor: "admin" };
    if (/^trn_[A-Za-z0-9_-]{43}$/.test(secret)) return await byToken(secret, digest);
    if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(secret)) return await byJwt(secret);
    throw refused();
  };
};
