import type { Change, Page } from "../tenants/change.ts";

/** A zone of the operator's own AWS account serves a customer. */
export type ZoneGrant = { readonly id: number; readonly zoneId: string; readonly customerId: number; readonly createdAtMs: number };

export type ZoneGrantInput = Pick<ZoneGrant, "zoneId" | "customerId">;

export interface ZoneGrantStore {
  /** Has the names of the zone read again. @throws AppError `conflict` where it serves them already, `bad_request` where there is no such customer */
  create(input: ZoneGrantInput, change: Change): Promise<ZoneGrant>;
  list(page: Page): Promise<ZoneGrant[]>;
  /** @returns false where there is no such grant */
  remove(id: number, change: Change): Promise<boolean>;
  /** All of them. */
  all(): Promise<readonly ZoneGrantInput[]>;
}

/** Which customers the zones of the operator's account serve, as last read. A zone that is bound to nobody serves everybody. */
export interface ZoneBindings {
  /** Reads them again where that was too long ago. Never throws: where the database does not answer, the last reading is used. */
  refresh(): Promise<void>;
  /** Why names of the zone are not steered for this customer; null: they are. `passing`: the zone's grants have not been read yet. */
  refusalOf(customerId: number, zoneId: string): { readonly detail: string; readonly passing: boolean } | null;
  /** Whether the zone is bound to customers. */
  isBound(zoneId: string): boolean;
}
