/** By how much two clocks may differ that are kept in time: a machine that is off by more is an alert. */
export const tolerableSkewMs = 2_000;
