import { sql } from "drizzle-orm";
import type { SettingsStore } from "../../ports/coordination/shards.ts";
import type { Database } from "../platform/client.ts";

export const createSettingsStore = (db: Database): SettingsStore => ({
  shards: async () => (await db.rows<{ shards: number }>(sql`select shards from settings`))[0]?.shards ?? 1,
});
