import type { PublicKey } from "../../../domain/evidence/evidence-claim.ts";

/** Signs what is proven, by a key that no database knows. */
export interface EvidenceSigner {
  /** @returns Ed25519 over the text as UTF-8, base64url without padding, and whose it is */
  sign(text: (keyId: string) => string): Promise<{ readonly keyId: string; readonly signature: string }>;
  /** The present key first, then those of before by which old records are verified. */
  publicKeys(): Promise<readonly PublicKey[]>;
}

/** A signature as it is stored beside what it is of. */
export type EvidenceProof = { readonly keyId: string; readonly signature: string };
