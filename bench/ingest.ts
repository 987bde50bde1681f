import { noBreakers } from "../test/support/breakers.ts";
import { sql } from "drizzle-orm";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import type { Database } from "../src/adapters/db/platform/client.ts";
import { createIngestStore } from "../src/adapters/db/metering/ingest.ts";
import type { CustomerSources } from "../src/adapters/ports/metering/cdn-accounts.ts";
import type { UsageSource } from "../src/adapters/ports/metering/usage.ts";
import { ingestUsage } from "../src/cron/ingest-usage.ts";
import { printTable } from "./table.ts";

const services = 10_000;
const windows = 6;
const hourMs = 3_600_000;
const cdns = ["cloudflare", "fastly"] as const;
const sampleShare = 100;
const statementLimitMs = 10_000;

/** A source that answers at once: what is measured is what tranche does with the answer. */
const answering = (cdn: string, extra: number): UsageSource => ({
  cdn,
  read: async ({ hosts, windows: spans }) => ({
    unreadable: [],
    unknownHosts: [],
    rows: hosts.flatMap((host) =>
      spans.map((span) => ({ host, ...span, bytes: ((span.endMs - span.startMs) * (host.length + extra)) % 1_000_000_007 })),
    ),
  }),
});

const noAccounts: CustomerSources = { open: async () => [], note: async () => undefined };

/** One window and side after the other: read what there is, insert or update; without fence, history or completeness. */
const rowByRow = async (db: Database, serviceIds: readonly number[], lastEndMs: number): Promise<{ ms: number; trips: number }> => {
  const startedAtMs = performance.now();
  let trips = 0;
  for (const id of serviceIds) {
    for (let ago = windows; ago > 0; ago -= 1) {
      const start = new Date(lastEndMs - ago * hourMs).toISOString();
      const end = new Date(lastEndMs - (ago - 1) * hourMs).toISOString();
      for (const side of ["primary_bytes", "backup_bytes"]) {
        const found = await db.rows(
          sql`select service_id from bench_rows where service_id = ${id} and window_start = ${start}::timestamptz`,
        );
        if (found.length === 0) {
          await db.rows(
            sql`insert into bench_rows (service_id, window_start, window_end, ${sql.raw(side)}) values (${id}, ${start}, ${end}, 5)`,
          );
        } else {
          await db.rows(sql`update bench_rows set ${sql.raw(side)} = 5 where service_id = ${id} and window_start = ${start}::timestamptz`);
        }
        trips += 2;
      }
    }
  }
  return { ms: performance.now() - startedAtMs, trips };
};

/**
 * The ingest job's database work for 10,000 services and six windows on two CDNs, against a worker that stores one window
 * and side after the other (a 1 % sample, extrapolated), on the same database in the same run.
 */
export const benchIngest = async (): Promise<void> => {
  process.stdout.write(`\ningest: ${services.toLocaleString("en")} services on two CDNs x ${windows} windows\n\n`);
  const postgres = await startPostgres();
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  const nowMs = Date.now();
  const lastEndMs = Math.floor(nowMs / hourMs) * hourMs;
  const since = new Date(lastEndMs - windows * hourMs).toISOString();
  await client.query(`
    insert into customers (name) select 'customer ' || g from generate_series(1, ${services / 10}) g;
    insert into services (customer_id, name, primary_cdn, backup_cdn, created_at)
      select 1 + mod(g, ${services / 10}), 'service ' || g, 'cloudflare', 'fastly', '${since}' from generate_series(1, ${services}) g;
    insert into service_domains (service_id, customer_id, name, challenge_token, created_at, verified_at)
      select id, customer_id, 'host-' || id || '.example.com', 'token', '${since}', '${since}' from services;
    create table bench_rows (service_id bigint, window_start timestamptz, window_end timestamptz, primary_bytes bigint default 0,
      backup_bytes bigint default 0, primary key (service_id, window_start))`);
  await client.query("vacuum analyze");
  const endpoint = await startSqlEndpoint({ recordRequests: 5_000 });
  const db = connect(url, endpoint.url);
  const fence = { name: "job:ingest-usage", epoch: 1 };
  await client.query(
    "insert into leases (name, holder, provider, acquired_at, expires_at) values ($1, 'local:bench', 'local', now(), now() + interval '1 hour')",
    [fence.name],
  );

  const sample = await rowByRow(
    db,
    Array.from({ length: services / sampleShare }, (_, index) => index + 1),
    lastEndMs,
  );
  const rows = [
    ["row by row, sample", "", String((services / sampleShare) * windows), `${(sample.ms / 1_000).toFixed(1)} s`, String(sample.trips), ""],
  ];
  const rowsMs = sample.ms * sampleShare;
  let [slowestMs, firstMs] = [0, 0];
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  for (const [name, extra] of [
    ["first time", 0],
    ["nothing new", 0],
    ["every figure new", 1],
  ] as const) {
    endpoint.stats.reset();
    const startedAtMs = performance.now();
    const report = await ingestUsage(
      {
        ingest: createIngestStore(db),
        usageSources: cdns.map((cdn) => answering(cdn, extra)),
        customerSources: noAccounts,
        breakers: noBreakers,
        clock,
        log,
        usageWindows: { windowMs: hourMs, lookbackMs: windows * hourMs },
      },
      fence,
    );
    const ms = performance.now() - startedAtMs;
    if (firstMs === 0) firstMs = ms;
    const longestMs = endpoint.stats.recent.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
    slowestMs = Math.max(slowestMs, longestMs);
    rows.push([
      `tranche, ${name}`,
      String(report["windows"]),
      String(services * windows),
      `${(ms / 1_000).toFixed(1)} s`,
      String(endpoint.stats.requests),
      `${(longestMs / 1_000).toFixed(2)} s`,
    ]);
  }
  rows.push([
    "row by row, extrapolated x 100",
    "",
    String(services * windows),
    `${(rowsMs / 1_000).toFixed(1)} s`,
    String(sample.trips * sampleShare),
    "",
  ]);
  printTable(["worker", "stored", "windows", "time", "round trips", "longest"], rows);
  process.stdout.write(`\nextrapolated : tranche, first time = ${(rowsMs / firstMs).toFixed(0)}\n`);
  await endpoint.close();
  await client.end();
  await postgres.close();
  if (slowestMs < statementLimitMs) return;
  process.stdout.write(`MISSED: a round trip of ${(slowestMs / 1_000).toFixed(1)} s\n`);
  process.exitCode = 1;
};
