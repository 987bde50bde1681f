import type { Change, Page, Paged } from "./change.ts";
import type { Domain } from "./domains.ts";
import type { StormPolicy } from "../detection/policies.ts";

export type ServiceInput = {
  readonly name: string;
  readonly primaryCdn: string;
  readonly backupCdn: string;
  readonly steering: "auto" | "shadow";
  /** Percent of the way back, ascending, the last one 100. */
  readonly failbackSteps: readonly number[];
  readonly failbackStepSeconds: number;
  /** What a minute of downtime costs, in minor units of the currency of its bills, 0 to 1e9; null: it is not known. */
  readonly downtimeCentsPerMinute: number | null;
};

export type ServicePatch = { readonly [Field in keyof ServiceInput]?: ServiceInput[Field] | undefined };

export type Service = ServiceInput & { readonly id: number; readonly createdAtMs: number; readonly updatedAtMs: number };

export type ServiceDetail = {
  readonly service: Service;
  /** Ascending by id; as many as fit in an answer. */
  readonly domains: readonly Paged<Domain>[];
  readonly stormPolicies: readonly StormPolicy[];
};

/** Live services. A row of another customer is a missing row. */
export interface ServiceStore {
  /** @returns null where there is no such customer. @throws AppError `conflict` for a name that is taken */
  create(customerId: number, input: ServiceInput, change: Change): Promise<Service | null>;
  /** Ascending by id. */
  list(customerId: number, page: Page): Promise<Service[]>;
  /** @param afterDomainId after which of its domains the list begins */
  get(customerId: number, id: number, afterDomainId?: number): Promise<ServiceDetail | null>;
  /** @throws AppError `conflict` for a name that is taken, `bad_request` where both CDNs would be the same */
  update(customerId: number, id: number, patch: ServicePatch, change: Change): Promise<Service | null>;
  /** Deletes its domains and policies too and ends its storm; the weights stay. @returns false where there is none */
  remove(customerId: number, id: number, change: Change): Promise<boolean>;
}
