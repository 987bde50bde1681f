import type { Deps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Change } from "../adapters/ports/tenants/change.ts";
import type { SessionClaim, SessionOwner } from "../adapters/ports/tenants/sessions.ts";
import { toHex } from "../domain/platform/hex.ts";
import type { AccountCredential, SessionAccount } from "../adapters/ports/tenants/accounts.ts";
import { accountScopes, isCustomerRole } from "../domain/tenants/accounts.ts";
import { AppError } from "../errors.ts";
import { sha256, sha256Hex } from "../http/digest.ts";
import type { Principal } from "../http/principal.ts";
import { adminTokenForm, bootstrap, customerToken, ofAdminToken, ofToken, refused, tokenOwners } from "./authenticate.ts";
import { createTokenCaches } from "./token-cache.ts";

/** How long a session of the console lasts, whatever is done in it. */
const sessionMs = 12 * 3_600_000;

export type Sessions = {
  /**
   * Begins a session with a customer's or an admin's token. A JWT is none: it is renewed elsewhere, every few minutes.
   * @throws AppError `unauthenticated`
   */
  readonly begin: (secret: string) => Promise<{ readonly claim: SessionClaim; readonly principal: Principal }>;
  /**
   * Begins a session of an account whose password was verified.
   * @param client the browser, as it calls itself
   * @throws AppError `unauthenticated` where the password was changed meanwhile, or the account deactivated
   */
  readonly beginOf: (credential: AccountCredential, client: string, requestId: string) => Promise<SessionClaim>;
  /**
   * Who a session speaks for now: a token that was revoked, or whose role was changed, counts as it is within 30 s. A session of an account
   * is looked up each time: it ends at once.
   * @throws AppError `unauthenticated`
   */
  readonly principalOf: (claim: SessionClaim) => Promise<Principal>;
  /**
   * Ends one session of an account; of a token there is none to be ended alone.
   */
  readonly end: (principal: Principal, change: Change) => Promise<void>;
  /**
   * Ends every session of whoever asks: here at once, elsewhere within 30 s. The credential itself stays valid.
   * @throws AppError `bad_request` for a credential that opens none
   */
  readonly endAll: (principal: Principal, change: Change) => Promise<void>;
};

/** For how long the number of the sessions of ADMIN_TOKEN is believed: as long as a token is. */
const epochMaxAgeMs = 30_000;

/** A principal, and under which number sessions of its credential are valid. */
type Owner = { readonly principal: Principal; readonly epoch: number };

const longestClient = 200;

/** What a browser calls itself, without what would not show. */
const clientName = (userAgent: string): string =>
  userAgent
    .replaceAll(/[^\x20-\x7e]/g, "")
    .trim()
    .slice(0, longestClient);

const ofAccount = ({ id, sessionId, address, customerId, role }: SessionAccount): Principal => {
  const common = { actor: address, expiresAtMs: null, tokenId: null, account: { id, sessionId } };
  if (customerId === null) return { kind: "admin", ...common, scopes: accountScopes };
  // The database has no other customer's account (accounts_role_of).
  return { kind: "customer", ...common, customerId, role: isCustomerRole(role) ? role : "viewer" };
};

export const createSessions = (
  deps: Pick<Deps, "config" | "tokens" | "adminTokens" | "sessionStore" | "accounts" | "random"> & { readonly clock: Clock },
): Sessions => {
  const owners = tokenOwners(deps);
  // By digest, and so apart from those of the API, which are by secret: nobody presents a digest as one.
  const caches = createTokenCaches(deps.clock);

  let bootstrapEpoch: { readonly epoch: number; readonly atMs: number } | null = null;

  const epochOfBootstrap = async (anew: boolean): Promise<number> => {
    const atMs = deps.clock.nowMs();
    const ageMs = bootstrapEpoch === null ? epochMaxAgeMs : atMs - bootstrapEpoch.atMs;
    if (!anew && bootstrapEpoch !== null && ageMs >= 0 && ageMs < epochMaxAgeMs) return bootstrapEpoch.epoch;
    bootstrapEpoch = { epoch: await deps.sessionStore.bootstrapEpoch(), atMs };
    return bootstrapEpoch.epoch;
  };

  /** @param anew not of what is remembered: a session that begins has the number of this moment */
  const ownerOf = async ({ kind, digest }: Pick<SessionClaim, "kind" | "digest">, anew = false): Promise<Owner> => {
    if (kind === "account") {
      const account = (await deps.accounts?.session(await sha256Hex(digest))) ?? null;
      if (account === null) throw refused();
      return { principal: ofAccount(account), epoch: 0 };
    }
    if (kind === "bootstrap") {
      if (!(await owners.isBootstrap(digest))) throw refused();
      return { principal: bootstrap, epoch: await epochOfBootstrap(anew) };
    }
    const askedAtMs = deps.clock.nowMs();
    if (kind === "customer") {
      const known = anew ? null : caches.customers.get(digest);
      const owner = known ?? (await owners.ofCustomer(digest));
      if (known === null) caches.customers.put(digest, owner, askedAtMs);
      return { principal: ofToken(owner), epoch: owner.sessionEpoch };
    }
    const known = anew ? null : caches.admins.get(digest);
    const owner = known ?? (await owners.ofAdmin(digest));
    if (known === null) caches.admins.put(digest, owner, askedAtMs);
    return { principal: ofAdminToken(owner), epoch: owner.sessionEpoch };
  };

  const kindOf = async (secret: string, digest: string): Promise<SessionClaim["kind"]> => {
    if (await owners.isBootstrap(digest)) return "bootstrap";
    if (customerToken.test(secret)) return "customer";
    if (adminTokenForm.test(secret)) return "admin";
    throw refused();
  };

  return {
    begin: async (secret) => {
      const digest = toHex(await sha256(secret));
      const kind = await kindOf(secret, digest);
      const { principal, epoch } = await ownerOf({ kind, digest }, true);
      return { claim: { kind, digest, customerId: 0, epoch, expiresAtMs: deps.clock.nowMs() + sessionMs }, principal };
    },
    beginOf: async (credential, client, requestId) => {
      const digest = toHex(deps.random.bytes(32));
      const session = { hash: await sha256Hex(digest), client: clientName(client), durationMs: sessionMs };
      const change = { actor: credential.address, requestId, idempotency: null };
      if (deps.accounts === null || !(await deps.accounts.beginSession(credential, session, change))) throw refused();
      return { kind: "account", digest, customerId: 0, epoch: 0, expiresAtMs: deps.clock.nowMs() + sessionMs };
    },
    principalOf: async (claim) => {
      const { principal, epoch } = await ownerOf(claim);
      // Another isolate may know of a later number than this one, never the other way around.
      if (claim.epoch < epoch) throw refused();
      return principal;
    },
    end: async ({ account }, change) => {
      if (account !== undefined) await deps.accounts?.endSession(account.id, account.sessionId, change);
    },
    endAll: async (principal, change) => {
      const { kind, tokenId, account } = principal;
      if (account !== undefined) {
        await deps.accounts?.endSessions(account.id, change);
        return;
      }
      if (kind === "customer" && tokenId === null) throw new AppError("bad_request", "sessions are of tokens, and this credential is none");
      await deps.sessionStore.endAll({ kind, tokenId } as SessionOwner, change);
      bootstrapEpoch = null;
      if (tokenId === null) return;
      if (kind === "customer") caches.customers.forget(tokenId);
      else caches.admins.forget(tokenId);
    },
  };
};
