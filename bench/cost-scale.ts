import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { createScoringStore } from "../src/adapters/db/cost/scoring.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { scoreCosts } from "../src/cron/cost/score.ts";
import { printTable } from "./table.ts";

/** Three series each: two CDNs and their sum. */
const services = 3_400;
const seriesAnHour = services * 3;
const customers = 20;
const hourMs = 3_600_000;
/** What is known before: enough to have a usual. */
const knownHours = 26;
/** What issue and documents promise of a run over 10,000 series. */
const limitMs = 20_000;

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export type CostDatabase = Awaited<ReturnType<typeof openCostDatabase>>;

/** An own database with customers and services, as the application reaches it. */
export const openCostDatabase = async () => {
  const postgres = await startPostgres();
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const endpoint = await startSqlEndpoint();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  await pool.query("insert into customers (name) select 'customer ' || n from generate_series(1, $1) n", [customers]);
  const db = connect(url, endpoint.url);
  return {
    db,
    pool,
    close: async () => {
      await pool.end();
      await endpoint.close();
      await postgres.close();
    },
  };
};

/** Runs the job until nothing is left. @returns milliseconds */
export const scoreAll = async ({ db }: CostDatabase, nowMs: () => number): Promise<number> => {
  const startedAtMs = performance.now();
  const scoring = createScoringStore(db);
  for (;;) {
    const { egress, events } = await scoreCosts({ scoring, clock: { nowMs, sleep: async () => undefined }, log: quiet as never });
    if (Number(egress) + Number(events) === 0) return performance.now() - startedAtMs;
  }
};

const addHours = async ({ pool }: CostDatabase, fromMs: number, hours: number): Promise<void> => {
  await pool.query(
    `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
     select s.id, h.at, h.at + interval '1 hour', (50 + (s.id * 7 + extract(hour from h.at)::int * 3) % 11) * 1000000000, 1000000000, 'push', 'push'
     from services s cross join generate_series(to_timestamp($1), to_timestamp($1) + make_interval(hours => $2 - 1), interval '1 hour') h(at)`,
    [fromMs / 1_000, hours],
  );
};

/** An hour of all series through the job and the database, as the mean of three. */
export const benchSeriesHours = async (database: CostDatabase): Promise<void> => {
  const { pool } = database;
  await pool.query(
    `insert into services (customer_id, name, primary_cdn, backup_cdn, created_at)
     select 1 + n % $2, 'service ' || n, 'cloudflare', 'fastly', now() - interval '100 days' from generate_series(1, $1) n`,
    [services, customers],
  );
  await pool.query(
    "insert into cost_rates (customer_id, cdn, cents_per_gb) select c.id, x.cdn, 8 from customers c cross join (values ('cloudflare'), ('fastly')) x(cdn)",
  );
  const startMs = Date.parse("2026-11-20T00:00:00Z");
  await addHours(database, startMs, knownHours);
  const settled = (hours: number) => startMs + hours * hourMs + 20 * 60_000;
  const learntMs = await scoreAll(database, () => settled(knownHours));
  const measured: number[] = [];
  for (let hour = knownHours; hour < knownHours + 3; hour += 1) {
    await addHours(database, startMs + hour * hourMs, 1);
    measured.push(await scoreAll(database, () => settled(hour + 1)));
  }
  const ms = measured.reduce((sum, one) => sum + one, 0) / measured.length;
  if (ms > limitMs) process.exitCode = 1;
  printTable(
    [`${seriesAnHour.toLocaleString("en-US")} series of egress`, "time", "a series"],
    [
      [`their first ${knownHours} hours`, `${(learntMs / 1_000).toFixed(1)} s`, ""],
      ["an hour, mean of three", `${(ms / 1_000).toFixed(2)} s (limit ${limitMs / 1_000} s)`, `${(ms / seriesAnHour).toFixed(2)} ms`],
    ],
  );
};
