import { writeFile } from "node:fs/promises";
import { startPostgres } from "../local/postgres.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { driveApi } from "./history-api.ts";
import { driveJobs } from "./history-jobs.ts";
import type { Asked } from "./history-proxy.ts";
import { startHistoryProxy } from "./history-proxy.ts";
import type { Excuse } from "./history-report.ts";
import { reportGrowth } from "./history-report.ts";
import { createHistory, openHistoryWorld } from "./history-world.ts";

/** Smaller ones while something is being fixed: HISTORY_DAYS=20,100 HISTORY_DOMAINS=200. HISTORY_DUMP names a file for all results. */
const numbers = (name: string, fallback: readonly number[]): readonly number[] => process.env[name]?.split(",").map(Number) ?? fallback;
const [young = 20, old = 400] = numbers("HISTORY_DAYS", [20, 400]);
const [domains = 1_000] = numbers("HISTORY_DOMAINS", [1_000]);

/** What may touch more where there is more history, and why. */
const excuses: readonly Excuse[] = [
  {
    caller: /^job reconcile$/,
    statement: "spans as materialized",
    reason:
      "every window is checked again in its turn: chunks of a bounded size, for as long as a night's run may last, and the next goes on",
  },
  {
    caller: /^job reconcile$/,
    statement: "'invoice_sums'",
    reason: "every invoice is checked again in its turn, in such chunks and for as long",
  },
  {
    caller: /^GET \/v1\/services\/{id}\/availability/,
    statement: "rollup_marks",
    reason: "the answer is the series of all of that history, a point a day: it is read from as many rolled-up hours",
  },
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(0)} s`;

/** Every statement of the application, at two ages of one installation: which of them do more where there is more history. */
export const benchHistory = async (): Promise<void> => {
  say(
    `\nhistory: ${domains} domains, one customer with half of them, after ${young} days and after ${old}; rows and blocks that EXPLAIN (ANALYZE, BUFFERS) counts,\n` +
      "or triggers read. Usage is told in windows of a day and rolled-up hours are one in twenty-four: where those are what grows, real figures are 24 times as large.\n" +
      "What is pruned within hours (samples, minutes) is there as it would be now.\n",
  );
  const postgres = await startPostgres();
  const endpoint = await startSqlEndpoint({ limits: { statementMs: 60_000 } });
  const proxy = await startHistoryProxy(endpoint);
  const asked: Asked[][] = [];
  for (const days of [young, old]) {
    const begunAtMs = performance.now();
    const { url, frame, mebibytes, drop } = await createHistory(postgres, { days, domains });
    const seededAtMs = performance.now();
    const world = await openHistoryWorld(url, proxy, frame);
    const { operations, others } = await driveApi(world, proxy);
    await driveJobs(world, proxy);
    say(
      `${days} days: ${mebibytes.toFixed(0)} MiB seeded in ${seconds(seededAtMs - begunAtMs)}; ${operations} operations, seven jobs and rounds of both providers ` +
        `in ${seconds(performance.now() - seededAtMs)}, ${proxy.asked.length} statements`,
    );
    if (others.length > 0) say(`  answered otherwise: ${others.join(", ")}`);
    for (const line of [...world.errors, ...[...proxy.refused].map(([caller, why]) => `${caller}: EXPLAIN: ${why}`)]) say(`  ${line}`);
    asked.push(proxy.asked.splice(0));
    proxy.refused.clear();
    await world.close();
    await drop();
  }
  if (process.env["HISTORY_DUMP"] !== undefined) await writeFile(process.env["HISTORY_DUMP"], JSON.stringify(asked));
  await proxy.close();
  await endpoint.close();
  await postgres.close();
  say("");
  const [before = [], after = []] = asked;
  for (const missed of reportGrowth([young, old], before, after, excuses)) {
    say(`MISSED: grows with history: ${missed}`);
    process.exitCode = 1;
  }
};
