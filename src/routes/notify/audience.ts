import { z } from "@hono/zod-openapi";
import type { Deps } from "../../adapters/ports/deps.ts";
import type { Guards } from "../../auth/guards.ts";
import { pageQuery, problems, readProblems, tenantCursorQuery, tenantPageQuery, tenantQuery } from "../../http/contract.ts";
import { worth } from "../../http/cost.ts";
import type { AppContext, AppMiddleware } from "../../http/env.ts";

/** Two have channels, and are told: each customer, and the operator. Both have the same routes, under paths of their own. */
export type Audience = {
  readonly prefix: "/v1" | "/v1/operator";
  /** For summaries. */
  readonly whose: "the customer" | "the operator";
  readonly reads: AppMiddleware;
  readonly writes: AppMiddleware;
  /** Null: the operator. */
  readonly owner: (c: AppContext) => number | null;
  /** What an expensive request is worth; the operator's own are not counted. */
  readonly costing: (cost: number) => AppMiddleware[];
  readonly query: typeof operatorQuery;
  readonly page: typeof pageQuery;
  readonly cursor: typeof operatorCursorQuery;
  readonly readable: typeof readProblems;
};

const operatorQuery = z.strictObject({});
const operatorCursorQuery = pageQuery.pick({ cursor: true });

export const audiences = (deps: Pick<Deps, "rateLimits">, guards: Guards): readonly Audience[] => [
  {
    prefix: "/v1",
    whose: "the customer",
    reads: guards.viewer,
    writes: guards.editor,
    owner: (c) => c.var.customerId,
    costing: (cost) => [worth(deps, cost)],
    query: tenantQuery,
    page: tenantPageQuery,
    cursor: tenantCursorQuery,
    readable: readProblems,
  },
  {
    prefix: "/v1/operator",
    whose: "the operator",
    reads: guards.admin,
    writes: guards.admin,
    owner: () => null,
    costing: () => [],
    query: operatorQuery,
    page: pageQuery,
    cursor: operatorCursorQuery,
    readable: problems(400, 401, 403, 404),
  },
];
