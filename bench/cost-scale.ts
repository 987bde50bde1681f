import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { createCostEventStore } from "../src/adapters/db/cost/events.ts";
import { createScoringStore } from "../src/adapters/db/cost/scoring.ts";
import type { Database } from "../src/adapters/db/platform/client.ts";
import { connect } from "../src/adapters/db/platform/client.ts";
import { systemRandom } from "../src/adapters/platform/random.ts";
import type { Budget } from "../src/adapters/ports/platform/budget.ts";
import { scoreBatches } from "../src/cron/cost/score-batches.ts";
import { scoreCosts } from "../src/cron/cost/score.ts";
import type { IngestDeps } from "../src/pipeline/cost/ingest.ts";
import { ingestEvents } from "../src/pipeline/cost/ingest.ts";
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

type CostDatabase = Awaited<ReturnType<typeof openCostDatabase>>;

/** An own database with customers and services, as the application reaches it. */
const openCostDatabase = async () => {
  const postgres = await startPostgres();
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const endpoint = await startSqlEndpoint();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => undefined);
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
const scoreAll = async ({ db }: CostDatabase, nowMs: () => number): Promise<number> => {
  const startedAtMs = performance.now();
  const scoring = createScoringStore(db);
  for (;;) {
    const { egress, events } = await scoreCosts({ scoring, clock: { nowMs, sleep: async () => undefined }, log: quiet });
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
const benchSeriesHours = async (database: CostDatabase): Promise<void> => {
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

const eventsAtMost = 1_000_000;
const eventLimitMs = 600_000;
const perRequest = 1_000;
const sample = 2_000;

/** A record as CloudTrail writes it, of one of forty series and three hundred actors. */
const recordOf = (nth: number, atMs: number): object => {
  const account = `1234567890${String(nth % 10).padStart(2, "0")}`;
  const role = `arn:aws:iam::${account}:role/deploy-${nth % 30}`;
  const [source, name, id] = (
    [
      ["ec2", "RunInstances", { instancesSet: { items: [{ instanceId: `i-${nth}` }] } }],
      ["ec2", "CreateVolume", { volumeId: `vol-${nth}` }],
      ["rds", "CreateDBInstance", {}],
      ["ec2", "AllocateAddress", { allocationId: `eipalloc-${nth}` }],
    ] as const
  )[Math.floor(nth / 10) % 4] ?? ["ec2", "RunInstances", {}];
  return {
    eventVersion: "1.11",
    userIdentity: {
      type: "AssumedRole",
      arn: `arn:aws:sts::${account}:assumed-role/deploy-${nth % 30}/build-${nth}`,
      accountId: account,
      sessionContext: { sessionIssuer: { type: "Role", arn: role, accountId: account } },
    },
    eventTime: new Date(atMs - (nth % 720) * hourMs).toISOString().replace(/\.\d+Z$/, "Z"),
    eventSource: `${source}.amazonaws.com`,
    eventName: name,
    awsRegion: "us-east-1",
    sourceIPAddress: "192.0.2.1",
    userAgent: "aws-cli/2.31.0",
    requestParameters: { dBInstanceIdentifier: `db-${nth % 500}` },
    responseElements: id,
    eventID: `${String(nth).padStart(8, "0")}-0000-4000-8000-000000000000`,
    readOnly: false,
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: account,
  };
};

/** The seed's way: an event at a time is stored, its series read, scored, and written. */
const rowByRow = async ({ db, pool }: CostDatabase, nowMs: number): Promise<number> => {
  const scoring = createScoringStore(db);
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  const deps = ingestDeps(db, nowMs);
  const startedAtMs = performance.now();
  for (let nth = 0; nth < sample; nth += 1) {
    const values = [recordOf(90_000_000 + nth, nowMs)];
    await ingestEvents(deps, { customerId: 2, source: "push", text: "", values, pointer: "/events", cursor: null }, budget);
    const [batch] = await scoring.claim(1, 60_000);
    if (batch !== undefined) await scoreBatches(scoring, [batch], clock.nowMs());
  }
  const ms = performance.now() - startedAtMs;
  await pool.query("delete from cost_events where customer_id = 2");
  return ms / sample;
};

const budget: Budget = { untilMs: Number.POSITIVE_INFINITY, connection: async () => ({ status: "unsent" }) };

const ingestDeps = (db: Database, nowMs: number): IngestDeps => ({
  costEvents: createCostEventStore(db),
  archive: null,
  clock: { nowMs: () => nowMs, sleep: async () => undefined },
  random: systemRandom,
  config: { costEventRetentionMs: 90 * 24 * hourMs },
  scoreSoon: () => undefined,
});

/** Events through normalising, storing, and the job, beside a worker that does one at a time. `COST_EVENTS`: how many. */
const benchEvents = async (database: CostDatabase): Promise<void> => {
  const count = Math.min(eventsAtMost, Number(process.env["COST_EVENTS"] ?? eventsAtMost));
  const nowMs = Date.now();
  const singleMs = await rowByRow(database, nowMs);
  const deps = ingestDeps(database.db, nowMs);
  const [heapBefore, startedAtMs] = [process.memoryUsage().rss, performance.now()];
  let most = heapBefore;
  let scoredMs = 0;
  for (let from = 0; from < count; from += perRequest) {
    const values = Array.from({ length: Math.min(perRequest, count - from) }, (_, index) => recordOf(from + index, nowMs));
    await ingestEvents(deps, { customerId: 1, source: "push", text: "", values, pointer: "/events", cursor: null }, budget);
    // The job runs beside, every so often; what is queued meanwhile waits for it.
    if ((from / perRequest) % 50 === 49) scoredMs += await scoreAll(database, () => nowMs);
    most = Math.max(most, process.memoryUsage().rss);
  }
  scoredMs += await scoreAll(database, () => nowMs);
  const ms = performance.now() - startedAtMs;
  const ratio = singleMs / (ms / count);
  if ((ms / count) * eventsAtMost > eventLimitMs || ratio < 10) process.exitCode = 1;
  const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;
  printTable(
    [`${count.toLocaleString("en-US")} events`, "time", "an event", "memory"],
    [
      [
        "taken in, stored and scored",
        `${(ms / 1_000).toFixed(1)} s`,
        `${(ms / count).toFixed(3)} ms`,
        `${mib(heapBefore)}, at most ${mib(most)}`,
      ],
      ["of it scored", `${(scoredMs / 1_000).toFixed(1)} s`, `${(scoredMs / count).toFixed(3)} ms`, ""],
      [`one by one, ${sample.toLocaleString("en-US")} of them`, "", `${singleMs.toFixed(2)} ms`, `${ratio.toFixed(0)} : 1 (limit 10)`],
    ],
  );
};

/** What of the cost watch needs a database. */
export const benchCostScale = async (): Promise<void> => {
  const database = await openCostDatabase();
  try {
    await benchSeriesHours(database);
    process.stdout.write("\n");
    await benchEvents(database);
  } finally {
    await database.close();
  }
};
