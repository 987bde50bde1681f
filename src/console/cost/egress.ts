import type { CostSummary, EgressStanding, SpanSum } from "../../adapters/ports/cost/summary.ts";
import type { SeriesUnit } from "../../adapters/ports/cost/anomalies.ts";
import { costPath } from "../../domain/notify/cost-message.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { cell, empty, table } from "../parts.ts";
import { comparedText, seriesText, valueText } from "./figures.ts";

export const seriesListPath = `${costPath}/series`;
export const seriesPath = (id: number): string => `${seriesListPath}/${id}`;

const spanCell = (label: string, { value, usual, hours }: SpanSum, most: number, unit: SeriesUnit): Html => {
  if (hours === 0) return cell(label, "–", true);
  const partly = hours < most ? html`<small>of ${hours} hours known</small>` : html``;
  const compared = usual === null ? "usual not known yet" : comparedText(value, usual, unit);
  return cell(label, html`${valueText(value, unit)}<small>${compared}</small>${partly}`, true);
};

const onWhat = ({ cdn, unit }: EgressStanding["series"]): Html =>
  html`${cdn === null ? "All CDNs together" : isolated(cdn)}${unit === "bytes" ? html`<small>no rate is known: bytes, and no money</small>` : ""}`;

const row = ({ seriesId, series, day, week }: EgressStanding): Html => {
  const { serviceName, serviceId, unit } = series;
  return html`<tr data-key="series-${seriesId}"><th scope="row"><a href="${seriesPath(seriesId)}" aria-label="Trend of ${seriesText(series)}">${isolated(serviceName ?? `service ${serviceId}`)}</a></th>
${cell("CDN", onWhat(series))}${spanCell("Last 24 hours", day, 24, unit)}${spanCell("Last 7 days", week, 168, unit)}</tr>`;
};

/**
 * Series of one service below each other, the sum of its CDNs first; services in the order in which they came, those whose money is
 * known before those whose bytes are.
 */
const byService = (egress: CostSummary["egress"]): readonly EgressStanding[] => {
  const inMoney = ({ series }: EgressStanding): number => Number(series.unit !== "cents");
  const groups = Map.groupBy(
    egress.toSorted((a, b) => inMoney(a) - inMoney(b)),
    ({ series }) => series.serviceId,
  );
  return [...groups.values()].flatMap((group) => group.toSorted((a, b) => Number(a.series.cdn !== null) - Number(b.series.cdn !== null)));
};

/** What services send, against the usual. */
export const egressTable = ({ egress, omitted }: Pick<CostSummary, "egress" | "omitted">): Html =>
  egress.length === 0
    ? empty(
        "No egress is known yet.",
        html`Each hour of a service on its CDNs is scored once its usage is read: open an account of each CDN (<code>POST /v1/cdn-accounts</code>), or push what they carried (<code>PUT /v1/services/{id}/usage</code>).`,
      )
    : html`${table("Egress by service and CDN, against the usual", ["Service", "CDN", { number: "Last 24 hours" }, { number: "Last 7 days" }], byService(egress).map(row))}${omitted === 0 ? "" : html`<p class="hint">and ${omitted} more, in <a href="${seriesListPath}">all series</a></p>`}`;
