import type { Result } from "../../src/client/client.ts";
import { usageError } from "../exit.ts";

export type Series = Result<"GET /v1/cost/baselines">[number]["series"];

/** `web on fastly`, `ec2:instance in 123456789012`. */
export const seriesText = (series: Series): string =>
  series.kind === "egress"
    ? `${series.service_name ?? "?"} on ${series.cdn ?? "all CDNs"}`
    : `${series.resource_type} in ${series.account_id ?? "?"}`;

/** Whole cents, as dollars. */
export const moneyText = (cents: number): string => `$${(cents / 100).toFixed(2)}`;

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

const bytesText = (bytes: number): string => {
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${Number((bytes / 1_000 ** power).toPrecision(3))} ${byteUnits[power]}`;
};

/** A value of a series, in its unit; `-`: not known. */
export const valueText = (value: number | null, unit: Series["unit"]): string => {
  if (value === null) return "-";
  if (unit === "cents") return moneyText(value);
  return unit === "bytes" ? bytesText(value) : `${Number(value.toFixed(1))} calls`;
};

/** @throws CommandError naming what it must be the number of, and the command that lists them */
export const idOf = (operand: string | undefined, of: string, list: string): number => {
  if (operand !== undefined && /^[1-9]\d{0,14}$/.test(operand)) return Number(operand);
  throw usageError(`ID must be the number of ${of}, not "${operand ?? ""}": ${list}`);
};
