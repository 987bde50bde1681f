import { readFile } from "node:fs/promises";
import { usageError } from "../exit.ts";
import type { AnchorAnswer } from "./evidence-anchors.ts";
import { verifyAnchor } from "./evidence-anchors.ts";
import type { Trust } from "./evidence-audit.ts";
import { auditBundle } from "./evidence-audit.ts";
import { joinBundles } from "./evidence-bundle.ts";
import { summaryText } from "./evidence-summary.ts";
import { trusted } from "./evidence-signatures.ts";

const bytesOf = (file: string): Promise<Uint8Array> =>
  readFile(file).catch((error: unknown) => {
    throw usageError(error instanceof Error ? error.message : String(error));
  });

/** Records a line each are the array of them. */
const asArray = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== "{".charCodeAt(0)) return bytes;
  const lines = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\n");
  return new TextEncoder().encode(`[${(lines.at(-1) === "" ? lines.slice(0, -1) : lines).join(",")}]`);
};

const keysIn = async (file: string): Promise<Trust> => {
  const bytes = await bytesOf(file);
  try {
    const { keys } = JSON.parse(new TextDecoder().decode(bytes)) as { keys: { kid: string; x: string }[] };
    return {
      keys: trusted(
        keys.map(({ kid, x }) => ({ keyId: kid, x })),
        null,
      ),
    };
  } catch {
    throw usageError(`${file} holds no keys`);
  }
};

const anchorsIn = async (file: string): Promise<readonly AnchorAnswer[]> => {
  const bytes = await bytesOf(file);
  try {
    const anchors = JSON.parse(new TextDecoder().decode(bytes)) as AnchorAnswer[];
    if (Array.isArray(anchors)) return anchors;
  } catch {
    // Told below.
  }
  throw usageError(`${file} holds no anchors`);
};

/** `keysFile`: a file of trusted keys; null: the pinned ids are trusted. */
export type Named = { readonly keysFile: string | null; readonly pinned: readonly string[] };

export type Verified = { readonly ok: boolean; readonly json: unknown; readonly lines: readonly string[] };

/**
 * Verifies the evidence of a storm, in one file or its pages in their order.
 * @param named null: no signature is required
 * @throws CommandError naming a file that can not be read, or is not what it should be
 */
export const verifyFiles = async (files: readonly string[], named: Named | null, anchorFiles: readonly string[]): Promise<Verified> => {
  const trust = named === null ? null : named.keysFile === null ? { pinned: named.pinned } : await keysIn(named.keysFile);
  const anchors = (await Promise.all(anchorFiles.map(anchorsIn))).flat();
  const audit = auditBundle(joinBundles((await Promise.all(files.map(bytesOf))).map(asArray)), trust);
  if (!audit.ok) {
    const { record, seq, reason } = audit;
    return {
      ok: false,
      json: { ok: false, record, seq, reason },
      lines: [`BROKEN: record ${record}${seq === null ? "" : ` (seq ${seq})`} ${reason}`],
    };
  }
  const { stormId, serviceId, kinds, ended, follows, head, closing } = audit.bundle;
  const verdicts = anchors.map((anchor) => ({ anchor, verdict: verifyAnchor(anchor, audit.bundle.records, audit.keys) }));
  const ok = verdicts.every(({ verdict }) => verdict.ok);
  const json = {
    ok,
    storm_id: stormId,
    service_id: serviceId,
    kinds,
    ended,
    signed_by: trust === null ? null : audit.signedBy,
    replayed: audit.replayed,
    remarks: audit.remarks,
    follows,
    head,
    anchors: verdicts.map(({ anchor, verdict }) => ({ id: anchor.id, ok: verdict.ok, reason: verdict.ok ? null : verdict.reason })),
  };
  const lines = [
    `ok: storm ${stormId} of service ${serviceId}: ${kinds.join(", ")}${ended ? "" : " (still on)"}`,
    trust === null ? "NOT SIGNED, or not asked for it: nobody vouches for it" : `signed by ${audit.signedBy.join(", ")}`,
    `${audit.replayed} decisions were replayed, each from the samples that it shows, and follow`,
    ...audit.remarks.map(({ record, seq, why }) => `  but record ${record} (seq ${seq}) ${why}`),
    ...(closing?.summary === undefined ? [] : [summaryText(closing.summary)]),
    follows === null ? "the chain begins here" : `it follows record ${follows.seq}, ${follows.hash}, which is not part of this`,
    `the chain ends in ${head}`,
    ...verdicts.map(({ anchor, verdict }) =>
      verdict.ok
        ? `anchor ${anchor.id} of ${verdict.at} ${verdict.inBundle ? `knows record ${anchor.leaf.seq} as it stands here` : "holds, and is of another part of the chain"}${verdict.stamped ? "; time-stamped: openssl ts -verify" : ""}`
        : `BROKEN: anchor ${anchor.id} ${verdict.reason}`,
    ),
  ];
  return { ok, json, lines };
};
