import { AppError } from "../../errors.ts";
import { endTime, refuseEnd } from "../lapse.ts";

/** A new token's expiry; null: none. */
export const expiresAt = endTime("when it ends by itself, in the future; null: when it is revoked");

/** @throws AppError `bad_request` where the expiry is in the past */
export const refusePast = (expiresAtMs: number | null, nowMs: number): void => refuseEnd("expires_at", expiresAtMs, nowMs);

/** @throws AppError `forbidden` with the reason, where there is one */
export const refuseFor = (reason: string | null): void => {
  if (reason !== null) throw new AppError("forbidden", reason);
};
