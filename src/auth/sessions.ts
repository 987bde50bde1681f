import type { Deps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Change } from "../adapters/ports/tenants/change.ts";
import type { SessionClaim, SessionOwner } from "../adapters/ports/tenants/sessions.ts";
import { toHex } from "../domain/platform/hex.ts";
import { AppError } from "../errors.ts";
import { sha256 } from "../http/digest.ts";
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
   * Who a session speaks for now: a token that was revoked, or whose role was changed, counts as it is within 30 s.
   * @throws AppError `unauthenticated`
   */
  readonly principalOf: (claim: SessionClaim) => Promise<Principal>;
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

export const createSessions = (
  deps: Pick<Deps, "config" | "tokens" | "adminTokens" | "sessionStore"> & { readonly clock: Clock },
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
    principalOf: async (claim) => {
      const { principal, epoch } = await ownerOf(claim);
      // Another isolate may know of a later number than this one, never the other way around.
      if (claim.epoch < epoch) throw refused();
      return principal;
    },
    endAll: async (principal, change) => {
      const { kind, tokenId } = principal;
      if (kind === "customer" && tokenId === null) throw new AppError("bad_request", "sessions are of tokens, and this credential is none");
      await deps.sessionStore.endAll({ kind, tokenId } as SessionOwner, change);
      bootstrapEpoch = null;
      if (tokenId === null) return;
      if (kind === "customer") caches.customers.forget(tokenId);
      else caches.admins.forget(tokenId);
    },
  };
};
