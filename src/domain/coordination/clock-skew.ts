/** The tolerated difference of two synchronised clocks: a machine that is off by more is an alert. */
export const tolerableSkewMs = 2_000;
