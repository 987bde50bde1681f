import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { startWorker } from "../local/worker.ts";
import { sha256Hex } from "../src/http/digest.ts";
import { LoadGenerator, percentile } from "./load.ts";
import { printTable } from "./table.ts";

const goal = 0.85;
const services = 100;
const concurrency = 16;
const batches = 32;
const batchRequests = 150;
const warmUpRequests = 750;

export const token = `trn_${"b".repeat(43)}`;

/** A customer with one hundred services and the token above. */
export const seedList = async (url: string): Promise<{ readonly customerId: string; readonly services: number }> => ({
  customerId: await seed(url),
  services,
});

const seed = async (url: string): Promise<string> => {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<{ id: string }>(
    `with c as (insert into customers (name) values ('bench') returning id),
     t as (insert into customer_tokens (customer_id, name, role, token_hash) select id, 'bench', 'viewer', $1 from c),
     s as (insert into services (customer_id, name, primary_cdn, backup_cdn)
       select id, 'service ' || i, 'cloudflare', 'fastly' from c, generate_series(1, ${services}) i)
     select id from c`,
    [await sha256Hex(token)],
  );
  await client.end();
  return rows[0]?.id ?? "";
};

const countRows = async (url: string, headers: Record<string, string>): Promise<number> => {
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as unknown[]).length;
};

/**
 * `GET /v1/services` of the Worker against a Hono app that sends the very same query through the same endpoint and does
 * nothing else: no credential, no checks, no headers. Batches alternate, so that both meet the same machine.
 */
export const benchApi = async (): Promise<void> => {
  process.stdout.write(`\napi: GET /v1/services, ${services} rows, ${concurrency} at a time, against a bare Hono worker\n\n`);
  const postgres = await startPostgres();
  const databaseUrl = postgres.urlFor("postgres");
  await migrate(databaseUrl);
  const endpoint = await startSqlEndpoint({ recordRequests: 1 });
  const customerId = await seed(databaseUrl);
  const reach = { DATABASE_URL: databaseUrl, NEON_FETCH_ENDPOINT: endpoint.url };
  const headers = { authorization: `Bearer ${token}` };
  // Its log lines are counted, not printed: the bare worker has none.
  let lines = 0;
  const tranche = await startWorker({ env: { ...reach, PROVIDER: "local" }, onLine: () => void (lines += 1) });
  const at = "/v1/services";
  await countRows(tranche.url + at, headers);
  endpoint.stats.reset();
  const rows = await countRows(tranche.url + at, headers);
  const [query, ...others] = endpoint.stats.recent.flatMap(({ queries }) => queries);
  if (rows !== services || query === undefined || others.length > 0) throw new Error("not one query for one hundred services");

  const params = JSON.stringify([customerId, 0, services + 1]);
  const bare = await startWorker({ env: { ...reach, QUERY: query, PARAMS: params }, main: "bench/bare-worker.ts" });
  if ((await countRows(bare.url + at, {})) !== services) throw new Error("the bare worker does not answer the same");

  const ours = new LoadGenerator({ url: tranche.url + at, headers, concurrency });
  const theirs = new LoadGenerator({ url: bare.url + at, headers, concurrency });
  for (const generator of [ours, theirs]) {
    await generator.batch(warmUpRequests);
    generator.reset();
  }
  const trips = new Map([
    [ours, 0],
    [theirs, 0],
  ]);
  const ratios: number[] = [];
  for (let pair = 0; pair < batches; pair += 1) {
    // A B, B A, A B, ...: what drifts hits both alike.
    const rates = new Map<LoadGenerator, number>();
    for (const generator of pair % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
      const before = endpoint.stats.requests;
      rates.set(generator, await generator.batch(batchRequests));
      trips.set(generator, (trips.get(generator) ?? 0) + endpoint.stats.requests - before);
    }
    ratios.push((rates.get(ours) ?? 0) / (rates.get(theirs) ?? 1));
  }

  const requests = batches * batchRequests;
  const row = (name: string, generator: LoadGenerator) => [
    name,
    ((requests / generator.totalMs) * 1_000).toFixed(0),
    `${percentile(generator.latenciesMs, 0.5).toFixed(1)} ms`,
    `${percentile(generator.latenciesMs, 0.95).toFixed(1)} ms`,
    ((trips.get(generator) ?? 0) / requests).toFixed(3),
  ];
  printTable(["worker", "requests/s", "p50", "p95", "round trips a request"], [row("tranche", ours), row("bare Hono", theirs)]);
  const ratio = theirs.totalMs / ours.totalMs;
  const tripsPerRequest = (trips.get(ours) ?? 0) / requests;
  process.stdout.write(
    `\ntranche : bare Hono = ${ratio.toFixed(3)} (goal >= ${goal}; batch by batch median ${percentile(ratios, 0.5).toFixed(3)}, ` +
      `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}), ${requests} requests each, ${lines} log lines\n`,
  );
  for (const generator of [ours, theirs]) generator.close();
  await Promise.all([tranche.close(), bare.close()]);
  await endpoint.close();
  await postgres.close();
  // Once more than a request a cached token's 30 s may be over: one more question in thousands.
  if (ratio >= goal && tripsPerRequest < 1.01) return;
  process.stdout.write(`MISSED: ratio ${ratio.toFixed(3)}, ${tripsPerRequest.toFixed(3)} round trips a request\n`);
  process.exitCode = 1;
};
