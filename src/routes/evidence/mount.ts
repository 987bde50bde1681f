import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import type { App } from "../../http/env.ts";
import { registerEvidence } from "./evidence.ts";
import { registerEvidenceAnchors } from "./evidence-anchors.ts";
import { registerEvidenceKeys } from "./evidence-keys.ts";

/** Evidence of storms, and the keys that verify it. */
export const mountEvidence = (app: App, deps: Deps, guards: Guards): void => {
  registerEvidence(app, deps, guards);
  registerEvidenceKeys(app, deps);
  registerEvidenceAnchors(app, deps, guards);
};
