import { hasLapsed } from "../domain/platform/lapse.ts";
import { invalidBody } from "../errors.ts";
import { time } from "../http/contract.ts";

/**
 * A field of a body that says when something ends by itself; null, where it is absent too: it does not. `refuseEnd` judges it.
 * Its example is null: any time would be past one day, and refused.
 */
export const endTime = (description: string) =>
  time
    .nullable()
    .default(null)
    .openapi({ type: ["string", "null"], format: "date-time", description, example: null });

/**
 * @param mostDays how many days ahead the end may be
 * @throws AppError `bad_request` where it is not in the future, or further ahead than that
 */
export const refuseEnd = (field: string, endMs: number | null, nowMs: number, mostDays = Number.POSITIVE_INFINITY): void => {
  const refuse = (detail: string) => invalidBody({ pointer: `/${field}`, detail });
  if (hasLapsed(endMs, nowMs)) throw refuse("must be in the future");
  if (endMs !== null && endMs > nowMs + mostDays * 86_400_000) throw refuse(`must be at most ${mostDays} days ahead`);
};
