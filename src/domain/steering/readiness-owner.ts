import { graceMs } from "../tenants/ownership.ts";
import { challengeName } from "../tenants/ownership-record.ts";
import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";
import type { RoleTrust } from "./role-trust.ts";
import { checkRoleTrust } from "./role-trust.ts";

/** Whose a name is, and who else may have it steered. */
export type OwnerFacts = {
  readonly name: string;
  readonly verified: boolean;
  /** The proof of a held name is missing; absent: it is there. */
  readonly lapse?: { readonly lapsedAtMs: number; readonly heldAtMs: number | null } | null;
  /** Its proof is valid besides the owner's. */
  readonly disputed?: boolean;
  /** It holds the name, and somebody else's proof is valid as well. */
  readonly rivalled?: boolean;
  /** How the zone of the name is bound to customers; absent: it is not in the operator's account, or was not checked. */
  readonly zoneBinding?: "bound" | "open";
  /** How far the customer's role trusts others; absent: there is no role. */
  readonly roleTrust?: RoleTrust;
};

const proofGone = (name: string, nowMs: number, { lapsedAtMs, heldAtMs }: NonNullable<OwnerFacts["lapse"]>): Finding => {
  const mend = `publish the TXT record ${challengeName(name)} again and POST the domain's verification`;
  const hoursLeft = Math.max(0, Math.ceil((lapsedAtMs + graceMs - nowMs) / 3_600_000));
  return heldAtMs === null
    ? found(
        "owner",
        "warn",
        `the proof of the name is not seen any more: after ${hoursLeft} h nothing is switched but back to normal`,
        mend,
      )
    : found("owner", "fail", "the proof of the name has been gone for 72 h: nothing is switched but back to normal", mend);
};

export const checkOwner = ({ verified, name, lapse, disputed, rivalled }: OwnerFacts, nowMs: number): Finding => {
  if (verified && lapse != null) return proofGone(name, nowMs, lapse);
  if (verified && rivalled === true)
    return found(
      "owner",
      "warn",
      "the name is proven to be yours, and somebody else's proof of it stands as well",
      `take down other TXT records ${challengeName(name)} than yours, or ask the operator`,
    );
  if (disputed === true)
    return found(
      "owner",
      "fail",
      "the name is proven by you and held by somebody else: it is disputed",
      "ask the operator, or wait until the owner's record is gone for 7 days",
    );
  return verified
    ? pass("owner", "the name is proven to be yours")
    : found(
        "owner",
        "fail",
        "nobody has proven that the name is theirs",
        `publish the TXT record _tranche-challenge.${name} and POST the domain's verification`,
      );
};

/** Zones of the operator's own account serve every customer with a proven name in them, unless bound to customers. */
export const checkZoneBinding = ({ zoneBinding: binding }: OwnerFacts): readonly Finding[] => {
  if (binding === undefined) return [];
  if (binding === "bound") return [pass("zone_binding", "the zone is bound to you")];
  return [
    found(
      "zone_binding",
      "unproven",
      "the operator's zone is bound to no customer: whoever proves a name in it has it steered",
      "none with one customer; else the operator binds zones with POST /v1/zone-grants",
    ),
  ];
};

export const checkTrust = ({ roleTrust: trust }: OwnerFacts): readonly Finding[] => (trust === undefined ? [] : [checkRoleTrust(trust)]);
