const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads a Go-style duration such as `10s`, `1h30m` or `500ms` (Go: time.ParseDuration; units ms, s, m, h, no sign).
 * @returns milliseconds, or null where the text is not a duration of whole milliseconds
 */
export const parseDurationMs = (text: string): number | null => {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
  }
  // 1.001 x 1000 is 1000.9999999999999 in binary: only a real fraction of a millisecond is refused.
  const wholeMs = Math.round(totalMs);
  return Number.isSafeInteger(wholeMs) && Math.abs(totalMs - wholeMs) < 1e-6 ? wholeMs : null;
};
