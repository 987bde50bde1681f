import { sql } from "drizzle-orm";
import type { Database } from "../src/adapters/db/platform/client.ts";
import { sealedColumns } from "../src/adapters/db/platform/reseal.ts";

/** With which keys the secrets of a database are sealed, and how many with each. A seal names its key by an id that tells nothing of it. */
const sealedWith = (db: Database): Promise<{ readonly key: string; readonly secrets: number }[]> => {
  const each = sealedColumns.map(({ table, column }) =>
    sql.raw(`select split_part(${column}, '.', 2) as key from ${table} where deleted_at is null and ${column} is not null`),
  );
  return db.rows(sql`select key, count(*)::int as secrets from (${sql.join(each, sql` union all `)}) s group by key order by key`);
};

/**
 * Whether SECRETS_KEY is the key of this database: after a restore the one may be of another installation than the other. One that opens
 * a part is a rotation that is not over.
 * @param keys the ids of the configured keys
 * @returns what is wrong, in a sentence; null: nothing
 */
export const wrongKey = async (db: Database, keys: readonly string[]): Promise<string | null> => {
  const kept = await sealedWith(db);
  const count = (some: typeof kept): number => some.reduce((sum, { secrets }) => sum + secrets, 0);
  const opened = count(kept.filter(({ key }) => keys.includes(key)));
  if (count(kept) === 0 || opened > 0) return null;
  const what = keys.length === 0 ? "SECRETS_KEY is not set" : "SECRETS_KEY is not the key of this database";
  return `${what}: none of its ${count(kept)} stored secrets can be opened (they are sealed with ${kept.map(({ key }) => key).join(", ")}, and it has ${keys.join(", ") || "none"}). Put the SECRETS_KEY back that this database was used with`;
};
