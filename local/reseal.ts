import pg from "pg";
import { systemRandom } from "../src/adapters/platform/random.ts";
import { reseal } from "../src/adapters/db/platform/reseal.ts";
import type { Resealed } from "../src/adapters/db/platform/reseal.ts";
import { createSecrets } from "../src/adapters/platform/secrets.ts";
import { parseConfig } from "../src/config.ts";
import { answerHelp } from "./help.ts";

/**
 * Seals the kept secrets of a database (Neon or any PostgreSQL) with the newest key.
 * @param keys as of SECRETS_KEY and SECRETS_KEY_PREVIOUS, the newest first
 */
export const resealDatabase = async (databaseUrl: string, keys: readonly [string, ...string[]]): Promise<readonly Resealed[]> => {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 15_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SET statement_timeout = '30s'");
    const ask = async <Row>(text: string, params: readonly unknown[]) => (await client.query(text, [...params])).rows as Row[];
    return await reseal(ask, createSecrets(keys, systemRandom));
  } finally {
    await client.end();
  }
};

const main = async (): Promise<number> => {
  const { DATABASE_URL, SECRETS_KEY, SECRETS_KEY_PREVIOUS } = process.env;
  const config = parseConfig({ PROVIDER: "local", DATABASE_URL, SECRETS_KEY, SECRETS_KEY_PREVIOUS });
  const [newest, ...older] = config.secretsKeys;
  if (newest === undefined) throw new Error("SECRETS_KEY is not set: give it as the deployments have it, the newest key first");
  const tables = await resealDatabase(config.databaseUrl, [newest, ...older]);
  for (const { table, resealed, unopened, changed } of tables) {
    console.log(`${table}: ${resealed} resealed, ${changed} changed meanwhile, ${unopened.length} not opened`);
    if (unopened.length > 0) console.log(`  not opened, ids: ${unopened.slice(0, 20).join(", ")}${unopened.length > 20 ? ", ..." : ""}`);
  }
  return tables.some(({ unopened }) => unopened.length > 0) ? 1 : 0;
};

if (import.meta.main) {
  answerHelp(
    "Usage: DATABASE_URL=... SECRETS_KEY=... SECRETS_KEY_PREVIOUS=... npm run secrets:reseal\n\nSeals what is sealed in that database with the newest key. Safe to run again.",
  );
  try {
    process.exitCode = await main();
  } catch (error) {
    // Only the message of pg's errors: they contain the statement's parameters.
    console.error(`not resealed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
