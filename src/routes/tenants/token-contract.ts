import { AppError } from "../../errors.ts";
import { time } from "../../http/contract.ts";

/** A new token's expiry; null: none. */
export const expiresAt = time
  .nullable()
  .default(null)
  .openapi({
    type: ["string", "null"],
    format: "date-time",
    description: "when it ends by itself, in the future; null: when it is revoked",
  });

/** @throws AppError `bad_request` where the expiry is in the past */
export const refusePast = (expiresAtMs: number | null, nowMs: number): void => {
  if (expiresAtMs === null || expiresAtMs > nowMs) return;
  throw new AppError("bad_request", "the body is not valid", { fields: [{ pointer: "/expires_at", detail: "must be in the future" }] });
};

/** @throws AppError `forbidden` with the reason, where there is one */
export const refuseFor = (reason: string | null): void => {
  if (reason !== null) throw new AppError("forbidden", reason);
};
