/** A half-open span of time [startMs, endMs), epoch milliseconds. */
export type Window = { readonly startMs: number; readonly endMs: number };

/**
 * The complete windows that ended within the look-back, oldest first. Windows are aligned to the epoch, which for any
 * length that divides a day is the same as aligned to midnight UTC.
 */
export const completeWindows = (nowMs: number, windowMs: number, lookbackMs: number): readonly Window[] => {
  const lastEndMs = Math.floor(nowMs / windowMs) * windowMs;
  const count = Math.max(1, Math.ceil(lookbackMs / windowMs));
  return Array.from({ length: count }, (_, index) => {
    const endMs = lastEndMs - (count - 1 - index) * windowMs;
    return { startMs: endMs - windowMs, endMs };
  });
};
