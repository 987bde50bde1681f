import type { Deps } from "../../adapters/ports/deps.ts";
import { coverageOf, needlessOf } from "../../domain/detection/backtest.ts";
import type { StormSpan } from "../../domain/detection/backtest.ts";
import { recordedOutage } from "../../domain/detection/recorded-outage.ts";
import type { LowMinute } from "../../domain/detection/replay.ts";
import { Replay } from "../../domain/detection/replay.ts";
import type { StateSpan } from "../../domain/slo/tally.ts";
import { WhatIf } from "../../domain/slo/what-if.ts";
import { html } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import type { PolicyBody } from "../../routes/detection/policy-changes.ts";
import { policyTerms } from "../../routes/detection/policy-changes.ts";
import { tryPolicy } from "../../routes/detection/try-policy.ts";
import { faultsOf } from "../form.ts";
import { cell, length, table } from "../parts.ts";
import { AppError } from "../../errors.ts";

const hourMs = 3_600_000;

/** What a policy would have made of samples. `downUs` null: not known, as visitors are replayed for the recorded outage alone. */
type Outcome = {
  readonly storms: number;
  readonly needless: number;
  readonly detectedAfterMs: number | null;
  readonly coveredMs: number;
  readonly downUs: { readonly without: number; readonly with: number } | null;
};

const outcomeOf = (
  storms: readonly StormSpan[],
  minutes: readonly LowMinute[],
  fromMs: number,
  toMs: number,
  downUs: Outcome["downUs"],
): Outcome => {
  const { detectionDelaysMs, coveredMs } = coverageOf(storms, minutes, fromMs, toMs);
  return {
    storms: storms.length,
    needless: needlessOf(storms, minutes, toMs),
    detectedAfterMs: detectionDelaysMs.at(-1) ?? null,
    coveredMs,
    downUs,
  };
};

const downOf = (spans: readonly StateSpan[], toMs: number): number =>
  spans.reduce((sum, { state, fromUs, toUs }) => (state === "down" ? sum + Math.max(0, (toUs ?? toMs * 1_000) - fromUs) : sum), 0);

/** The outage that ships with the app, with and without steering. */
const ofRecorded = (policy: PolicyBody): Outcome => {
  const { fromMs, toMs, intervalMs, samples } = recordedOutage();
  const cdns = ["cloudflare", "fastly"] as const;
  const [steered, left] = [new WhatIf({ cdns, steers: true }), new WhatIf({ cdns, steers: false })];
  const replay = new Replay({
    cdns,
    terms: policyTerms(policy),
    intervalMs,
    fromMs,
    vantages: [],
    watch: (round) => {
      steered.see(round);
      left.see(round);
    },
  });
  for (const sample of samples) replay.take(sample);
  const { storms, lowMinutes } = replay.finish(toMs);
  return outcomeOf(storms, lowMinutes, fromMs, toMs, { without: downOf(left.spans, toMs), with: downOf(steered.spans, toMs) });
};

const row = (name: string, says: string, { storms, needless, detectedAfterMs, coveredMs, downUs }: Outcome): Html =>
  html`<tr><th scope="row">${name}<small>${says}</small></th>
${cell("Storms", String(storms), true)}${cell("Seen after", detectedAfterMs === null ? "–" : length(detectedAfterMs * 1_000), true)}${cell("On backup", length(coveredMs * 1_000), true)}${cell("Downtime", downUs === null ? "–" : html`${length(downUs.with)}<small>without tranche ${length(downUs.without)}</small>`, true)}${cell("For nothing", String(needless), true)}</tr>`;

const unmeasured = (name: string, detail: string): Html =>
  html`<tr><th scope="row">${name}<small>${detail}</small></th>${["Storms", "Seen after", "On backup", "Downtime", "For nothing"].map((label) => cell(label, "–", true))}</tr>`;

/** The service's own samples of the last day, as the API's backtest has them. */
const ownRow = async (deps: Deps, customerId: number, serviceId: number, policy: PolicyBody): Promise<Html> => {
  const name = "This service, the last 24 hours";
  const toMs = deps.clock.nowMs();
  try {
    const {
      fromMs,
      toMs: endMs,
      storms,
      lowMinutes,
      samples,
    } = await tryPolicy(deps, customerId, serviceId, { policy, fromMs: toMs - 24 * hourMs, toMs });
    if (samples === 0) return unmeasured(name, "no samples yet");
    return row(name, `${samples} samples`, outcomeOf(storms, lowMinutes, fromMs, endMs, null));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "bad_request") throw error;
    return unmeasured(name, Object.values(faultsOf(error)).join(", "));
  }
};

/** What a policy would have done: in an outage that was recorded, and on the service's own samples. Nothing is stored. */
export const previewOf = async (deps: Deps, customerId: number, serviceId: number, policy: PolicyBody): Promise<Html> => {
  const rows = [
    row(recordedOutage().name, "more than a quarter of its answers failed for 24 minutes", ofRecorded(policy)),
    await ownRow(deps, customerId, serviceId, policy),
  ];
  return html`<section aria-labelledby="preview"><h2 id="preview">What it would have done</h2>
${table(
  "What the policy would have done",
  ["Outage", { number: "Storms" }, { number: "Seen after" }, { number: "On backup" }, { number: "Downtime" }, { number: "For nothing" }],
  rows,
)}<p class="hint">Nothing is stored. "For nothing" counts storms without a minute in which the primary was down by the policy's own rule.</p></section>`;
};
