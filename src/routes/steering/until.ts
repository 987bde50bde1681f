import { endTime, refuseEnd } from "../lapse.ts";

/** How far ahead whoever orders something may look: by then somebody has to order it again. */
const mostDays = 30;

/** `until` of an order, an override or the freeze. @param ended how it ends where it has no `until` */
export const until = (ended: string) =>
  endTime(`when it lapses by itself: in the future, at most ${mostDays} days ahead; null: when it is ${ended}`);

/** @throws AppError `bad_request` where it is not what `until` says */
export const refuseUntil = (untilMs: number | null, nowMs: number): void => refuseEnd("until", untilMs, nowMs, mostDays);
