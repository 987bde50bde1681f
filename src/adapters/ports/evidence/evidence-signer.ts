import type { PublicKey } from "../../../domain/evidence/evidence-claim.ts";

/** Signs evidence, with a key that is not in the database. */
export interface EvidenceSigner {
  /** @returns Ed25519 over the text as UTF-8, base64url without padding, with the key's id */
  sign(text: (keyId: string) => string): Promise<{ readonly keyId: string; readonly signature: string }>;
  /** The present key first, then previous ones, which verify old records. */
  publicKeys(): Promise<readonly PublicKey[]>;
}

/** A signature as stored with its record. */
export type EvidenceProof = { readonly keyId: string; readonly signature: string };
