import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";

/** Whose a row is, as a condition that an index serves. @param customerId null: the operator's */
export const ownedBy = (column: SQL, customerId: number | null): SQL =>
  customerId === null ? sql`${column} is null` : sql`${column} = ${customerId}`;
