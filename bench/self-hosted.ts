import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atHome } from "../local/at-home.ts";
import { buildSelfHosted, builtProgram } from "../local/build-self-hosted.ts";
import { migrate } from "../local/migrate.ts";
import { startPostgres } from "../local/postgres.ts";
import { startSelfHosted } from "../local/self-hosted.ts";
import { startSqlEndpoint } from "../local/sql-endpoint.ts";
import { startWorker } from "../local/worker.ts";
import { seedList, token } from "./api.ts";
import { createDetectWorld } from "./detect-world.ts";
import { LoadGenerator, percentile } from "./load.ts";
import { printTable } from "./table.ts";

const listGoal = 0.9;
const domains = 2_000;
const minutes = 2;
/** Of the list, asked of one and then of the other. */
const batches = { pairs: 32, requests: 800 };
const cronSecret = "cron-secret-of-the-benchmark";

/** One customer asks for everything here. */
const unlimited = { RATE_LIMIT_PER_CREDENTIAL: "0", RATE_LIMIT_PER_ADDRESS: "0" };

const startBare = async (env: Readonly<Record<string, string>>): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const child = spawn(process.execPath, ["--no-warnings", fileURLToPath(new URL("./bare-node.ts", import.meta.url))], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const port = await new Promise<string>((found) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, at] = /^listening on (\d+)$/.exec(line) ?? [];
      if (at !== undefined) found(at);
    });
  });
  return { url: `http://127.0.0.1:${port}`, close: async () => void (child.kill(), await exited) };
};

/** The statement of the list, as it is sent. */
const queryOfList = async (databaseUrl: string): Promise<string> => {
  const endpoint = await startSqlEndpoint({ recordRequests: 1 });
  const worker = await startWorker({ env: { DATABASE_URL: databaseUrl, NEON_FETCH_ENDPOINT: endpoint.url, PROVIDER: "local" } });
  const ask = async () => void (await (await fetch(`${worker.url}/v1/services`, { headers: { authorization: `Bearer ${token}` } })).text());
  await ask();
  endpoint.stats.reset();
  await ask();
  const [query, ...others] = endpoint.stats.recent.flatMap(({ queries }) => queries);
  await worker.close();
  await endpoint.close();
  if (query === undefined || others.length > 0) throw new Error("not one query for the list");
  return query;
};

/** @returns our requests a second by theirs */
const benchList = async (): Promise<number> => {
  const postgres = await startPostgres();
  const databaseUrl = postgres.urlFor("postgres");
  await migrate(databaseUrl);
  const { customerId, services } = await seedList(databaseUrl);
  const query = await queryOfList(databaseUrl);
  const ours = await startSelfHosted({ env: { DATABASE_URL: databaseUrl, ROLES: "api", ...unlimited }, program: builtProgram });
  const bare = await startBare({ DATABASE_URL: databaseUrl, QUERY: query, PARAMS: JSON.stringify([customerId, 0, services + 1]) });
  const headers = { authorization: `Bearer ${token}` };
  const sides = [ours, bare].map(({ url }) => new LoadGenerator({ url: `${url}/v1/services`, headers, concurrency: 16 }));
  for (const side of sides) {
    await side.batch(1_500);
    side.reset();
  }
  const ratios: number[] = [];
  for (let pair = 0; pair < batches.pairs; pair += 1) {
    // A B, B A, A B, ...: what drifts hits both alike.
    const rates = new Map<LoadGenerator, number>();
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) rates.set(side, await side.batch(batches.requests));
    const [a = 0, b = 1] = sides.map((side) => rates.get(side));
    ratios.push(a / b);
  }
  printTable(
    ["process", "requests/s", "p50", "p95"],
    sides.map((side, at) => [
      at === 0 ? "self-hosted" : "bare Hono + pg",
      ((batches.pairs * batches.requests * 1_000) / side.totalMs).toFixed(0),
      `${percentile(side.latenciesMs, 0.5).toFixed(1)} ms`,
      `${percentile(side.latenciesMs, 0.95).toFixed(1)} ms`,
    ]),
  );
  for (const side of sides) side.close();
  await Promise.all([ours.close(), bare.close()]);
  await postgres.close();
  return percentile(ratios, 0.5);
};

type RoundLine = { readonly event?: string; readonly ok?: boolean; readonly duration_ms?: number };

/** The rounds of a minute, in milliseconds each. */
const roundsOf = async (url: string): Promise<number[]> => {
  const answer = await fetch(`${url}/internal/cron/tick`, { headers: { authorization: `Bearer ${cronSecret}` } });
  const lines = (await answer.text()).split("\n").filter((line) => line.startsWith("{"));
  const rounds = lines.map((line) => JSON.parse(line) as RoundLine).filter(({ event }) => event === "round");
  if (rounds.length === 0 || rounds.some(({ ok }) => ok !== true)) throw new Error(`a round failed: ${lines.join(" ").slice(0, 500)}`);
  return rounds.map(({ duration_ms: ms }) => ms ?? 0);
};

/** @returns the median round of ours by the Worker's */
const benchRound = async (): Promise<number> => {
  const world = await createDetectWorld(domains, 1);
  // They are probed by their targets alone: no name under .test has an address, and a round would wait for those that are nowhere.
  await world.client.query("delete from domain_routing");
  await world.client.query("update service_domains set name = replace(name, '.example', '.test')");
  const env = {
    ...atHome,
    DATABASE_URL: world.url,
    PROVIDER: "local",
    CRON_SECRET: cronSecret,
    DOH_ENDPOINTS: "http://127.0.0.1:9/dns-query",
    TICK_OVERTIME: "0s",
  };
  const sides = [
    {
      name: "self-hosted",
      server: await startSelfHosted({ env: { ...env, ROLES: "api" }, program: builtProgram }),
      rounds: [] as number[],
    },
    {
      name: "Worker in workerd",
      server: await startWorker({ env: { ...env, NEON_FETCH_ENDPOINT: world.endpoint.url } }),
      rounds: [] as number[],
    },
  ];
  for (let minute = 0; minute < minutes; minute += 1) for (const side of sides) side.rounds.push(...(await roundsOf(side.server.url)));
  printTable(
    ["runtime", "rounds", "median", "longest"],
    sides.map(({ name, rounds }) => [
      name,
      String(rounds.length),
      `${(percentile(rounds, 0.5) / 1_000).toFixed(2)} s`,
      `${(Math.max(...rounds) / 1_000).toFixed(2)} s`,
    ]),
  );
  for (const { server } of sides) await server.close();
  await world.close();
  const [ours = 0, theirs = 1] = sides.map(({ rounds }) => percentile(rounds, 0.5));
  return ours / theirs;
};

/** A self-hosted process against what its user would otherwise have: a bare server for the list, and the Worker for a round. */
export const benchSelfHosted = async (): Promise<void> => {
  await buildSelfHosted();
  process.stdout.write("\nself-hosted: GET /v1/services, 100 rows, 16 at a time, against bare Hono and pg in Node\n\n");
  const list = await benchList();
  process.stdout.write(`\nself-hosted : bare Hono = ${list.toFixed(3)}, batch by batch (goal >= ${listGoal})\n`);
  process.stdout.write(`\nself-hosted: rounds of ${domains} domains, ${minutes} minutes each, against the Worker\n\n`);
  const round = await benchRound();
  process.stdout.write(`\nself-hosted : Worker = ${round.toFixed(3)} of its time for a round (goal <= 1)\n`);
  if (list >= listGoal && round <= 1) return;
  process.stdout.write("MISSED\n");
  process.exitCode = 1;
};
