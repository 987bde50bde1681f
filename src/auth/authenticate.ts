import type { AdminTokenOwner } from "../adapters/ports/tenants/admin-tokens.ts";
import type { Deps } from "../adapters/ports/deps.ts";
import type { TokenOwner } from "../adapters/ports/tenants/tokens.ts";
import { hasLapsed } from "../domain/platform/lapse.ts";
import { adminScopes } from "../domain/tenants/access.ts";
import { AppError } from "../errors.ts";
import { fromHex, toHex } from "../domain/platform/hex.ts";
import { sameDigest, sameSecret, sha256 } from "../http/digest.ts";
import type { Principal } from "../http/principal.ts";
import type { TokenCaches } from "./token-cache.ts";

/** The credential headers of one request, as sent. */
export type Credentials = {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  readonly customerHeader: string | undefined;
  /** The secret of the trusted gateway. */
  readonly gatewaySecret: string | undefined;
};

export type Authenticator = (credentials: Credentials) => Promise<Principal>;

export const refused = () =>
  new AppError("unauthenticated", "a valid credential is required", { headers: { "www-authenticate": "Bearer" } });

/** Parses a customer id of a header or claim. @returns null where it is not a positive integer */
export const readCustomerId = (text: string): number | null =>
  /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;

/** The presented secret: `Authorization: Bearer` first, then `X-API-Key`; null: none at all, "": another scheme. */
const presented = ({ authorization, apiKey }: Credentials): string | null => {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  if (apiKey !== undefined) return apiKey.trim();
  return authorization === undefined ? null : "";
};

/** Printable and short, so that it can stand in a log line. */
const subjectName = (subject: string | null) => (subject ?? "").replaceAll(/[^\x21-\x7e]/g, "_").slice(0, 100);

/** A `customer_id` of a JWT: an integer, or its decimal text. An array, a float or a boolean is refused. */
const claimedCustomer = (claim: unknown): number | null => {
  if (typeof claim === "number") return Number.isSafeInteger(claim) && claim > 0 ? claim : null;
  return typeof claim === "string" ? readCustomerId(claim) : null;
};

export const ofToken = (owner: TokenOwner): Principal => ({
  kind: "customer",
  actor: `token:${owner.tokenId}`,
  customerId: owner.customerId,
  role: owner.role,
  expiresAtMs: owner.expiresAtMs,
  tokenId: owner.tokenId,
});

export const ofAdminToken = (owner: AdminTokenOwner): Principal => ({
  kind: "admin",
  actor: `admin:${owner.name}`,
  scopes: owner.scopes,
  expiresAtMs: owner.expiresAtMs,
  tokenId: owner.tokenId,
});

/** ADMIN_TOKEN: every right, no expiry. */
export const bootstrap: Principal = { kind: "admin", actor: "admin", scopes: adminScopes, expiresAtMs: null, tokenId: null };

/** The forms of tokens that are stored. */
export const customerToken = /^trn_[A-Za-z0-9_-]{43}$/;
export const adminTokenForm = /^tra_[A-Za-z0-9_-]{43}$/;

/** Who is behind a digest (SHA-256, lower-case hex), as it is now. */
export type TokenOwners = {
  /** Whether it is ADMIN_TOKEN's; compared in constant time. */
  readonly isBootstrap: (digest: string) => Promise<boolean>;
  /** @throws AppError `unauthenticated`, so does `ofAdmin` */
  readonly ofCustomer: (digest: string) => Promise<TokenOwner>;
  readonly ofAdmin: (digest: string) => Promise<AdminTokenOwner>;
};

export const tokenOwners = (deps: Pick<Deps, "config" | "clock" | "tokens" | "adminTokens">): TokenOwners => {
  const { adminToken } = deps.config.auth;
  let adminDigest: Uint8Array | null = null;

  /** The database found it live; where the two clocks differ, the one that is ahead decides. */
  const alive = <Owner extends { readonly expiresAtMs: number | null }>(owner: Owner | null): Owner => {
    if (owner === null || hasLapsed(owner.expiresAtMs, deps.clock.nowMs())) throw refused();
    return owner;
  };

  return {
    isBootstrap: async (digest) => {
      if (adminToken === null) return false;
      adminDigest ??= await sha256(adminToken);
      return sameDigest(fromHex(digest), adminDigest);
    },
    ofCustomer: async (digest) => alive(await deps.tokens.verify(digest)),
    ofAdmin: async (digest) => alive(await deps.adminTokens.verify(digest)),
  };
};

/**
 * Authenticates a request (semantics §2): admin token, customer token, JWT, or the trusted header. What is issued elsewhere (a JWT,
 * the header of a gateway) is an editor at most, whatever it claims: it never mints tokens.
 * The function returned throws AppError `unauthenticated` for unknown credentials.
 */
export const authenticator = (
  deps: Pick<Deps, "config" | "clock" | "tokens" | "adminTokens" | "jwt">,
  caches: TokenCaches,
): Authenticator => {
  const { trustCustomerHeader, gatewaySecret } = deps.config.auth;
  const owners = tokenOwners(deps);

  const byToken = async (secret: string, digest: Uint8Array): Promise<Principal> => {
    const askedAtMs = deps.clock.nowMs();
    const owner = await owners.ofCustomer(toHex(digest));
    caches.customers.put(secret, owner, askedAtMs);
    return ofToken(owner);
  };

  const byAdminToken = async (secret: string, digest: Uint8Array): Promise<Principal> => {
    const askedAtMs = deps.clock.nowMs();
    const owner = await owners.ofAdmin(toHex(digest));
    caches.admins.put(secret, owner, askedAtMs);
    return ofAdminToken(owner);
  };

  const byJwt = async (token: string): Promise<Principal> => {
    const claims = (await deps.jwt?.verify(token)) ?? null;
    if (claims === null) throw refused();
    const { role } = claims;
    const customerId = claimedCustomer(claims.customerId);
    if (customerId === null || (role !== "viewer" && role !== "editor" && role !== "owner")) throw refused();
    return {
      kind: "customer",
      actor: `jwt:${subjectName(claims.subject)}`,
      customerId,
      role: role === "viewer" ? "viewer" : "editor",
      expiresAtMs: claims.expiresAtMs,
      tokenId: null,
    };
  };

  const byHeader = async (header: string | undefined, shown: string | undefined): Promise<Principal> => {
    if (!trustCustomerHeader || gatewaySecret === null || header === undefined) throw refused();
    if (shown === undefined || !(await sameSecret(shown, gatewaySecret))) throw refused();
    const customerId = readCustomerId(header);
    if (customerId === null) throw new AppError("bad_request", "X-Customer-ID must be a positive integer");
    return { kind: "customer", actor: "gateway", customerId, role: "editor", expiresAtMs: null, tokenId: null };
  };

  return async (credentials) => {
    const secret = presented(credentials);
    if (secret === null) return await byHeader(credentials.customerHeader, credentials.gatewaySecret);
    const known = caches.customers.get(secret);
    if (known !== null) return ofToken(known);
    const knownAdmin = caches.admins.get(secret);
    if (knownAdmin !== null) return ofAdminToken(knownAdmin);
    const digest = await sha256(secret);
    if (await owners.isBootstrap(toHex(digest))) return bootstrap;
    if (customerToken.test(secret)) return await byToken(secret, digest);
    if (adminTokenForm.test(secret)) return await byAdminToken(secret, digest);
    if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(secret)) return await byJwt(secret);
    throw refused();
  };
};
