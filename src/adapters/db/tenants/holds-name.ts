import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/**
 * Whether the domain `d` holds its name: `verified` of domain/tenants/ownership.ts. A claim that holds it only because no proof
 * was required does not where one is.
 * @param requireProof DOMAIN_VERIFICATION
 */
export const holdsName = (requireProof: boolean): SQL =>
  requireProof ? sql`(d.verified_at is not null and coalesce(d.verified_by, 'proof') <> 'off')` : sql`(d.verified_at is not null)`;

/** The same, and it is not `held` for a missing proof. */
export const steersName = (requireProof: boolean): SQL =>
  requireProof ? sql`(${holdsName(true)} and d.held_at is null)` : holdsName(false);

/** Whether something new that moves visitors may begin: a manual override, the creation of records, attaching health checks. */
export const provenNow = (requireProof: boolean): SQL =>
  requireProof ? sql`(${holdsName(true)} and d.lapsed_at is null)` : holdsName(false);
