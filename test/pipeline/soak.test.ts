import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { judge } from "../support/soak/judge.ts";
import { planSoak } from "../support/soak/plan.ts";
import { faultCounts, reportOf } from "../support/soak/report.ts";
import { play } from "../support/soak/world.ts";
import type { Played } from "../support/soak/world.ts";

/** What `npm run soak` does for a day and 300 domains, in short. */
const plan = planSoak({ seed: 1, minutes: 40, domains: 30, intervalMs: 10_000 });
const databases: TestDatabase[] = [];
let played: Played;

const playOn = async (given: typeof plan): Promise<Played> => {
  const database = await freshDatabase();
  databases.push(database);
  return await play(given, database.url);
};

beforeAll(async () => {
  played = await playOn(plan);
});
afterAll(async () => {
  await played.close();
  for (const database of databases) await database.close();
});

describe("forty minutes in which everything goes wrong", () => {
  it("leave no slot without its samples, no storm late, no switch in the dark and no row forgotten", async () => {
    for (const [kind, count] of Object.entries(faultCounts(played))) expect(count, kind).toBeGreaterThan(0);
    const judgement = await judge(played);
    expect(judgement.violations, reportOf(played, judgement)).toEqual([]);
    expect(judgement.outagesJudged).toBeGreaterThan(5);
    expect(judgement.switches).toBeGreaterThan(10);
    expect(judgement.replayed).toBeGreaterThan(10);
    expect(judgement.worstDelayRounds).toBeLessThanOrEqual(2);
  });

  it("come to the same for the same seed", async () => {
    const short = planSoak({ seed: 5, minutes: 18, domains: 6, intervalMs: 10_000 });
    const told = async (one: Played) => ({
      rounds: one.rounds,
      logged: one.logged,
      made: one.dns.made,
      samples: await one.sql(
        "select count(*) as count, max(probed_at) as last, sum(extract(epoch from probed_at - round_at)) as late from probe_samples",
      ),
      storms: await one.sql("select * from storm_events order by id"),
      changes: await one.sql("select * from routing_changes order by id"),
    });
    const all: Awaited<ReturnType<typeof told>>[] = [];
    for (let time = 0; time < 2; time += 1) {
      const one = await playOn(short);
      all.push(await told(one));
      await one.close();
    }
    expect(all[0]).toEqual(all[1]);
  });
});

describe("the referee", () => {
  /** What it says once something was done to what a good run has left behind. */
  const afterwards = async (statement: string, made = played.dns.made) => {
    await played.sql("begin");
    await played.sql(statement);
    const { violations } = await judge({ ...played, dns: { ...played.dns, made } });
    await played.sql("rollback");
    return [...new Set(violations.map(({ law }) => law))].toSorted();
  };
  const ofQuiet = `round_at = (select min(round_at) + interval '1 minute' from probe_samples)`;

  it.each([
    [
      "a path without its sample",
      `delete from probe_samples where ${ofQuiet} and vantage = 'vercel' and path = 'backup' and domain_id = 3`,
      ["slots"],
    ],
    ["a storm that was never seen", "delete from storm_events", ["storms"]],
    [
      "an intent that nobody looks after",
      "update routing_changes set result = 'intent', attempted_at = now() - interval '1 hour' where id = 1",
      ["rest", "rows"],
    ],
  ])("sees %s", async (_, statement, laws) => {
    await played.sql("set session_replication_role = replica");
    expect(await afterwards(statement)).toEqual(laws);
    await played.sql("set session_replication_role = origin");
  });

  it("sees a switch to a path that is down", async () => {
    const down = plan.outages.find(({ kind, fromMs, toMs }) => kind !== "hang" && toMs - fromMs > 90_000);
    const domain = plan.services
      .flatMap(({ domains }) => domains)
      .find(({ primary, backup }) => down?.hosts.includes(primary) === true || down?.hosts.includes(backup) === true);
    if (down === undefined || domain === undefined) throw new Error("nothing is ever down");
    const isPrimary = down.hosts.includes(domain.primary);
    const [from, to] = isPrimary
      ? [
          { primary: 0, backup: 100 },
          { primary: 100, backup: 0 },
        ]
      : [
          { primary: 100, backup: 0 },
          { primary: 0, backup: 100 },
        ];
    expect(await afterwards("select 1", [...played.dns.made, { domain: domain.name, atMs: down.toMs - 2_000, from, to }])).toEqual([
      "rest",
      "switches",
    ]);
  });
});
