/** How often every provider's cron checks whether a reading of usage is due; USAGE_TICK is this, or a multiple. Milliseconds. */
export const usageCronMs = 300_000;

/** A reported window, epoch milliseconds. */
export type ReportedWindow = { readonly windowStartMs: number; readonly windowEndMs: number };

/** A fault of the window at `index`, and at which of its ends. */
export type WindowFault = {
  readonly index: number;
  readonly field: "window_start" | "window_end";
  readonly detail: string;
};

/**
 * The faults of reported windows (semantics §8): each must be one whole aligned window in the past, and unique.
 * Windows are aligned to the epoch.
 */
export const windowFaults = (windows: readonly ReportedWindow[], windowMs: number, nowMs: number): readonly WindowFault[] => {
  const seen = new Set<number>();
  return windows.flatMap(({ windowStartMs, windowEndMs }, index): WindowFault[] => {
    const repeated = seen.has(windowStartMs);
    seen.add(windowStartMs);
    if (windowEndMs <= windowStartMs) return [{ index, field: "window_end", detail: "must be after window_start" }];
    if (windowStartMs % windowMs !== 0) {
      return [{ index, field: "window_start", detail: `must be a multiple of ${windowMs / 1_000} s` }];
    }
    if (windowEndMs - windowStartMs !== windowMs) {
      return [{ index, field: "window_end", detail: `must be ${windowMs / 1_000} s after window_start` }];
    }
    if (windowEndMs > nowMs) return [{ index, field: "window_end", detail: "must not be in the future" }];
    return repeated ? [{ index, field: "window_start", detail: "comes twice" }] : [];
  });
};
