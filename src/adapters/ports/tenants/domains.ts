import type { Change } from "./change.ts";

export type DomainTerms = {
  /** Hostname under which the primary CDN serves the domain; null to have it discovered from the live records. */
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  /** Null: the configured PROBE_PATH. */
  readonly probePath: string | null;
  /** Codes and ranges that count as healthy, such as `200-399` or `200,301-308`. */
  readonly expectStatus: string;
  readonly normalPrimaryWeight: number;
  readonly normalBackupWeight: number;
  /** Whether the other weighted records of the name are steered with its pair. */
  readonly steerGroup: boolean;
};

export type DomainInput = DomainTerms & {
  readonly name: string;
  readonly challengeToken: string;
  /** True where verification is off: the domain may be steered at once. */
  readonly verified: boolean;
};

export type DomainPatch = { readonly [Field in keyof DomainTerms]?: DomainTerms[Field] | undefined };

export type Domain = DomainTerms & {
  readonly id: number;
  readonly serviceId: number;
  readonly name: string;
  readonly challengeToken: string;
  /** Until when the token may prove a claim that has proven nothing yet. */
  readonly challengeExpiresAtMs: number;
  /** Since when it holds the name, and on what grounds (domain/tenants/ownership.ts). */
  readonly verifiedAtMs: number | null;
  readonly verifiedBy: "proof" | "off" | "admin" | null;
  readonly seenAtMs: number | null;
  readonly lapsedAtMs: number | null;
  readonly heldAtMs: number | null;
  readonly disputedAtMs: number | null;
  readonly lostAtMs: number | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
};

/** Live domains of a live service. A row of another customer is a missing row. */
export interface DomainStore {
  get(customerId: number, serviceId: number, id: number): Promise<Domain | null>;
  /** @returns null where there is no such service. @throws AppError `conflict` for a name that is taken */
  create(customerId: number, serviceId: number, input: DomainInput, change: Change): Promise<Domain | null>;
  /** @throws AppError `bad_request` where both weights would be 0, `conflict` for other weights while the proof of the name is gone */
  update(customerId: number, serviceId: number, id: number, patch: DomainPatch, change: Change): Promise<Domain | null>;
  remove(customerId: number, serviceId: number, id: number, change: Change): Promise<boolean>;
}
