/**
 * Ownership of names (semantics §3). A claim is a customer's live domain; of all claims to a name one may hold it.
 *
 * | state | what it means | what is allowed |
 * |---|---|---|
 * | `unproven` | ownership of the name is not proven | probing |
 * | `proven` | its record was there at the last conclusive look-up | everything |
 * | `lapsing` | the record is missing since `lapsedAtMs` | storms steer; no override, no first switch |
 * | `held` | it has been missing for 72 h | what tranche moved returns to normal, nothing else |
 * | `disputed` | its record is there, and somebody else holds the name | probing |
 * | `lost` | it held the name once, and it was handed to another | probing; with a new token |
 *
 * | from | what happens | to |
 * |---|---|---|
 * | `unproven`, `lost` | its record is seen on request, and nobody holds the name, or the owner is gone | `proven` |
 * | `unproven`, `lost` | it is seen, and somebody holds the name | `disputed`; the owner stays what it is |
 * | `proven` | a look-up does not see it | `lapsing` |
 * | `lapsing` | a look-up does not see it 72 h or more after the first that did not | `held` |
 * | `lapsing`, `held` | a look-up sees it | `proven` |
 * | `disputed` | a look-up sees it, and the owner is deleted, or gone | `proven` |
 * | `disputed` | a look-up does not see it, or an admin rejects it | `unproven`, with another token |
 * | `disputed` | an admin hands over | `proven` |
 * | any owner | an admin hands over, or it is gone during a dispute | `lost` |
 *
 * Gone: not seen for 7 days, and by at least 7 look-ups. A look-up that not every resolver has answered is inconclusive.
 * A name that is held because no proof was required (`off`) counts as unproven once one is.
 */
export type OwnershipState = "unproven" | "proven" | "lapsing" | "held" | "disputed" | "lost";

export type Look = "seen" | "missing" | "undecided";

/** Times are epoch milliseconds. */
export type Claim = {
  readonly id: number;
  /** Since when it holds the name; null: it does not. */
  readonly verifiedAtMs: number | null;
  readonly verifiedBy: "proof" | "off" | "admin" | null;
  /** When its record was last seen. */
  readonly seenAtMs: number | null;
  /** The first look-up that did not see it since the last that did, and how many there were. */
  readonly lapsedAtMs: number | null;
  readonly absences: number;
  readonly heldAtMs: number | null;
  /** Of the owner: since when another's proof is valid. Of anybody else: since when its own is, besides the owner's. */
  readonly disputedAtMs: number | null;
  readonly lostAtMs: number | null;
  /** When it is looked up next. */
  readonly dueAtMs: number;
};

/** A transition of a claim; its name is the action in the audit log, null where nothing is recorded. */
export type ClaimEvent =
  | "verify"
  | "unverify"
  | "proof_missing"
  | "proof_lapsed"
  | "proof_held"
  | "proof_restored"
  | "dispute"
  | "disputed"
  | "dispute_over"
  | "hand_over"
  | "reject_dispute";

export type ClaimChange = { readonly claim: Claim; readonly event: ClaimEvent | null; readonly rotate: boolean };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** How long an unproven claim's token is valid. */
export const tokenLifeMs = 7 * dayMs;
/** How long a lapsed proof only warns before switches are held; also how long the last sight of it counts where no resolver answers. */
export const graceMs = 72 * hourMs;
const goneAfter = { ms: 7 * dayMs, looks: 7 } as const;
/** A rival's proof is valid if it was seen within this time: it is looked up daily, and a look-up may be inconclusive. */
const standsMs = 2 * dayMs;
const again = { seen: dayMs, lapsing: 6 * hourMs, held: dayMs, undecided: hourMs } as const;

/** Whether it holds the name where names have to be proven. */
const holds = (claim: Claim): boolean => claim.verifiedAtMs !== null && claim.verifiedBy !== "off";

/** @param required whether names have to be proven (DOMAIN_VERIFICATION) */
export const stateOf = (claim: Claim, required: boolean): OwnershipState => {
  if (claim.verifiedAtMs !== null && !required) return "proven";
  if (holds(claim)) return claim.heldAtMs !== null ? "held" : claim.lapsedAtMs !== null ? "lapsing" : "proven";
  if (claim.disputedAtMs !== null) return "disputed";
  return claim.lostAtMs !== null ? "lost" : "unproven";
};

/** Whether the owner's proof has been missing for so long that a valid rival's proof replaces it. */
const isGone = ({ lapsedAtMs, absences }: Claim, nowMs: number): boolean =>
  lapsedAtMs !== null && nowMs - lapsedAtMs >= goneAfter.ms && absences >= goneAfter.looks;

/**
 * Whether a proof is good enough for a first switch or an override: by the look-up just made, and where that was inconclusive,
 * by when it was last seen.
 */
export const isFresh = (claim: Pick<Claim, "verifiedAtMs" | "seenAtMs" | "lapsedAtMs">, look: Look, nowMs: number): boolean => {
  if (look !== "undecided") return look === "seen";
  const seenAtMs = claim.seenAtMs ?? claim.verifiedAtMs;
  return claim.lapsedAtMs === null && seenAtMs !== null && nowMs - seenAtMs <= graceMs;
};

const well = { lapsedAtMs: null, absences: 0, heldAtMs: null } as const;

const won = (claim: Claim, by: "proof" | "admin", nowMs: number): Claim => ({
  ...claim,
  ...well,
  verifiedAtMs: nowMs,
  verifiedBy: by,
  disputedAtMs: null,
  lostAtMs: null,
  dueAtMs: nowMs + again.seen,
});

const lost = (claim: Claim, nowMs: number): ClaimChange => ({
  claim: { ...claim, ...well, verifiedAtMs: null, verifiedBy: null, seenAtMs: null, disputedAtMs: null, lostAtMs: nowMs },
  event: "unverify",
  rotate: true,
});

const told = (claim: Claim, event: ClaimEvent | null): ClaimChange => ({ claim, event, rotate: false });

/** Claims that dispute the name, the earliest first. */
const rivalsOf = (claims: readonly Claim[], ownId: number): readonly Claim[] =>
  claims
    .filter((one) => one.id !== ownId && !holds(one) && one.disputedAtMs !== null)
    .toSorted((a, b) => (a.disputedAtMs ?? 0) - (b.disputedAtMs ?? 0) || a.id - b.id);

/** Since when the owner has rivals: one may have withdrawn its claim without a look-up. */
const rivalledSince = (claims: readonly Claim[], owner: Claim, nowMs: number): number | null =>
  rivalsOf(claims, owner.id).length === 0 ? null : (owner.disputedAtMs ?? nowMs);

/** The name passes to a claim: its holder loses it, and other disputes continue with the new owner. */
const handOver = (claims: readonly Claim[], to: Claim, by: "proof" | "admin", event: ClaimEvent, nowMs: number): readonly ClaimChange[] => {
  const before = claims.filter((one) => one.id !== to.id && one.verifiedAtMs !== null);
  const [rival] = rivalsOf(claims, to.id);
  const owner = { ...won(to, by, nowMs), disputedAtMs: rival === undefined ? null : nowMs };
  return [...before.map((one) => lost(one, nowMs)), told(owner, event)];
};

/** Ends a dispute for its newcomer, and for the owner where it was the last. */
const dropped = (claims: readonly Claim[], own: Claim, event: ClaimEvent): readonly ClaimChange[] => {
  const owner = claims.find((one) => one.id !== own.id && holds(one));
  const isLast = rivalsOf(claims, own.id).length === 0;
  const freed =
    owner !== undefined && owner.disputedAtMs !== null && isLast ? [told({ ...owner, disputedAtMs: null }, "dispute_over")] : [];
  return [{ claim: { ...own, ...well, disputedAtMs: null, seenAtMs: null }, event, rotate: true }, ...freed];
};

const afterSeen = (claims: readonly Claim[], own: Claim, nowMs: number): readonly ClaimChange[] => {
  const seen = { ...own, seenAtMs: nowMs, dueAtMs: nowMs + again.seen };
  const disputedAtMs = rivalledSince(claims, own, nowMs);
  if (holds(own)) {
    const over = own.disputedAtMs !== null && disputedAtMs === null ? "dispute_over" : null;
    return [told({ ...seen, ...well, disputedAtMs }, own.lapsedAtMs === null ? over : "proof_restored")];
  }
  // Held because no proof was required: now there is one, and it has held the name all along.
  if (own.verifiedAtMs !== null) return [told({ ...seen, ...well, verifiedBy: "proof" }, "verify")];
  const owner = claims.find((one) => one.id !== own.id && holds(one));
  if (owner === undefined || isGone(owner, nowMs)) return handOver(claims, seen, "proof", "verify", nowMs);
  const rival = told({ ...seen, disputedAtMs: own.disputedAtMs ?? nowMs }, own.disputedAtMs === null ? "dispute" : null);
  if (owner.disputedAtMs !== null) return [rival];
  return [rival, told({ ...owner, disputedAtMs: nowMs, dueAtMs: Math.min(owner.dueAtMs, nowMs) }, "disputed")];
};

const afterMissing = (claims: readonly Claim[], own: Claim, nowMs: number): readonly ClaimChange[] => {
  if (!holds(own)) return own.disputedAtMs === null || own.verifiedAtMs !== null ? [] : dropped(claims, own, "dispute_over");
  const lapsedAtMs = own.lapsedAtMs ?? nowMs;
  const heldAtMs = own.heldAtMs ?? (nowMs - lapsedAtMs >= graceMs ? nowMs : null);
  const next = {
    ...own,
    disputedAtMs: rivalledSince(claims, own, nowMs),
    lapsedAtMs,
    absences: own.absences + 1,
    heldAtMs,
    dueAtMs: nowMs + (heldAtMs === null ? again.lapsing : again.held),
  };
  const heir = rivalsOf(claims, own.id).find(({ seenAtMs }) => seenAtMs !== null && nowMs - seenAtMs <= standsMs);
  if (heir !== undefined && isGone(next, nowMs)) return handOver(claims, heir, "proof", "verify", nowMs);
  const event = own.lapsedAtMs === null ? "proof_lapsed" : own.heldAtMs === null && heldAtMs !== null ? "proof_held" : null;
  return [told(next, event)];
};

/**
 * The changes by a look-up of one claim's record, where names have to be proven.
 * @param claims all that hold or dispute the name, and the one that was looked up
 */
export const afterLook = (claims: readonly Claim[], id: number, look: Look, nowMs: number): readonly ClaimChange[] => {
  const own = claims.find((one) => one.id === id);
  if (own === undefined) return [];
  if (look === "undecided")
    return own.verifiedAtMs === null && own.disputedAtMs === null ? [] : [told({ ...own, dueAtMs: nowMs + again.undecided }, null)];
  return look === "seen" ? afterSeen(claims, own, nowMs) : afterMissing(claims, own, nowMs);
};

/** Where no proof is required: the requesting claim holds the name, and its previous holder loses it. */
export const afterWaiver = (claims: readonly Claim[], id: number, nowMs: number): readonly ClaimChange[] => {
  const own = claims.find((one) => one.id === id);
  if (own === undefined || own.verifiedAtMs !== null) return [];
  return [
    ...claims.filter((one) => one.verifiedAtMs !== null).map((one) => lost(one, nowMs)),
    told({ ...won(own, "proof", nowMs), verifiedBy: "off" }, "verify"),
  ];
};

/** An admin's decision of a dispute. @returns null where the claim disputes nothing */
export const afterDecision = (
  claims: readonly Claim[],
  id: number,
  decision: "hand_over" | "reject",
  nowMs: number,
): readonly ClaimChange[] | null => {
  const own = claims.find((one) => one.id === id);
  if (own === undefined || stateOf(own, true) !== "disputed") return null;
  return decision === "hand_over" ? handOver(claims, own, "admin", "hand_over", nowMs) : dropped(claims, own, "reject_dispute");
};
