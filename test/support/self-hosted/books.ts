import { createSecrets } from "../../../src/adapters/platform/secrets.ts";
import { systemRandom } from "../../../src/adapters/platform/random.ts";
import { sealingContext } from "../../../src/adapters/db/metering/cdn-accounts.ts";
import type { Cluster } from "./cluster.ts";

/** Customers with credentials at a CDN that are sealed with this key: what an upgrade and a restore must not lose. */
export const fill = async ({ sql }: Cluster, key: string, customers = 50): Promise<void> => {
  const secrets = createSecrets([key], systemRandom);
  await sql("tranche", "insert into customers (name) select 'customer ' || n from generate_series(1, $1::int) n", [customers]);
  const found = await sql<{ id: string }>("tranche", "select id from customers order by id");
  for (const { id } of found.slice(0, 3)) {
    const sealed = await secrets.seal(`token of ${id}`, sealingContext(Number(id), "fastly"));
    await sql("tranche", "insert into cdn_accounts (customer_id, cdn, sealed_token) values ($1, 'fastly', $2)", [id, sealed]);
  }
};

/** All of that as one text; another one where a row was lost, doubled or changed. */
export const booksOf = async ({ sql }: Cluster, database = "tranche"): Promise<string> => {
  const [row] = await sql<{ books: string }>(
    database,
    `select (select string_agg(c.id || ' ' || c.name, ',' order by c.id) from customers c) || ';' ||
       (select string_agg(a.id || ' ' || a.customer_id || ' ' || a.sealed_token, ',' order by a.id) from cdn_accounts a) as books`,
  );
  return row?.books ?? "";
};

/** How many migrations a database has. */
export const migrationsOf = async ({ sql }: Cluster, database = "tranche"): Promise<number> =>
  Number((await sql<{ count: string }>(database, "select count(*) from drizzle.__drizzle_migrations"))[0]?.count);

/** What a credential of the first customer says when it is opened with that key. @throws where the key does not open it */
export const opened = async ({ sql }: Cluster, key: string): Promise<string> => {
  const [row] = await sql<{ customer_id: string; sealed_token: string }>(
    "tranche",
    "select customer_id, sealed_token from cdn_accounts order by id limit 1",
  );
  if (row === undefined) throw new Error("there is no credential");
  return createSecrets([key], systemRandom).open(row.sealed_token, sealingContext(Number(row.customer_id), "fastly"));
};
