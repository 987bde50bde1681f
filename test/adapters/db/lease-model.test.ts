import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "../../../src/adapters/db/platform/client.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createPooledDatabase } from "../../support/pooled-database.ts";
import type { PooledDatabase } from "../../support/pooled-database.ts";
import { brokenChain, happenedIn, violationsOf } from "./lease-model/laws.ts";
import { leaseMutants } from "./lease-model/mutants.ts";
import { prepareRecord, takeRecord } from "./lease-model/record.ts";
import type { Call, Schedule } from "./lease-model/schedule.ts";
import { runSchedule, scheduleOf } from "./lease-model/schedule.ts";

/** LEASE_SEED=... runs that one schedule again, three hundred times: its plan is the same, its interleaving is not. */
const replayed = process.env["LEASE_SEED"];
const schedules = 5_000;
const sideBySide = 40;
const connections = 16;
/** One in so many goes the way of the application, over HTTP; all others go over plain connections, which is faster. */
const overHttp = 40;

let database: TestDatabase;
let direct: PooledDatabase;
let runs = 0;
/** Of the chain of takeovers, what has been looked at. */
let lastTakeover = 1;

beforeAll(async () => {
  database = await freshDatabase();
  await prepareRecord(database);
  direct = createPooledDatabase(database.url, connections);
});
afterAll(async () => {
  await direct.close();
  await database.close();
});

type Happened = ReturnType<typeof happenedIn>;

/** Runs schedules side by side. @returns what they did that must never happen, and how often what they are meant for happened */
const run = async (seeds: readonly number[], dbFor: (seed: number) => Database): Promise<{ broken: string[]; happened: Happened }> => {
  runs += 1;
  const done = new Map<string, { schedule: Schedule; calls: readonly Call[] }>();
  const waiting = seeds.map((seed, index) => scheduleOf(seed, runs * 1_000_000 + index));
  const work = async (): Promise<void> => {
    for (let schedule = waiting.shift(); schedule !== undefined; schedule = waiting.shift()) {
      done.set(schedule.lease, { schedule, calls: await runSchedule(dbFor(schedule.seed), schedule) });
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  const record = await takeRecord(database, lastTakeover);
  lastTakeover = record.takeovers.at(-1)?.seq ?? lastTakeover;
  const versions = Map.groupBy(record.versions, ({ lease }) => lease);
  const landed = Map.groupBy(record.landed, ({ lease }) => lease);
  const takeovers = Map.groupBy(record.takeovers, ({ lease }) => lease);
  const broken = brokenChain(record.takeovers);
  const happened: Record<string, number> = {};
  for (const [lease, { schedule, calls }] of done) {
    const own = {
      calls,
      ttlMs: schedule.ttlMs,
      versions: versions.get(lease) ?? [],
      landed: landed.get(lease) ?? [],
      takeovers: takeovers.get(lease) ?? [],
    };
    broken.push(...violationsOf(own).map((law) => `LEASE_SEED=${schedule.seed}: ${law}`));
    for (const [what, count] of Object.entries(happenedIn(own))) happened[what] = (happened[what] ?? 0) + count;
  }
  return { broken, happened: happened as Happened };
};

const seedsFrom = (first: number, count: number) => Array.from({ length: count }, (_, index) => first + index);

describe("four holders of one lease, with delays, pauses, deaths and clocks of their own", () => {
  it(`never write at once, or late, in ${schedules} schedules`, async () => {
    const seeds = replayed === undefined ? seedsFrom(1, schedules) : Array.from({ length: 300 }, () => Number(replayed));
    const { broken, happened } = await run(seeds, (seed) => (seed % overHttp === 0 ? database.db : direct));
    expect(broken.slice(0, 20)).toEqual([]);
    if (replayed !== undefined) return;
    // That it was put to the test at all: how often depends on how busy the machine is.
    const least: Happened = {
      taken: 2_000,
      renewed: 100,
      released: 100,
      handedBack: 20,
      takenOver: 400,
      accepted: 1_000,
      refused: 200,
      outlasting: 0,
    };
    for (const [what, count] of Object.entries(least)) expect(happened[what as keyof Happened], what).toBeGreaterThan(count);
  });
});

/** Until a mutant is noticed, which takes one or two of these. */
const batch = 80;
const batches = 25;

describe("the model", () => {
  it.skipIf(replayed !== undefined).each(leaseMutants)("notices $name", async ({ from, to, breaks }) => {
    let edited = 0;
    const mutated = createPooledDatabase(database.url, connections, (text) => {
      if (from.test(text)) edited += 1;
      return text.replace(from, to);
    });
    const found: string[] = [];
    for (let first = 0; first < batches && !found.some((law) => breaks.test(law)); first += 1) {
      found.push(...(await run(seedsFrom(100_000 + first * batch, batch), () => mutated)).broken);
    }
    await mutated.close();
    expect(edited, "the mutant fits the code").toBeGreaterThan(0);
    expect(found).toContainEqual(expect.stringMatching(breaks));
  });
});
