import { createEvidenceAnchorStore } from "../adapters/db/evidence/evidence-anchors.ts";
import { createEvidenceStore } from "../adapters/db/evidence/evidence.ts";
import type { Database } from "../adapters/db/platform/client.ts";
import { createEvidenceSigner } from "../adapters/evidence/evidence-signer.ts";
import { createTimestamps } from "../adapters/evidence/timestamps.ts";
import { guardedFetch } from "../adapters/platform/guarded-fetch.ts";
import type { EvidenceDeps } from "../adapters/ports/deps.ts";
import type { EvidenceSigner } from "../adapters/ports/evidence/evidence-signer.ts";
import type { Breakers } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Random } from "../adapters/ports/platform/random.ts";
import type { Config } from "../config.ts";
import type { JobDeps } from "../cron/schedule.ts";

/** Null: without EVIDENCE_SIGNING_KEY nothing is signed. */
export const evidenceSigner = ({ evidence: { signingKey, publicKeys } }: Config): EvidenceSigner | null =>
  signingKey === null ? null : createEvidenceSigner(signingKey, publicKeys);

type Needs = {
  readonly config: Config;
  readonly db: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: typeof fetch;
  readonly breakers: Breakers;
  readonly signer: EvidenceSigner | null;
};

/** Evidence of decisions. */
export const buildEvidence = ({
  config,
  db,
  clock,
  random,
  fetch,
  breakers,
  signer,
}: Needs): EvidenceDeps & Pick<JobDeps, "timestamps"> => ({
  evidence: createEvidenceStore(db, { clock, currency: config.billing.currency }),
  evidenceAnchors: createEvidenceAnchorStore(db),
  evidenceSigner: signer,
  timestamps:
    config.evidence.timestampUrl === null
      ? null
      : createTimestamps(
          config.evidence.timestampUrl,
          guardedFetch(fetch, breakers.line({ kind: "timestamp", customerId: null, accountId: null }), clock),
          random,
        ),
});
