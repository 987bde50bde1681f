import { fraction, roundHalfAway } from "./money.ts";
import { bytesPerGb } from "./pricing.ts";

/**
 * Bytes in GiB (2^30 bytes) as decimal text with exactly so many places, halves away from zero: `(1610612736, 3)` is `1.500`.
 * @throws RangeError on bytes that are not a whole number
 */
export const gibibytes = (bytes: number, places: number): string => {
  if (!Number.isSafeInteger(bytes)) throw new RangeError(`not an exact integer: ${bytes}`);
  const scaled = roundHalfAway(fraction(BigInt(bytes) * 10n ** BigInt(places), bytesPerGb));
  const digits = String(scaled < 0n ? -scaled : scaled).padStart(places + 1, "0");
  const cut = digits.length - places;
  return `${scaled < 0n ? "-" : ""}${digits.slice(0, cut)}${places === 0 ? "" : `.${digits.slice(cut)}`}`;
};

/**
 * A decimal number as text with its point moved to the right (negative: to the left), exactly, without needless zeros:
 * `("0.19", 2)` is `19`, `("12", -2)` is `0.12`.
 * @throws RangeError where the text is no decimal number
 */
export const movePoint = (text: string, places: number): string => {
  const [, sign = "", whole = "", decimals = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === "") throw new RangeError(`not a decimal number: ${text}`);
  const digits = `${"0".repeat(Math.max(0, -places))}${whole}${decimals.padEnd(places, "0")}`;
  const point = digits.length - Math.max(decimals.length, places) + places;
  const [left, right] = [digits.slice(0, point).replace(/^0+(?=\d)/, ""), digits.slice(point).replace(/0+$/, "")];
  return `${sign}${left}${right === "" ? "" : `.${right}`}`;
};
