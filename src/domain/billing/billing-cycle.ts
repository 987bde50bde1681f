import { startOfDay, startOfMonth } from "../platform/calendar.ts";

/** When unbilled lines become an invoice: with every run, or once a calendar day or month of UTC is over. */
export const billingCycles = ["run", "day", "month"] as const;
export type BillingCycle = (typeof billingCycles)[number];

/** Until when a cycle bills, and what of it an earlier invoice should have billed. Epoch milliseconds. */
export type CycleBound = {
  readonly cycle: BillingCycle;
  /** Windows that end by then are billed, later ones wait. It closes a day or a month, once per customer. */
  readonly billUntilMs: number;
  /** Windows that end by then are arrears. */
  readonly arrearsUntilMs: number;
};

const startOf = { day: startOfDay, month: startOfMonth } as const;

/** For the close of a day or a month: windows that ended before it began belong to an earlier one. */
const closing = (cycle: "day" | "month", ms: number, ahead: number): CycleBound => ({
  cycle,
  billUntilMs: startOf[cycle](ms, ahead),
  arrearsUntilMs: startOf[cycle](ms, ahead - 1),
});

/**
 * What a run at `nowMs` bills (semantics §9). `run`: all that ended by now - grace, older than a period as arrears. Day
 * or month: until the start of the UTC day or month of now - grace. A customer whose cycle is
 * closed until then, or later, is not billed.
 */
export const dueBounds = (nowMs: number, graceMs: number, periodMs: number): CycleBound[] => [
  { cycle: "run", billUntilMs: nowMs - graceMs, arrearsUntilMs: nowMs - periodMs },
  closing("day", nowMs - graceMs, 0),
  closing("month", nowMs - graceMs, 0),
];

/** The grace is at most 31 days, and nothing is closed further than now. */
const furthest = { day: 32, month: 3 } as const;

/**
 * The bounds among which the next invoice of any customer lies: of each cycle the one that is due, and those to come. It is
 * the first one of its cycle that is later than what is closed. Ascending within a cycle.
 */
export const comingBounds = (nowMs: number, graceMs: number, periodMs: number): CycleBound[] => {
  const ahead = (cycle: "day" | "month") =>
    Array.from({ length: furthest[cycle] }, (_, index) => closing(cycle, nowMs - graceMs, index + 1));
  return [...dueBounds(nowMs, graceMs, periodMs), ...ahead("day"), ...ahead("month")];
};
