import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDayBook } from "../../../src/adapters/db/slo/daily.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { closeDays } from "../../../src/cron/slo/daily.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";
import { changeObjective, insertCorrection, insertObjective } from "../../support/slo-seed.ts";
import { insertStates } from "../../support/states.ts";
import type { State } from "../../support/states.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** A Saturday; the month ends two days later. */
const firstMs = Date.UTC(2026, 10, 28);

let opened: TestDatabase[] = [];
beforeEach(() => {
  opened = [];
});
afterEach(async () => {
  for (const database of opened) await database.close();
});

const createDays = async () => {
  const database = await freshDatabase();
  opened.push(database);
  const world = await createWorld(database);
  const lease = async (): Promise<Fence> => {
    await world.sql("update leases set expires_at = now() - interval '1 hour', released_at = null where name = 'job:close-days'");
    const fence = await world.leases.acquire("job:close-days", "local", `local:${crypto.randomUUID()}`);
    if (fence === null) throw new Error("the lease is taken");
    return fence;
  };
  const deps = { dayBook: createDayBook(world.db), clock: world.clock };
  const close = async (fence?: Fence) => await world.clock.run(closeDays(deps, fence ?? (await lease())));
  const goTo = async (ms: number) => await world.clock.advance(ms - world.clock.nowMs());
  return {
    world,
    lease,
    close,
    closeAt: async (ms: number) => {
      await goTo(ms);
      return await close();
    },
    goTo,
    snapshots: async (objectiveId?: number) =>
      (
        await world.sql<{ row: object }>(
          "select to_jsonb(s) - 'created_at' as row from slo_daily_snapshots s where $1::bigint is null or objective_id = $1 order by objective_id, day",
          [objectiveId ?? null],
        )
      ).map(({ row }) => row),
    achievements: async () =>
      (
        await world.sql<{ line: string }>(
          "select service_id || ' ' || name || ' ' || coalesce(objective_id::text, '-') || ' ' || day as line from slo_achievements order by service_id, day, name",
        )
      ).map(({ line }) => line),
    /** `2026-11-28 good 1`: with `-3` where it ended a streak of three. */
    verdicts: async (objectiveId: number) =>
      (
        await world.sql<{ line: string }>(
          `select day || ' ' || verdict || ' ' || streak || case when broken_streak > 0 then ' -' || broken_streak else '' end as line
           from slo_daily_snapshots where objective_id = $1 order by day`,
          [objectiveId],
        )
      ).map(({ line }) => line),
  };
};

type Days = Awaited<ReturnType<typeof createDays>>;

/** What visitors got, with the times in days after the first; the last state goes on. */
const lived = async ({ db }: World, serviceId: number, ...states: readonly (readonly [day: number, state: State["state"]])[]) =>
  await insertStates(
    db,
    serviceId,
    states.map(([day, state], nth) => {
      const next = states[nth + 1]?.[0];
      const us = (days: number) => (firstMs + Math.round(days * dayMs)) * 1_000;
      return { fromUs: us(day), toUs: next === undefined ? null : us(next), state };
    }),
  );

const minutes = (count: number): number => count / 1_440;

/**
 * A story of ten days, in what happened and when: states, objectives of both kinds of windows, changes and corrections between the
 * ends of days, a deletion. `step` is called when each day may be closed.
 */
const story = async (days: Days, step: (nowMs: number) => Promise<void>): Promise<void> => {
  const { world } = days;
  const { sql } = world;
  const web = (await world.seed()).serviceId;
  const api = (await world.seed({ name: "api", domains: [{ name: "api.example.test" }] })).serviceId;
  const at = (day: number): number => firstMs + Math.round(day * dayMs);
  const happenings: readonly (readonly [day: number, () => Promise<unknown>])[] = [
    [
      0,
      async () => {
        await lived(
          world,
          web,
          [-50, "up"],
          [1.5, { upstream: "cdn-a" }],
          [1.5 + minutes(3), "avoided"],
          [1.5 + minutes(20), "up"],
          [3.999, "self"],
          [4.002, "up"],
          [6.2, "unknown"],
          [6.5, "up"],
        );
        await lived(world, api, [-2, "up"], [2.5, "self"], [2.5 + minutes(60), "up"]);
      },
    ],
    [0.4, () => insertObjective(sql, web, at(0.4), { window: { days: 7 } })],
    [
      0.5,
      () => insertObjective(sql, web, at(0.5), { target: 99.99, window: { calendar: "month" }, dependencyExclusion: "self-only" }, "month"),
    ],
    [1.2, () => insertObjective(sql, api, at(1.2), { window: { calendar: "week" } }, "week")],
    [2.2, () => insertCorrection(sql, web, [at(1.5), at(1.5 + minutes(2))], at(2.2), at(5.5))],
    [3.1, () => changeObjective(sql, 1, at(3.1), { target: 99, window: { days: 3 } })],
    [3.2, () => insertCorrection(sql, api, [at(2.4), at(2.6)], at(3.2))],
    [5.01, () => changeObjective(sql, 2, at(5.01), { target: 99.5, window: { calendar: "week" } })],
    [7.05, () => sql("update slo_objectives set deleted_at = $1 where id = 3", [new Date(at(7.05))])],
    [7.06, () => insertObjective(sql, api, at(7.06), { window: { days: 2 } }, "later")],
  ];
  let next = 0;
  for (let day = 1; day <= 10; day += 1) {
    for (; (happenings[next]?.[0] ?? Number.POSITIVE_INFINITY) < day + 2 / 24; next += 1) await happenings[next]?.[1]();
    await step(at(day) + 2 * hourMs);
  }
};

/** With the names and figures of the day; the terms in a message are those at the time at which it was written. */
const told = async ({ sql }: World): Promise<string[]> =>
  (
    await sql<{ line: string }>(
      "select kind || ' ' || (facts - 'target' - 'windowDays' - 'calendar')::text as line from notifications where kind like 'slo.%' order by 1",
    )
  ).map(({ line }) => line);

describe("days are closed", () => {
  it("with the same rows, whether in time, twice, by two at once, late, or not for days", async () => {
    const inTime = await createDays();
    const runs: unknown[] = [];
    await story(inTime, async (nowMs) => {
      runs.push((await inTime.closeAt(nowMs))["snapshots"]);
      expect(await inTime.close()).toMatchObject({ days: 0, snapshots: 0, unfinished: false });
    });
    expect(runs).toEqual([2, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
    const expected = await inTime.snapshots();
    expect(expected).toHaveLength(29);

    const late = await createDays();
    await story(late, async () => undefined);
    expect(await late.closeAt(firstMs + 10 * dayMs + 2 * hourMs)).toMatchObject({ days: 10, snapshots: 29 });

    const threeDays = await createDays();
    let day = 0;
    await story(threeDays, async (nowMs) => {
      day += 1;
      if (day % 3 !== 1) return;
      await threeDays.goTo(nowMs + 5 * hourMs);
      // Two at once, both of whom believe that they have the lease.
      const fence = await threeDays.lease();
      await Promise.all([threeDays.close(fence), threeDays.close(fence)]);
    });

    for (const other of [late, threeDays]) {
      expect(await other.snapshots()).toEqual(expected);
      expect(await other.achievements()).toEqual(await inTime.achievements());
      expect(await told(other.world)).toEqual(await told(inTime.world));
    }
    expect(await inTime.verdicts(1)).toEqual([
      "2026-11-28 good 1",
      "2026-11-29 good 2",
      "2026-11-30 good 3",
      "2026-12-01 bad 0 -3",
      "2026-12-02 good 1",
      "2026-12-03 good 2",
      "2026-12-04 insufficient 2",
      "2026-12-05 good 3",
      "2026-12-06 good 4",
      "2026-12-07 good 5",
    ]);
    expect(await inTime.snapshots(3)).toHaveLength(6);
    expect((await told(inTime.world)).filter((line) => line.startsWith("slo.streak_broken"))).toHaveLength(2);
    expect((await inTime.achievements()).map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      // Measured for longer than its window when its objective was made.
      "1 budget_miser",
      "1 clean_sheet",
      "1 first_steps",
      "1 nines_club",
      "1 cascade_breaker",
      "1 full_coverage",
      "1 rapid_recovery",
      "2 first_steps",
      "2 full_coverage",
      "2 budget_miser",
      "2 clean_sheet",
      "2 nines_club",
    ]);
  });

  it("not before two hours of the next have passed, and cheaply where none is due", async () => {
    const days = await createDays();
    const { serviceId } = await days.world.seed();
    await lived(days.world, serviceId, [-10, "up"]);
    await insertObjective(days.world.sql, serviceId, firstMs + hourMs);
    expect(await days.closeAt(firstMs + dayMs + 2 * hourMs - 1)).toMatchObject({ snapshots: 0 });
    expect(await days.closeAt(firstMs + dayMs + 2 * hourMs)).toMatchObject({ snapshots: 1 });
    const before = days.world.count.trips;
    await days.close();
    expect(days.world.count.trips - before).toBeLessThanOrEqual(2);
  });

  it("by whoever has the lease", async () => {
    const days = await createDays();
    const { serviceId } = await days.world.seed();
    await lived(days.world, serviceId, [-10, "up"]);
    await insertObjective(days.world.sql, serviceId, firstMs);
    await days.goTo(firstMs + 3 * dayMs);
    const old = await days.lease();
    await days.lease();
    expect(await days.close(old)).toMatchObject({ snapshots: 0, unfinished: true });
    expect(await days.snapshots()).toEqual([]);
  });

  it("with the figures of the window that ends with them, of calendar windows too", async () => {
    const days = await createDays();
    const { serviceId } = await days.world.seed();
    // The month ends with 2026-11-30, a Monday: the week has one day by then.
    await lived(days.world, serviceId, [-40, "up"], [1, "self"], [1 + minutes(10), "up"], [2.5, "self"], [2.5 + minutes(5), "up"]);
    const month = await insertObjective(days.world.sql, serviceId, firstMs, { window: { calendar: "month" } }, "month");
    const week = await insertObjective(days.world.sql, serviceId, firstMs, { window: { calendar: "week" } }, "week");
    await days.closeAt(firstMs + 4 * dayMs + 3 * hourMs);
    const downs = async (id: number) =>
      (
        await days.world.sql<{ line: string }>(
          "select day || ' ' || (down_us / 60000000) || ' of ' || round(elapsed_us / 86400000000.0, 3) || ', ' || (day_down_us / 60000000) as line from slo_daily_snapshots where objective_id = $1 order by day",
          [id],
        )
      ).map(({ line }) => line);
    expect(await downs(month)).toEqual([
      "2026-11-28 0 of 28.000, 0",
      "2026-11-29 10 of 29.000, 10",
      "2026-11-30 15 of 30.000, 5",
      "2026-12-01 0 of 1.000, 0",
    ]);
    expect(await downs(week)).toEqual([
      "2026-11-28 0 of 6.000, 0",
      "2026-11-29 10 of 7.000, 10",
      "2026-11-30 5 of 1.000, 5",
      "2026-12-01 5 of 2.000, 0",
    ]);
  });

  it("in pages, and what is achieved over seven days is told once", async () => {
    const days = await createDays();
    const services: number[] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      const { serviceId } = await days.world.seed({ name: `s${nth}`, domains: [{ name: `s${nth}.example.test` }] });
      services.push(serviceId);
      await lived(days.world, serviceId, [-1, "up"]);
      await insertObjective(days.world.sql, serviceId, firstMs);
    }
    await days.goTo(firstMs + 9 * dayMs);
    const dayBook = createDayBook(days.world.db);
    const small = {
      ...dayBook,
      services: (day: string, after: number, _limit: number, nowMs: number) => dayBook.services(day, after, 1, nowMs),
    };
    await days.world.clock.run(closeDays({ dayBook: small, clock: days.world.clock }, await days.lease()));
    expect(await days.snapshots()).toHaveLength(24);
    expect((await days.achievements()).filter((line) => line.includes("iron"))).toEqual(
      services.map((id, nth) => `${id} iron_uptime ${nth + 1} 2026-12-04`),
    );
  });
});
