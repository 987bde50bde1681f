import type { Breakers } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { EvidenceAnchorStore, Timestamps } from "../adapters/ports/evidence/evidence-anchors.ts";
import type { EvidenceSigner } from "../adapters/ports/evidence/evidence-signer.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import { canonicalJson } from "../domain/evidence/canonical-json.ts";
import { anchorText } from "../domain/evidence/evidence-claim.ts";
import { leafText, treeOf } from "../domain/evidence/merkle.ts";
import { isoTime } from "../iso-time.ts";
import type { JobReport } from "./job.ts";
import { toHex } from "../domain/platform/hex.ts";

export type AnchorDeps = {
  readonly evidenceAnchors: EvidenceAnchorStore;
  /** Null, or absent: no anchor is signed. */
  readonly evidenceSigner?: EvidenceSigner | null;
  /** Null: anchors are not time-stamped. */
  readonly timestamps: Timestamps | null;
  /** That of the time-stamping authority is heeded by `timestamps`. */
  readonly breakers: Breakers;
  readonly clock: Clock;
  readonly log: Log;
};

/** Chains in one anchor, and anchors of one run: further ones are anchored the day after. */
const chainsPerAnchor = 2_000;
const anchorsPerRun = 20;

const sha256 = async (text: string): Promise<string> => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(new TextEncoder().encode(text))));
  return toHex(digest);
};

/**
 * Puts the heads of all chains that have grown into a Merkle tree, whose root is signed, chained to the previous one and
 * time-stamped externally. A recorded root, or the time-stamp, shows whether a chain was rewritten since. Without an answer
 * of the time-stamping authority the anchor is made all the same.
 */
export const anchorEvidence = async (deps: AnchorDeps, fence: Fence): Promise<JobReport> =>
  deps.timestamps === null
    ? await anchorAll(deps, fence)
    : await deps.breakers.during(["timestamp"], async () => await anchorAll(deps, fence));

const anchorAll = async (deps: AnchorDeps, fence: Fence): Promise<JobReport> => {
  const { evidenceAnchors, timestamps, clock, log } = deps;
  const count = { anchors: 0, chains: 0, unstamped: 0 };
  while (count.anchors < anchorsPerRun) {
    const { heads, latestHash } = await evidenceAnchors.grown(chainsPerAnchor);
    if (heads.length === 0) break;
    const { root, paths } = await treeOf(await Promise.all(heads.map((head) => sha256(leafText(head)))), sha256);
    const said = { at: isoTime(clock.nowMs()), chains: heads.length, previous_hash: latestHash, root, v: 1 };
    const body = canonicalJson(said);
    const hash = await sha256(body);
    const signed = (await deps.evidenceSigner?.sign((keyId) => anchorText(said, keyId))) ?? null;
    const stamped = (await timestamps?.stamp(hash)) ?? null;
    const error = stamped !== null && "error" in stamped ? stamped.error : null;
    if (error !== null) log.warn("timestamp_failed", { reason: error });
    const anchor = {
      body,
      hash,
      keyId: signed?.keyId ?? null,
      signature: signed?.signature ?? null,
      timestamp: stamped !== null && "token" in stamped ? stamped.token : null,
      timestampError: error,
    };
    if (
      !(await evidenceAnchors.save(
        fence,
        anchor,
        heads.map((head, place) => ({ ...head, place, path: paths[place] ?? [] })),
        latestHash,
      ))
    )
      break;
    count.anchors += 1;
    count.chains += heads.length;
    if (error !== null) count.unstamped += 1;
  }
  return count;
};
