import type { Page } from "../tenants/change.ts";

/** A finding as stored: two figures that should be equal and are not (`reconciliation.ts`), or a host that can not be read. */
export type StoredFinding = {
  readonly id: number;
  readonly customerId: number;
  /** Such as `window_bytes`, or `window_missing:primary:older`. */
  readonly rule: string;
  readonly objectType: "customer" | "domain" | "invoice" | "service" | "usage_snapshot";
  readonly objectId: number;
  readonly expected: string;
  readonly actual: string;
  readonly foundAtMs: number;
  readonly lastSeenAtMs: number;
  /** Null: it is open. */
  readonly clearedAtMs: number | null;
};

export const findingStates = ["open", "cleared"] as const;

/** `rule` takes its narrower forms along: `window_missing` those of both sides. Absent: any. */
export type FindingFilter = {
  readonly state?: (typeof findingStates)[number] | undefined;
  readonly rule?: string | undefined;
  readonly customerId?: number | undefined;
};

export interface FindingStore {
  /** The newest first. */
  list(filter: FindingFilter, page: Page): Promise<readonly StoredFinding[]>;
}
