/**
 * Whether what ends by itself has ended: at its very end it has.
 * @param endMs epoch milliseconds; null: it has no end
 */
export const hasLapsed = (endMs: number | null, nowMs: number): boolean => endMs !== null && endMs <= nowMs;
