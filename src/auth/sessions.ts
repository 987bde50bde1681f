import type { Deps } from "../adapters/ports/deps.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { SessionClaim } from "../adapters/ports/tenants/sessions.ts";
import { toHex } from "../domain/platform/hex.ts";
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
};

export const createSessions = (deps: Pick<Deps, "config" | "tokens" | "adminTokens"> & { readonly clock: Clock }): Sessions => {
  const owners = tokenOwners(deps);
  // By digest, and so apart from those of the API, which are by secret: nobody presents a digest as one.
  const caches = createTokenCaches(deps.clock);

  const principalOf = async ({ kind, digest }: Pick<SessionClaim, "kind" | "digest">): Promise<Principal> => {
    if (kind === "bootstrap") {
      if (!(await owners.isBootstrap(digest))) throw refused();
      return bootstrap;
    }
    const askedAtMs = deps.clock.nowMs();
    if (kind === "customer") {
      const known = caches.customers.get(digest);
      if (known !== null) return ofToken(known);
      const owner = await owners.ofCustomer(digest);
      caches.customers.put(digest, owner, askedAtMs);
      return ofToken(owner);
    }
    const known = caches.admins.get(digest);
    if (known !== null) return ofAdminToken(known);
    const owner = await owners.ofAdmin(digest);
    caches.admins.put(digest, owner, askedAtMs);
    return ofAdminToken(owner);
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
      const principal = await principalOf({ kind, digest });
      return { claim: { kind, digest, customerId: 0, expiresAtMs: deps.clock.nowMs() + sessionMs }, principal };
    },
    principalOf,
  };
};
