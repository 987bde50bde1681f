import type { AppContext } from "../../http/env.ts";

/** Whose accounts a request is about, behind `ownerOrOperator`; null: the operator's. */
export const whose = (c: AppContext): number | null => (c.var.customerId === 0 ? null : c.var.customerId);
