import { expect, it } from "vitest";
import { createDayBook } from "../../../src/adapters/db/slo/daily.ts";
import { closeDays } from "../../../src/cron/slo/daily.ts";
import { startMs } from "../../support/round-world.ts";
import { insertObjective } from "../../support/slo-seed.ts";
import { insertStates } from "../../support/states.ts";
import type { State } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

/** Hole: a day was closed with other figures before rounds began again than after, where they had fallen silent just before its end. */

const midnightMs = Date.parse("2026-11-19T00:00:00Z");
const silentMs = midnightMs - 90_000;

const closedAfter = async (hours: number, states: readonly State[], judgedMs: number): Promise<object | undefined> => {
  const { serviceId } = await world.seed();
  await insertObjective(world.sql, serviceId, startMs);
  await insertStates(world.db, serviceId, states);
  await world.clock.advance(midnightMs + hours * 3_600_000 - world.clock.nowMs());
  const fence = await world.leases.acquire("job:close-days", "local", "local:1");
  if (fence === null) throw new Error("the lease is taken");
  await world.sql("update leases set judged_at = $1 where name = 'shard:0'", [new Date(judgedMs)]);
  await world.clock.run(closeDays({ dayBook: createDayBook(world.db), clock: world.clock }, fence));
  const [row] = await world.sql<{ row: object }>(
    "select to_jsonb(s) - 'created_at' as row from slo_daily_snapshots s order by day limit 1",
  );
  return row?.row;
};

const downUs = 3_600_000_000 - 90_000_000;
const up = { fromUs: (startMs - 100 * 86_400_000) * 1_000, toUs: (midnightMs - 3_600_000) * 1_000, state: "up" } as const;
const figures = { day_down_us: downUs, down_us: downUs, day_measured_us: 86_400_000_000 - 90_000_000, verdict: "bad" };

it("while rounds are still silent", async () => {
  expect(await closedAfter(2.5, [up, { fromUs: up.toUs, toUs: null, state: "self" }], silentMs)).toMatchObject(figures);
});

it("after they began again", async () => {
  const [silentUs, backUs] = [silentMs * 1_000, (midnightMs + 7_200_000) * 1_000];
  const states: readonly State[] = [
    up,
    { fromUs: up.toUs, toUs: silentUs, state: "self" },
    { fromUs: silentUs, toUs: backUs, state: "unknown" },
    { fromUs: backUs, toUs: null, state: "self" },
  ];
  expect(await closedAfter(2.5, states, midnightMs + 2.5 * 3_600_000)).toMatchObject({ ...figures, verdict: expect.any(String) });
});
