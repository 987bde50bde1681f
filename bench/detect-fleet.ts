import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { createRoundStore } from "../src/adapters/db/round/rounds.ts";
import type { RoundDeps } from "../src/pipeline/round.ts";
import { runRound } from "../src/pipeline/round.ts";
import { slotOf } from "../src/cron/rounds/shard-rounds.ts";
import { explaining, touchedBy } from "../test/support/explain.ts";
import type { Plan, Touched } from "../test/support/explain.ts";
import type { DetectWorld } from "./detect-world.ts";
import { createDetectWorld } from "./detect-world.ts";
import { percentile } from "./load.ts";
import { printTable } from "./table.ts";

const [domains, shards, stormHours, intervalMs] = [10_000, 50, 48, 10_000];
const perShard = domains / shards;
const neonLimitBytes = 10 * 1_048_576;
/** Shards whose rounds run side by side: two cores do the work of all connections at both ends. Where a CDN hangs they mostly wait. */
const [busyAtOnce, waitingAtOnce] = [4, 10];
/** A storm of two days with a dark vantage may cost this much more than a calm, in blocks and rows touched. */
const mostRatio = 3;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const miss = (what: string): void => {
  say(`MISSED: ${what}`);
  process.exitCode = 1;
};
const kib = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} KiB`;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const ratio = (a: number, b: number): string => `${(a / Math.max(b, 1)).toFixed(a < 10 * b ? 2 : 0)} : 1`;

/** What the rounds of all shards in one slot came to; asked and given are those of the database. */
type Fleet = {
  readonly samples: number;
  readonly storms: number;
  readonly unprobed: number;
  readonly requests: number;
  readonly statements: number;
  readonly rows: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly largestIn: number;
  readonly medianMs: number;
  readonly longestMs: number;
};

/** A round of every shard, so many at a time. */
const fleetRound = async (world: DetectWorld, depsOf: (index: number) => RoundDeps, roundAtMs: number, atOnce: number): Promise<Fleet> => {
  const fences = [];
  for (let index = 0; index < shards; index += 1) fences.push(await world.fence(index));
  world.endpoint.stats.reset();
  const durations: number[] = [];
  const reports: Awaited<ReturnType<typeof runRound>>[] = [];
  const next = fences.entries();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const [index, fence] of next) {
        const startedAtMs = performance.now();
        reports.push(await runRound(depsOf(index), fence, { index, count: shards }, roundAtMs));
        durations.push(performance.now() - startedAtMs);
      }
    }),
  );
  const { requests, statements, rowsOut, bytesIn, bytesOut, largestIn } = world.endpoint.stats;
  const sum = (of: (report: (typeof reports)[number]) => number) => reports.reduce((total, report) => total + of(report), 0);
  return {
    samples: sum(({ samples }) => samples),
    storms: sum(({ stormsChanged }) => stormsChanged),
    unprobed: sum(({ unprobed }) => unprobed),
    requests,
    statements,
    rows: rowsOut,
    bytesIn,
    bytesOut,
    largestIn,
    medianMs: percentile(durations, 0.5),
    longestMs: Math.max(...durations),
  };
};

const row = (name: string, fleet: Fleet, base: Fleet): readonly string[] => [
  name,
  String(fleet.samples),
  String(fleet.storms),
  String(fleet.unprobed),
  (fleet.requests / shards).toFixed(1),
  (fleet.statements / shards).toFixed(1),
  (fleet.rows / shards).toFixed(0),
  kib(fleet.bytesIn / shards),
  kib(fleet.bytesOut / shards),
  ratio(fleet.bytesOut, base.bytesOut),
  seconds(fleet.medianMs),
  seconds(fleet.longestMs),
];

/** The newest sample of each silent path by way of the samples, as one would ask for it; the mark that a round leaves is not used. */
const bySamples = (ids: readonly number[]) => sql`
  select d.id, q.path, a.name, l.probed_at
  from storm_events e join service_domains d on d.service_id = e.service_id
  cross join (values ('primary'), ('direct')) q(path) cross join vantages a
  left join lateral (
    select s.probed_at from probe_samples s
    where s.domain_id = d.id and s.path = q.path and s.vantage = a.name and s.round_at >= e.started_at - interval '1 hour'
    order by s.round_at desc, s.attempt desc limit 1
  ) l on true
  where e.ended_at is null and e.service_id = any(${`{${ids.join()}}`}::bigint[])`;

type Evaluated = Touched & { readonly ms: number };

/** What the marks spare: past the time that Neon gives a statement, by plain pg. */
const straightforward = async (world: DetectWorld, ids: readonly number[]): Promise<Evaluated> => {
  const { sql: text, params } = new PgDialect().sqlToQuery(sql`explain (analyze, buffers, format json) ${bySamples(ids)}`);
  const startedAtMs = performance.now();
  const {
    rows: [plan],
  } = await world.client.query<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(text, params);
  return { ...touchedBy(plan?.["QUERY PLAN"][0]?.Plan ?? {}), ms: performance.now() - startedAtMs };
};

/** The evaluation of a shard alone: what it touches, and how long it takes at best of three. */
const evaluated = async (world: DetectWorld, index: number): Promise<Evaluated> => {
  const explained = explaining(world.db);
  const rounds = createRoundStore(explained.db);
  const services = await world.services(index);
  const fence = await world.fence(index);
  const times: number[] = [];
  for (let again = 0; again < 3; again += 1) {
    const startedAtMs = performance.now();
    await rounds.saveAndEvaluate(fence, [], services, { vantage: "local", place: null, nowMs: Date.now(), beat: null });
    times.push(performance.now() - startedAtMs);
  }
  return { ...(await explained.touched("from storm_policies")), ms: Math.min(...times) };
};

/** All of an installation of 10,000 domains: what its rounds ask of the database, in calm and when it matters. */
export const benchFleet = async (): Promise<void> => {
  say(`\nfleet: ${domains} domains over ${shards} shards, real probes of local origins, real PostgreSQL; per shard and round\n`);
  const world = await createDetectWorld(domains, shards);
  await world.history(12, slotOf(Date.now(), intervalMs));
  // Each shard in an isolate of its own, which knows what it has read.
  const isolates = Array.from({ length: shards }, (): RoundDeps => ({
    ...world.deps,
    rounds: createRoundStore(world.db, 600_000),
    slowPaths: new Set(),
  }));
  const known = (index: number): RoundDeps => isolates[index] ?? world.deps;
  const slot = () => slotOf(Date.now(), intervalMs);

  const first = await fleetRound(world, known, slot(), busyAtOnce);
  // The first stores states, so the second reads all of it again.
  await fleetRound(world, known, slot() + 1, busyAtOnce);
  const calm = await fleetRound(world, known, slot() + 2, busyAtOnce);
  const calmShard = await evaluated(world, 1);

  const samples = await world.oldStorm(0, stormHours, Date.now());
  const oldShard = await evaluated(world, 0);
  const stormy = await fleetRound(world, known, slot() + 3, busyAtOnce);
  const ids = (await world.services(0)).map(({ serviceId }) => serviceId);
  const straight = await straightforward(world, ids);

  world.primary.state.behaviour = "hang";
  const hung = await fleetRound(world, known, slot() + 4, waitingAtOnce);
  const hanging = await fleetRound(world, known, slot() + 5, waitingAtOnce);
  world.primary.state.behaviour = "up";

  printTable(
    [
      "round",
      "samples",
      "storms",
      "left out",
      "round trips",
      "statements",
      "rows",
      "bytes sent",
      "bytes read",
      "read : calm",
      "median",
      "longest",
    ],
    [
      row("the first of an isolate", first, calm),
      row("calm", calm, calm),
      row(`one shard in a storm of ${stormHours} h`, stormy, calm),
      row("a CDN begins to hang (5 s)", hung, calm),
      row("it hangs (2 s)", hanging, calm),
    ],
  );
  const monthly = ({ bytesOut }: Fleet): string => ((bytesOut * 360 * 730) / 1_073_741_824).toFixed(0);
  say(
    `\nread in calm by all shards: ${monthly(calm)} GiB a month by one provider's rounds; were nothing known from the round before: ${monthly(first)} GiB`,
  );
  say(
    `\nthe evaluation of one shard of ${perShard} domains whose storms are ${stormHours} h old (${samples} samples) while a vantage has been dark as long\n`,
  );
  const line = (name: string, { rows, blocks, ms }: Evaluated) => [
    name,
    String(rows),
    String(blocks),
    `${ms.toFixed(0)} ms`,
    ratio(rows, calmShard.rows),
    ratio(blocks, calmShard.blocks),
    ratio(ms, calmShard.ms),
  ];
  printTable(
    ["evaluation", "rows touched", "blocks", "time", "rows : calm", "blocks : calm", "time : calm"],
    [
      line("of a calm shard", calmShard),
      line(`of storms of ${stormHours} h, a vantage dark`, oldShard),
      line("the newest samples alone, by way of the samples", straight),
    ],
  );
  await world.close();

  if (Math.max(oldShard.rows / calmShard.rows, oldShard.blocks / calmShard.blocks) > mostRatio)
    miss(`an old storm touches more than ${mostRatio} times what a calm does`);
  if (calm.requests !== 2 * shards) miss(`${calm.requests / shards} round trips a round in calm, 2 wanted`);
  if (Math.max(...[first, calm, hung, hanging].map(({ largestIn }) => largestIn)) > neonLimitBytes)
    miss("a request is larger than Neon takes");
  if (calm.bytesOut * 2 > first.bytesOut) miss("a round in calm reads more than half of what it would if nothing were known");
};
