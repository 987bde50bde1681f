import type { Sample } from "../src/adapters/ports/detection/round-view.ts";
import { slotOf } from "../src/cron/rounds/shard-rounds.ts";
import type { RoundReport } from "../src/pipeline/round.ts";
import { runRound } from "../src/pipeline/round.ts";
import { waitingConnections } from "../src/pipeline/connection-slots.ts";
import type { DetectWorld } from "./detect-world.ts";
import { createDetectWorld } from "./detect-world.ts";
import { percentile } from "./load.ts";
import { printTable } from "./table.ts";

const domains = 10_000;
const shards = 32;
const evaluationLimitMs = 150;
const neonLimitBytes = 10 * 1_048_576;
const intervalMs = 10_000;
/** A path that timed out has 2 s, and is probed three times a round. */
const hungSlotSeconds = 3 * 2;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const miss = (what: string): void => {
  say(`MISSED: ${what}`);
  process.exitCode = 1;
};

const roundOf = async (world: DetectWorld, index: number, count: number, roundAtMs: number) => {
  const fence = await world.fence(index);
  world.endpoint.stats.reset();
  const startedAtMs = performance.now();
  const report: RoundReport = await runRound(world.deps, fence, { index, count }, roundAtMs);
  const { requests, statements, largestIn } = world.endpoint.stats;
  return { ...report, ms: performance.now() - startedAtMs, requests, statements, largestIn };
};

/** Every shard's round, in calm and when every primary answers 503, and the evaluation alone. */
const benchShards = async (): Promise<void> => {
  say(`\ndetect: ${domains} domains (${domains * 3} paths) in ${shards} shards, real probes of local origins, real PostgreSQL\n`);
  const world = await createDetectWorld(domains, shards);
  await world.history(12, slotOf(Date.now(), intervalMs));
  const every = async (roundAtMs: number) => {
    const rounds = [];
    for (let index = 0; index < shards; index += 1) rounds.push(await roundOf(world, index, shards, roundAtMs));
    return rounds;
  };
  const calm = await every(slotOf(Date.now(), intervalMs));
  const evaluations: number[] = [];
  for (let index = 0; index < shards; index += 1) {
    for (let again = 0; again < 3; again += 1) {
      const startedAtMs = performance.now();
      await world.deps.rounds.saveAndEvaluate(await world.fence(index), [], await world.services(index), {
        vantage: "local",
        place: null,
        nowMs: Date.now(),
        beat: null,
      });
      evaluations.push(performance.now() - startedAtMs);
    }
  }
  world.primary.state.behaviour = "5xx";
  // Confirmations wait a tenth of an interval each; the figures are those of the database.
  const storm = await every(slotOf(Date.now(), intervalMs) + 1);
  world.primary.state.behaviour = "up";
  const line = (name: string, rounds: typeof calm) => [
    name,
    String(rounds[0]?.samples),
    String(rounds.reduce((sum, { samples }) => sum + samples, 0)),
    String(rounds.reduce((sum, { stormsChanged }) => sum + stormsChanged, 0)),
    [...new Set(rounds.map(({ statements }) => statements))].join(" or "),
    [...new Set(rounds.map(({ requests }) => requests))].join(" or "),
    seconds(
      percentile(
        rounds.map(({ ms }) => ms),
        0.5,
      ),
    ),
    seconds(Math.max(...rounds.map(({ ms }) => ms))),
    `${(Math.max(...rounds.map(({ largestIn }) => largestIn)) / 1_048_576).toFixed(2)} MiB`,
  ];
  printTable(
    ["round", "samples, shard 0", "samples, all", "storms", "statements a shard", "round trips", "median", "longest", "largest request"],
    [line("calm", calm), line("every primary 503", storm)],
  );
  const slowest = Math.max(...evaluations);
  say(
    `\nevaluation of a shard's ${Math.ceil(domains / shards)} policies, one statement, HTTP included: median ${percentile(evaluations, 0.5).toFixed(0)} ms, longest ${slowest.toFixed(0)} ms, limit ${evaluationLimitMs} ms`,
  );
  if (percentile(evaluations, 0.9) > evaluationLimitMs) miss(`an evaluation takes longer than ${evaluationLimitMs} ms`);
  if (new Set(calm.map(({ statements }) => statements)).size > 1) miss("the number of statements depends on the shard");
  await benchChunks(world);
  await world.close();
};

/** All paths of all shards failing, stored by one: what a round of a single shard would send. */
const benchChunks = async (world: DetectWorld): Promise<void> => {
  const rows = (await world.client.query<{ id: string; service_id: string }>("select id, service_id from service_domains")).rows;
  const roundAtMs = slotOf(Date.now(), intervalMs) + 2;
  const samples = rows.flatMap((row) =>
    (["primary", "backup", "direct"] as const).flatMap((path) =>
      [0, 1, 2].map((attempt): Sample => ({
        serviceId: Number(row.service_id),
        domainId: Number(row.id),
        path,
        vantage: "local",
        roundAtMs,
        attempt,
        probedAtMs: Date.now(),
        ok: false,
        status: 503,
        latencyMs: 12_345,
        error: "http_status",
        setup: 0,
      })),
    ),
  );
  world.endpoint.stats.reset();
  const startedAtMs = performance.now();
  await world.deps.rounds.saveAndEvaluate(await world.fence(0), samples, await world.services(0), {
    vantage: "local",
    place: null,
    nowMs: Date.now(),
    beat: null,
  });
  const { requests, largestIn } = world.endpoint.stats;
  say(
    `${samples.length} samples, every path failing in one shard: ${requests} requests, the largest ${(largestIn / 1_048_576).toFixed(1)} MiB of Neon's 10, ${seconds(performance.now() - startedAtMs)}`,
  );
  if (largestIn > neonLimitBytes) miss("a request is larger than Neon takes");
};

/** Rounds of one shard whose primaries take requests and never answer, in real time. */
const hang = async (hung: number, names: boolean) => {
  const world = await createDetectWorld(hung, 1);
  await world.history(6, slotOf(Date.now(), intervalMs));
  world.primary.state.behaviour = "hang";
  if (names) world.direct.state.behaviour = "hang";
  const first = await roundOf(world, 0, 1, slotOf(Date.now(), intervalMs));
  let roundAtMs = slotOf(Date.now(), intervalMs);
  const steady = await roundOf(world, 0, 1, roundAtMs + 1);
  let [storms, rounds] = [first.stormsChanged + steady.stormsChanged, 2];
  for (; storms < hung && rounds < 20; rounds += 1) {
    roundAtMs = slotOf(Date.now(), intervalMs);
    storms += (await roundOf(world, 0, 1, roundAtMs + 1 + rounds)).stormsChanged;
  }
  await world.close();
  return { first, steady, rounds };
};

/** The worst case: connections that wait are all that a shard has, and a path that hangs holds one for six seconds a round. */
const benchHang = async (): Promise<void> => {
  const perRound = Math.floor((waitingConnections * (intervalMs / 1_000)) / hungSlotSeconds);
  say(
    `\nworst case: every primary takes the request and never answers. A hung path holds one of ${waitingConnections} connections for ${hungSlotSeconds} s a round,`,
  );
  say(`so a round of ${intervalMs / 1_000} s has room for ${perRound} of them (computed); measured in real time:\n`);
  const cases: [number, boolean][] = [
    [Math.floor(perRound * 0.8), false],
    [Math.floor(perRound * 0.4), true],
    [perRound * 2, false],
  ];
  const rows: string[][] = [];
  for (const [hung, names] of cases) {
    const { first, steady, rounds } = await hang(hung, names);
    const over = (round: typeof first) => (round.ms > intervalMs ? "overrun" : "in time");
    rows.push([
      `${hung} domains${names ? ", names hang too" : ""}`,
      String(hung * (names ? 2 : 1)),
      seconds(first.ms),
      seconds(steady.ms),
      over(steady),
      String(steady.unprobed),
      String(rounds),
    ]);
  }
  printTable(
    ["a shard of", "hung paths", "first round (5 s)", "later rounds (2 s)", "", "paths left out", "rounds until all are storms"],
    rows,
  );
  say(`\nSHARDS so that nothing overruns even then: hung paths / ${perRound}. Fewer shards find the same storms later: each round probes`);
  say(
    `others, and takes up about ${perRound} hung paths. In calm a shard has room for ${waitingConnections * (intervalMs / 1_000)} seconds of waiting a round: 200 domains at 100 ms a probe.`,
  );
};

/** What a shard costs, and how far it goes. */
export const benchDetectScale = async (): Promise<void> => {
  await benchShards();
  await benchHang();
};
