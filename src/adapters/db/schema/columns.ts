import { bigint, timestamp } from "drizzle-orm/pg-core";
import type { AnyPgColumn } from "drizzle-orm/pg-core";

/** The column forms that every table shares: bigint identity keys, bigint references, timestamps with zone. */
export const id = () => bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity();

export const ref = (name: string, target: () => AnyPgColumn) => bigint(name, { mode: "number" }).notNull().references(target);

export const at = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });

export const createdAt = () => at("created_at").notNull().defaultNow();
