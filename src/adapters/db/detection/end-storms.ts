import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { claimText } from "../../../domain/evidence/evidence-claim.ts";
import { isoTime } from "../../../iso-time.ts";
import type { Clock } from "../../ports/platform/clock.ts";
import type { EvidenceSigner } from "../../ports/evidence/evidence-signer.ts";

/** Who signs, and what time it is. */
export type Signing = { readonly signer: EvidenceSigner; readonly clock: Clock };

type DeletionReason = "policy_deleted" | "service_deleted";
type DeletionProof = { readonly decided_at: string; readonly key_id: string; readonly signature: string };

/**
 * Signs that a deletion ends the storms it finds. Which these are, and where their chains end, only the statement
 * knows: the signature is of service, reason and time.
 */
export const signDeletion = async (signing: Signing | null, serviceId: number, reason: DeletionReason): Promise<DeletionProof | null> => {
  if (signing === null) return null;
  const decidedAt = isoTime(signing.clock.nowMs());
  const body = { decided_at: decidedAt, decision: { change: "end", reason } };
  const signed = await signing.signer
    .sign((keyId) => claimText({ kind: "end", serviceId, stormId: 0, follows: null, body }, keyId))
    .catch(() => null);
  return signed && { decided_at: decidedAt, key_id: signed.keyId, signature: signed.signature };
};

/** Ends the active storms of deleted policies; credit runs to now, or to the start of the recovery. */
export const endedStorms = (reason: DeletionReason, condition: SQL, proof: DeletionProof | null): SQL => sql`
  update storm_events e set state = 'ended', ended_reason = ${reason}, proof = ${proof && JSON.stringify(proof)}::jsonb,
    ended_at = greatest(e.started_at, case when e.state = 'recovering' then e.recovering_since else date_trunc('milliseconds', now()) end)
  where e.ended_at is null and ${condition}`;
