import type { AnchorAnswer } from "../../cli/evidence/evidence-anchors.ts";
import { verifyAnchor } from "../../cli/evidence/evidence-anchors.ts";
import { auditBundle } from "../../cli/evidence/evidence-audit.ts";
import { joinBundles } from "../../cli/evidence/evidence-bundle.ts";
import type { Keys } from "../../cli/evidence/evidence-signatures.ts";
import { trusted } from "../../cli/evidence/evidence-signatures.ts";
import type { Api } from "./api.ts";

/** The keys that a customer keeps when he trusts them: before there is anything to dispute. */
export const keepKeys = async (api: Api): Promise<Keys> => {
  const { keys } = await api.get<{ keys: { kid: string; x: string }[] }>("/.well-known/tranche-evidence-keys");
  return trusted(
    keys.map(({ kid, x }) => ({ keyId: kid, x })),
    null,
  );
};

export type AuditedStorm = { readonly ok: boolean; readonly detail: string; readonly records: number; readonly replayed: number };

/** Reads a storm's evidence page by page and verifies it, as its customer would with `npm run evidence:verify`. */
export const auditStorm = async (api: Api, stormId: number, keys: Keys): Promise<AuditedStorm> => {
  const pages: Uint8Array[] = [];
  for (let path: string | null = `/v1/storms/${stormId}/evidence`; path !== null;) {
    const { bytes, next } = await api.page(path);
    pages.push(bytes);
    path = next;
  }
  const audit = auditBundle(joinBundles(pages), { keys });
  if (!audit.ok) return { ok: false, detail: `record ${audit.record} ${audit.reason}`, records: 0, replayed: 0 };
  const { bundle, signedBy, remarks, replayed } = audit;
  const anchors = await api.get<AnchorAnswer[]>(`/v1/services/${bundle.serviceId}/evidence-anchors`);
  const wrong = anchors.map((anchor) => verifyAnchor(anchor, bundle.records, keys)).find(({ ok }) => !ok);
  if (wrong?.ok === false) return { ok: false, detail: `its anchor ${wrong.reason}`, records: 0, replayed };
  const said = remarks.length === 0 ? "" : `; ${remarks.map(({ seq, why }) => `${seq} ${why}`).join("; ")}`;
  return {
    ok: true,
    records: bundle.records.length,
    replayed,
    detail: `${bundle.kinds.join(", ")}; signed by ${signedBy.join(", ")}; ${replayed} decisions replayed; ${anchors.length} anchors hold${said}`,
  };
};
