import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import type { Fence } from "../../ports/coordination/lease.ts";

/**
 * The CTE `fence`, one row while the lease is still held under this epoch. A write selects it and adds
 * `exists (select from fence)`: the shared lock delays a takeover until the write has committed (semantics §10).
 */
export const fenceCte = (fence: Fence): SQL => sql`fence as materialized (
  select 1 from leases where name = ${fence.name} and epoch = ${fence.epoch} and expires_at > clock_timestamp() for share
)`;
