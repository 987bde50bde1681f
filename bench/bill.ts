import { readdir, readFile } from "node:fs/promises";
import pg from "pg";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { startWorker } from "../local/worker.ts";
import { seedBilling } from "./bill-seed.ts";
import { runRowByRow } from "./bill-rows.ts";
import { printTable } from "./table.ts";

const size = { customers: 10_000, snapshots: 1_000_000, storms: 5_000 } as const;
const sampleShare = 100;
const goal = { ratio: 50, statementMs: 10_000 } as const;
/** Flat: the second half of the run needs no more than this over the first. */
const flatMiB = 24;

const terms = { rateCentsPerGb: "12", discountRate: "0.5" } as const;
const mib = (kib: number): string => `${(kib / 1_024).toFixed(0)} MiB`;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Resident memory of the workerd processes that this process has started, in KiB; null where there is no /proc. */
const workerMemory = async (): Promise<number | null> => {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  let total: number | null = null;
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    if (!/^Name:\s+workerd/m.test(status) || !new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status)) continue;
    total = (total ?? 0) + Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return total;
};

const watchMemory = () => {
  const samples: number[] = [];
  const timer = setInterval(() => {
    void workerMemory().then((kib) => (kib === null ? 0 : samples.push(kib)));
  }, 250);
  return { samples, stop: () => clearInterval(timer) };
};

const highest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);

/**
 * A billing run of the Worker in workerd over a million unbilled windows against a straightforward worker that loops over
 * windows with a handful of queries each, on the same database in the same run. The latter does a 1 % sample, and its time
 * is extrapolated.
 */
export const benchBill = async (): Promise<void> => {
  const { customers, snapshots, storms } = size;
  process.stdout.write(
    `\nbill: ${snapshots.toLocaleString("en")} unbilled windows, ${customers.toLocaleString("en")} customers, ${storms.toLocaleString("en")} storms\n\n`,
  );
  const postgres = await startPostgres();
  const url = postgres.urlFor("postgres");
  await migrate(url);
  const client = new pg.Client(url);
  await client.connect();
  const nowMs = Date.now();
  await seedBilling(client, size, nowMs);
  const endpoint = await startSqlEndpoint({ recordRequests: 5_000 });

  const sample = await runRowByRow({ url, endpoint: endpoint.url, everyNth: sampleShare, nowMs, terms });
  const rowsMs = sample.ms * sampleShare;

  const env = {
    DATABASE_URL: url,
    NEON_FETCH_ENDPOINT: endpoint.url,
    PROVIDER: "local",
    BILLING_RATE_CENTS_PER_GB: terms.rateCentsPerGb,
    BILLING_DISCOUNT_RATE: terms.discountRate,
  };
  // Its log lines are of no interest here.
  const worker = await startWorker({ env, onLine: () => undefined });
  const memory = watchMemory();
  endpoint.stats.reset();
  const startedAtMs = performance.now();
  await worker.trigger("7 * * * *");
  const setMs = performance.now() - startedAtMs;
  memory.stop();
  const trips = endpoint.stats.requests;
  // A round trip is longer than each of its statements.
  const longestMs = highest(endpoint.stats.recent.map(({ durationMs }) => durationMs));
  const {
    rows: [billed],
  } = await client.query<{ lines: string; unbilled: string; different: string }>(
    `select (select count(*) from invoice_line_items) as lines,
       (select count(*) from usage_snapshots where invoice_id is null) as unbilled,
       (select count(*) from bench_row_lines b join invoice_line_items l on l.snapshot_id = b.snapshot_id
        where (l.amount_cents, l.discount_cents) <> (b.amount_cents, b.discount_cents)) as different`,
  );
  endpoint.stats.reset();
  const checkedAtMs = performance.now();
  await worker.trigger("23 3 * * *");
  const checkMs = performance.now() - checkedAtMs;
  const longestCheckMs = highest(endpoint.stats.recent.map(({ durationMs }) => durationMs));
  const {
    rows: [checked],
  } = await client.query<{ findings: string }>("select count(*) as findings from reconciliation_findings");
  const half = Math.floor(memory.samples.length / 2);
  const [early, late] = [highest(memory.samples.slice(0, half)), highest(memory.samples.slice(half))];

  const perSecond = (count: number, ms: number): string => ((count / ms) * 1_000).toFixed(0);
  printTable(
    ["worker", "windows", "time", "windows/s", "round trips"],
    [
      ["tranche, in sets", snapshots.toLocaleString("en"), seconds(setMs), perSecond(snapshots, setMs), String(trips)],
      [
        "row by row, sample",
        sample.windows.toLocaleString("en"),
        seconds(sample.ms),
        perSecond(sample.windows, sample.ms),
        String(sample.trips),
      ],
      [
        "row by row, extrapolated x 100",
        snapshots.toLocaleString("en"),
        seconds(rowsMs),
        perSecond(snapshots, rowsMs),
        String(sample.trips * sampleShare),
      ],
    ],
  );
  const ratio = rowsMs / setMs;
  process.stdout.write(
    `\nextrapolated : tranche = ${ratio.toFixed(0)} (goal >= ${goal.ratio})\n` +
      `longest round trip, three statements and their transaction: ${seconds(longestMs)} (limit for one statement ${seconds(goal.statementMs)})\n` +
      `memory of the Worker: at most ${mib(early)} in the first half, ${mib(late)} in the second\n` +
      `billed ${billed?.lines} lines, ${billed?.unbilled} windows left over, ${billed?.different} of ${sample.windows} sampled lines differ between the two\n` +
      `reconciliation of all of it: ${seconds(checkMs)}, longest round trip ${seconds(longestCheckMs)}, ${checked?.findings} differences\n`,
  );
  await worker.close();
  await endpoint.close();
  await client.end();
  await postgres.close();
  const missed = [
    ratio < goal.ratio && `ratio ${ratio.toFixed(1)}`,
    checked?.findings !== "0" && "the reconciliation found differences",
    longestCheckMs >= goal.statementMs && `a round trip of ${seconds(longestCheckMs)} in the reconciliation`,
    longestMs >= goal.statementMs && `a round trip of ${seconds(longestMs)}`,
    memory.samples.length > 0 && late > early + flatMiB * 1_024 && `memory grows from ${mib(early)} to ${mib(late)}`,
    (billed?.lines !== String(snapshots) || billed.unbilled !== "0" || billed.different !== "0") &&
      "not every window was billed, once and alike",
  ].filter((miss) => miss !== false);
  if (missed.length === 0) return;
  process.stdout.write(`MISSED: ${missed.join("; ")}\n`);
  process.exitCode = 1;
};
