import { expect, it } from "vitest";
import { createDayBook } from "../../../src/adapters/db/slo/daily.ts";
import { createDigestBook } from "../../../src/adapters/db/slo/digest.ts";
import { createBudgetWatch } from "../../../src/adapters/db/slo/watch.ts";
import { closeDays } from "../../../src/cron/slo/daily.ts";
import { sendDigests } from "../../../src/cron/slo/digest.ts";
import { watchBudgets } from "../../../src/cron/slo/watch.ts";
import { intervalMs, startMs } from "../../support/round-world.ts";
import { insertObjective } from "../../support/slo-seed.ts";
import { insertStates } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

/**
 * Hole: objectives of all tenants are evaluated in pages. Where the page did not answer in time, because one tenant had made its own
 * too expensive, nobody had burn alerts, closed days or digests any more.
 */

const dayMs = 86_400_000;
const tenants = 5;
/** Whose objective no statement is a match for; neither the first nor the last. */
const heavy = 3;

const lease = async (name: string) => {
  const fence = await world.leases.acquire(name, "local", "local:1");
  if (fence === null) throw new Error("the lease is taken");
  return fence;
};

const refuse = (isHeavy: boolean): void => {
  if (isHeavy) throw new Error("the database does not answer in time");
};

/** Services 1 to 5 of customers 1 to 5 with objectives 1 to 5, all of them down. */
const seed = async (): Promise<void> => {
  for (let nth = 1; nth <= tenants; nth += 1) {
    const { serviceId } = await world.seed({ customer: `c${nth}`, name: "web", domains: [{ name: `c${nth}.example.test` }] });
    await insertObjective(world.sql, serviceId, startMs - 10 * dayMs);
    await insertStates(world.db, serviceId, [
      { fromUs: (startMs - 100 * dayMs) * 1_000, toUs: startMs * 1_000, state: "up" },
      { fromUs: startMs * 1_000, toUs: null, state: "self" },
    ]);
  }
};

it("an objective that can not be evaluated keeps no other from its alerts", async () => {
  await seed();
  const real = createBudgetWatch(world.db);
  const budgetWatch = {
    ...real,
    measure: async (ids: readonly number[], nowMs: number) => {
      refuse(ids.includes(heavy));
      return await real.measure(ids, nowMs);
    },
  };
  await world.clock.advance(600_000);
  const watching = world.clock.run(
    watchBudgets({ budgetWatch, clock: world.clock, probe: { intervalMs } }, await lease("job:watch-budgets")),
  );
  await expect(watching, "and the job says so").rejects.toThrow("in time");
  const alerted = await world.sql<{ id: string }>("select distinct objective_id as id from slo_alerts order by 1");
  expect(alerted.map(({ id }) => Number(id))).toEqual([1, 2, 4, 5]);
});

it("a service whose days can not be closed keeps no other from its own, of any day", async () => {
  await seed();
  const real = createDayBook(world.db);
  const dayBook = {
    ...real,
    services: async (...given: Parameters<typeof real.services>) => {
      const page = await real.services(...given);
      refuse(page.some(({ serviceId }) => serviceId === heavy));
      return page;
    },
  };
  await expect(world.clock.run(closeDays({ dayBook, clock: world.clock }, await lease("job:close-days")))).rejects.toThrow("in time");
  const days = await world.sql<{ id: string; days: string }>(
    "select objective_id as id, count(*) as days from slo_daily_snapshots group by 1 order by 1",
  );
  expect(days.map(({ id, days: number }) => [Number(id), Number(number)])).toEqual([1, 2, 4, 5].map((id) => [id, 10]));
  // What failed for a while is caught up with.
  await world.sql("update leases set expires_at = now() - interval '1 hour', released_at = null where name = 'job:close-days'");
  expect(await world.clock.run(closeDays({ dayBook: real, clock: world.clock }, await lease("job:close-days")))).toEqual({
    days: 10,
    snapshots: 10,
    unfinished: false,
  });
});

it("a customer whose week can not be added up keeps no other from its digest", async () => {
  await seed();
  const real = createDigestBook(world.db, "USD");
  const digestBook = {
    ...real,
    objectives: async (...given: Parameters<typeof real.objectives>) => {
      refuse(given[0].includes(heavy));
      return await real.objectives(...given);
    },
  };
  const sending = world.clock.run(sendDigests({ digestBook, clock: world.clock }, await lease("job:weekly-digest")));
  await expect(sending).rejects.toThrow("in time");
  const sent = await world.sql<{ id: string }>("select customer_id as id from slo_digests order by 1");
  expect(sent.map(({ id }) => Number(id))).toEqual([1, 2, 4, 5]);
});
