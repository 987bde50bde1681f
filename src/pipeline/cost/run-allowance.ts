import type { Clock } from "../../adapters/ports/platform/clock.ts";

/** What a run may still do. */
export type RunAllowance = {
  /** Whether anything may be begun. */
  readonly isLeft: () => boolean;
  /** Takes requests, and bytes that are fetched; what is begun is ended, so that it may go below nothing. */
  readonly take: (requests: number, bytes?: number) => void;
  /** The same with a bound on the files of it, for one account: a file is what takes bytes. */
  readonly turn: (files: number) => RunAllowance;
};

/** The bounds of a run: time, requests, bytes. */
export const createRunAllowance = (
  clock: Pick<Clock, "nowMs">,
  { untilMs, ...most }: { readonly untilMs: number; readonly requests: number; readonly bytes: number },
): RunAllowance => {
  let { requests, bytes } = most;
  const whole: RunAllowance = {
    isLeft: () => requests > 0 && bytes > 0 && clock.nowMs() < untilMs,
    take: (taken, fetched = 0) => {
      requests -= taken;
      bytes -= fetched;
    },
    turn: (files) => {
      let left = files;
      return {
        ...whole,
        isLeft: () => left > 0 && whole.isLeft(),
        take: (taken, fetched) => {
          if (fetched !== undefined) left -= 1;
          whole.take(taken, fetched);
        },
      };
    },
  };
  return whole;
};
