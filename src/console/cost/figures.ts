import type { SeriesName, SeriesUnit } from "../../adapters/ports/cost/anomalies.ts";
import { dollars } from "../../domain/cost/explain.ts";
import { bytesText } from "../../domain/notify/cost-message.ts";
import { html, isolated } from "../../http/html.ts";
import type { Html } from "../../http/html.ts";
import { count } from "../../http/invoice/invoice-text.ts";

/** A value of a series in its unit: `$24.00`, `1.24 TB`, `12 calls`. */
export const valueText = (value: number, unit: SeriesUnit): string => {
  if (unit === "cents") return dollars(value);
  if (unit === "bytes") return bytesText(value);
  return `${count(Math.round(value))} ${Math.round(value) === 1 ? "call" : "calls"}`;
};

/** Cents of a month; what has no price is not zero. */
export const wasteText = (cents: number | null): string => (cents === null ? "not known" : dollars(cents));

/** What a series is of, as a name within a sentence: without markup, for what is read out. */
export const seriesText = ({ kind, serviceName, cdn, resourceType, accountId, serviceId }: SeriesName): string => {
  if (kind === "egress") return `${serviceName ?? `service ${serviceId}`} on ${cdn ?? "all CDNs"}`;
  return `${kind === "calls" ? "calls to " : ""}${resourceType}${accountId === null ? "" : ` in ${accountId}`}`;
};

/** The same, in which nobody's name affects what is around it. */
export const seriesTitle = (series: SeriesName): Html => {
  const { kind, serviceName, cdn, resourceType, accountId, serviceId } = series;
  if (kind === "egress") return html`${isolated(serviceName ?? `service ${serviceId}`)} on ${cdn === null ? "all CDNs" : isolated(cdn)}`;
  return html`${kind === "calls" ? "Calls to " : ""}${isolated(resourceType)}${accountId === null ? "" : html` in ${isolated(accountId)}`}`;
};

/** A value beside the usual: nothing is said of what differs by less than a tenth. */
export const comparedText = (value: number, usual: number, unit: SeriesUnit): string => {
  const usualText = valueText(usual, unit);
  const ratio = usual <= 0 ? 1 : value / usual;
  if (ratio >= 2) return `${Number(ratio.toPrecision(2))} times the usual ${usualText}`;
  const percent = Math.round((ratio - 1) * 100);
  return Math.abs(percent) < 10
    ? `usual ${usualText}`
    : `${Math.abs(percent)} % ${percent > 0 ? "more" : "less"} than the usual ${usualText}`;
};
