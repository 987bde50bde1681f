import type { Change, Page } from "./change.ts";

export type Customer = {
  readonly id: number;
  readonly name: string;
  /** Greatest coverage factor that a policy of this customer may carry. */
  readonly maxCoverageCap: number;
  readonly createdAtMs: number;
};

export type CustomerInput = { readonly name: string; readonly maxCoverageCap: number };

export type CustomerPatch = { readonly [Field in keyof CustomerInput]?: CustomerInput[Field] | undefined };

export interface CustomerStore {
  /** @throws AppError `conflict` for a name that is taken; so does `update` */
  create(input: CustomerInput, change: Change): Promise<Customer>;
  /** Ascending by id. */
  list(page: Page): Promise<Customer[]>;
  get(id: number): Promise<Customer | null>;
  update(id: number, patch: CustomerPatch, change: Change): Promise<Customer | null>;
}
