import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adminScopes, includesRole, refuseAdminToken, refuseToken, roles } from "../../../src/domain/tenants/access.ts";
import type { AdminScope, Minter, Role } from "../../../src/domain/tenants/access.ts";

const never = Number.POSITIVE_INFINITY;
const expiry = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 5 }));
const scopes = fc.subarray([...adminScopes], { minLength: 1 });
const root = fc.oneof<fc.Arbitrary<Minter>[]>(
  fc.record({ kind: fc.constant("admin" as const), scopes, expiresAtMs: expiry }),
  fc.record({ kind: fc.constant("customer" as const), role: fc.constantFrom(...roles), expiresAtMs: expiry }),
);
type Wanted =
  | { kind: "admin"; scopes: AdminScope[]; expiresAtMs: number | null }
  | { kind: "customer"; role: Role; expiresAtMs: number | null };
const wanted = fc.oneof<fc.Arbitrary<Wanted>[]>(
  fc.record({ kind: fc.constant("admin" as const), scopes, expiresAtMs: expiry }),
  fc.record({ kind: fc.constant("customer" as const), role: fc.constantFrom(...roles), expiresAtMs: expiry }),
);

const refusal = (minter: Minter, one: Wanted) => (one.kind === "admin" ? refuseAdminToken(minter, one) : refuseToken(minter, one));

/** What one can do to a customer's rows in the end. */
const rights = (one: Minter): { reads: boolean; writes: boolean; mints: boolean; billing: boolean; freeze: boolean } =>
  one.kind === "admin"
    ? {
        reads: one.scopes.includes("read"),
        writes: one.scopes.includes("write"),
        mints: one.scopes.includes("tokens"),
        billing: one.scopes.includes("billing"),
        freeze: one.scopes.includes("freeze"),
      }
    : { reads: true, writes: includesRole(one.role, "editor"), mints: includesRole(one.role, "owner"), billing: false, freeze: false };

describe("minting", () => {
  it("widens nothing, however long the chain: what comes of a credential can do no more than it, and not for longer", () => {
    fc.assert(
      fc.property(root, fc.array(wanted, { maxLength: 6 }), (first, chain) => {
        let held = first;
        for (const next of chain) {
          if (refusal(held, next) !== null) continue;
          held = next;
          const [could, can] = [rights(first), rights(held)];
          for (const right of ["reads", "writes", "mints", "billing", "freeze"] as const) if (can[right]) expect(could[right]).toBe(true);
          expect(held.expiresAtMs ?? never).toBeLessThanOrEqual(first.expiresAtMs ?? never);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("lets the bootstrap token make everything", () => {
    const bootstrap: Minter = { kind: "admin", scopes: adminScopes, expiresAtMs: null };
    fc.assert(fc.property(wanted, (one) => refusal(bootstrap, one) === null));
  });

  it.each(["viewer", "editor"] as const)("is not for a %s", (role) => {
    fc.assert(fc.property(wanted, expiry, (one, expiresAtMs) => refusal({ kind: "customer", role, expiresAtMs }, one) !== null));
  });
});
