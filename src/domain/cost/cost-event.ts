/** Something that begins or changes what is paid. */
export type CostEvent = {
  readonly eventId: string;
  readonly accountId: string;
  /** Such as `ec2:instance`: what a baseline is of. */
  readonly resourceType: string;
  readonly resourceId: string | null;
  /** Who caused it; null: it is not said. */
  readonly actor: string | null;
  /** What it costs from now on; null: not known. */
  readonly hourlyCostCents: number | null;
  /** Epoch milliseconds. */
  readonly occurredAtMs: number;
  /** As it came. */
  readonly raw: unknown;
};

/**
 * Why an event is well and of no interest: it only read, it failed, it changes no bill, it is no event but a digest of log
 * files, or it is so old that it would be deleted at once.
 */
export const ignoredReasons = ["read-only", "failed", "not-cost-bearing", "digest", "expired"] as const;
export type IgnoredReason = (typeof ignoredReasons)[number];

/** What is wrong with an event, and where: an RFC 6901 pointer. */
export type Rejection = { readonly pointer: string; readonly problem: string };

/** What becomes of one event. */
export type Normalised =
  | { readonly kind: "event"; readonly event: CostEvent }
  | { readonly kind: "ignored"; readonly reason: IgnoredReason }
  | { readonly kind: "rejected"; readonly rejection: Rejection };

export const rejected = (pointer: string, problem: string): Normalised => ({ kind: "rejected", rejection: { pointer, problem } });
export const ignored = (reason: IgnoredReason): Normalised => ({ kind: "ignored", reason });
