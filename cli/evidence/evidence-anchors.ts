import { createHash } from "node:crypto";
import type { JsonValue } from "../../src/domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../src/domain/evidence/canonical-json.ts";
import { leafText, nodeText, sidesOf } from "../../src/domain/evidence/merkle.ts";
import type { EvidenceRecord } from "./evidence-bundle.ts";
import type { Keys } from "./evidence-signatures.ts";
import { anchorFault, isFields } from "./evidence-signatures.ts";

/** An anchor as `GET /v1/services/{id}/evidence-anchors` gives it. */
export type AnchorAnswer = {
  readonly id: number;
  readonly anchor: {
    readonly body: string;
    readonly hash: string;
    readonly key_id: string | null;
    readonly signature: string | null;
    readonly timestamp: string | null;
  };
  readonly leaf: { readonly seq: number; readonly hash: string };
  readonly place: number;
  readonly path: readonly string[];
};

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

/** `inBundle`: its leaf is a record of the bundle, which is proven to have stood there at `at`. */
export type AnchorVerdict =
  | { readonly ok: true; readonly at: string; readonly inBundle: boolean; readonly stamped: boolean }
  | { readonly ok: false; readonly reason: string };

/**
 * Whether an anchor is valid: its body is what was hashed and signed, the leaf leads to its root, and where the leaf is in the
 * bundle it is that record. The time-stamp itself is for `openssl ts -verify`, which needs trusted certificates.
 */
export const verifyAnchor = (
  { anchor, leaf, place, path }: AnchorAnswer,
  records: readonly EvidenceRecord[],
  keys: Keys,
): AnchorVerdict => {
  const broken = (reason: string): AnchorVerdict => ({ ok: false, reason });
  let body: JsonValue;
  try {
    body = JSON.parse(anchor.body) as JsonValue;
    if (!isFields(body) || canonicalJson(body) !== anchor.body) return broken("has a body that is not canonical");
  } catch {
    return broken("has a body that is not JSON");
  }
  const { root = null, chains = 0, at = null } = body;
  if (sha256(anchor.body) !== anchor.hash) return broken("does not have the hash that it names");
  if (anchor.key_id === null || anchor.signature === null) return broken("is not signed");
  const fault = anchorFault(body, anchor.key_id, anchor.signature, keys);
  if (fault !== null) return broken(fault);
  const serviceId = records[0]?.serviceId ?? 0;
  const sides = sidesOf(place, Number(chains), path.length);
  if (sides === null) return broken("has no way from its leaf to its root");
  const top = path.reduce(
    (below, beside, step) => sha256(sides[step] === "left" ? nodeText(beside, below) : nodeText(below, beside)),
    sha256(leafText({ serviceId, ...leaf })),
  );
  if (top !== root) return broken("does not lead from its leaf to its root");
  const record = records.find(({ seq }) => seq === leaf.seq);
  if (record !== undefined && record.hash !== leaf.hash) return broken(`knows another record ${leaf.seq}: the chain was made anew since`);
  return { ok: true, at: typeof at === "string" ? at : "", inBundle: record !== undefined, stamped: anchor.timestamp !== null };
};
