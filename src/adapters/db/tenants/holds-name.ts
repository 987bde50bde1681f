import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/**
 * Whether the domain `d` holds its name: `verified` of domain/tenants/ownership.ts. What holds it only because no proof was asked for
 * does not where one is.
 * @param requireProof DOMAIN_VERIFICATION
 */
export const holdsName = (requireProof: boolean): SQL =>
  requireProof ? sql`(d.verified_at is not null and coalesce(d.verified_by, 'proof') <> 'off')` : sql`(d.verified_at is not null)`;

/** The same, and its proof has not been gone for so long that nothing new is done by it. */
export const steersName = (requireProof: boolean): SQL =>
  requireProof ? sql`(${holdsName(true)} and d.held_at is null)` : holdsName(false);

/** Whether something that moves visitors may begin: a switch by hand, records that are created, checks that are attached. */
export const provenNow = (requireProof: boolean): SQL =>
  requireProof ? sql`(${holdsName(true)} and d.lapsed_at is null)` : holdsName(false);
