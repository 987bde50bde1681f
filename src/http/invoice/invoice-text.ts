import type { DocumentBody } from "../../adapters/ports/billing/invoice-documents.ts";
import type { Invoice } from "../../adapters/ports/billing/invoices.ts";
import { formatMinor } from "../../domain/billing/currency.ts";
import { gibibytes } from "../../domain/billing/decimal-text.ts";
import { formatDuration } from "../../domain/notify/figures.ts";
import { isoTime } from "../../iso-time.ts";

/** Thousands with commas; a true minus, as wide as a digit. */
const grouped = (decimal: string): string =>
  decimal.replace("-", "−").replace(/\d+/, (digits) => digits.replaceAll(/\B(?=(\d{3})+$)/g, ","));

/** `−1,234.05`, with as many decimals as the currency has. @param minor integer minor units */
export const money = (minor: number, exponent: number): string => grouped(formatMinor(minor, exponent));

/** A deduction. */
export const takenOff = (minor: number, exponent: number): string => money(minor === 0 ? 0 : -minor, exponent);

export const count = (value: number): string => grouped(String(value));

export const gib = (bytes: number): string => grouped(gibibytes(bytes, 3));

/** `2026-12-01`, in UTC. */
export const day = (ms: number): string => isoTime(ms).slice(0, 10);

const minute = (ms: number): string => isoTime(ms).slice(0, 16).replace("T", " ");
const second = (ms: number): string => isoTime(ms).slice(0, 19).replace("T", " ");

/** To the minute where that is exact, else to the second; the date of the end only where it is another one. */
export const span = (startMs: number, endMs: number): string => {
  const show = startMs % 60_000 === 0 && endMs % 60_000 === 0 ? minute : second;
  const [start, end] = [show(startMs), show(endMs)];
  return `${start} – ${start.slice(0, 10) === end.slice(0, 10) ? end.slice(11) : end}`;
};

const dayMs = 86_400_000;

/** Whole days by their first and last one, as on a monthly invoice; else as `span`. */
export const period = (startMs: number, endMs: number): string => {
  if (startMs % dayMs !== 0 || endMs % dayMs !== 0) return span(startMs, endMs);
  return endMs - startMs === dayMs ? day(startMs) : `${day(startMs)} – ${day(endMs - 1)}`;
};

/** `3 h 12 min in 2 storms`, and `≈ USD 9,600.00` without a place to break it; null: the money is not known. */
export const avoided = (
  { seconds, cents, storms }: NonNullable<DocumentBody["downtime_avoided"]>,
  { currency, exponent }: Pick<Invoice, "currency" | "exponent">,
): { readonly time: string; readonly price: string | null } => ({
  time: `${seconds < 1 ? "less than 1 s" : formatDuration(seconds * 1_000)} in ${storms === 1 ? "1 storm" : `${count(storms)} storms`}`,
  price: cents === null ? null : `≈\u00A0${currency}\u00A0${money(cents, exponent)}`,
});
