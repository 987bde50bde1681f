import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createScoringStore } from "../../../src/adapters/db/cost/scoring.ts";
import { hourMs } from "../../support/cost-world.ts";
import type { EgressWorld } from "./egress-world.ts";
import { egressWorld, gb, thisHourMs } from "./egress-world.ts";

/** Hours of egress that nobody judged, or judged wrongly: a leak unheard, or an alarm for a storm. */

let egress: EgressWorld;
beforeEach(async () => {
  egress = await egressWorld();
});
afterEach(() => egress.database.close());

const anomalies = async () => (await egress.world.state()).anomalies.map(({ cdn, state, severity }) => [cdn, state, severity]);
const rates = async (primary: number, backup: number): Promise<void> => {
  await egress.world.rate(egress.customerId, "cloudflare", primary);
  await egress.world.rate(egress.customerId, "fastly", backup);
};
const incomplete = async (side: "primary" | "backup", fromMs: number): Promise<void> => {
  await egress.world.sql(`update usage_snapshots set ${side}_incomplete = true where window_start >= $1`, [new Date(fromMs).toISOString()]);
};

describe("a leak is found", () => {
  it("on the primary while the backup's CDN can not say how much it sent", async () => {
    await rates(8, 12);
    await egress.calm(thisHourMs - 6 * hourMs, 1);
    await egress.world.usage(
      egress.serviceId,
      [6, 5, 4, 3, 2, 1].map((ago) => [thisHourMs - ago * hourMs, 300 * gb, 0] as const),
    );
    await incomplete("backup", thisHourMs - 6 * hourMs);
    await egress.score();
    expect(await anomalies()).toEqual([["cloudflare", "open", "critical"]]);
    // Of the sum nothing is known in such an hour.
    const sum = (await egress.world.state()).series.find(({ cdn }) => cdn === null);
    expect(Number(sum?.["event_count"])).toBe(480);
  });

  it("in a storm where the backup costs nothing a GB", async () => {
    await rates(8, 0);
    await egress.calm(thisHourMs - 2 * hourMs, 1);
    await egress.storm(thisHourMs - 2 * hourMs, null);
    await egress.world.usage(egress.serviceId, [
      [thisHourMs - 2 * hourMs, 0, 62 * gb],
      [thisHourMs - hourMs, 100 * gb, 300 * gb],
    ]);
    await egress.score();
    expect(await anomalies()).toEqual([[null, "open", "critical"]]);
  });

  it("in a storm where the backup is measured for the first time, and is cheaper", async () => {
    await rates(24, 8);
    await egress.calm(thisHourMs - hourMs, null);
    await egress.storm(thisHourMs - hourMs, null);
    await egress.world.usage(egress.serviceId, [[thisHourMs - hourMs, 0, 180 * gb]]);
    await egress.score();
    expect(await anomalies()).toEqual([[null, "open", "critical"]]);
  });
});

describe("there is no alarm", () => {
  it("for a storm of as much as ever whose primary is not measured meanwhile, on a dearer backup", async () => {
    await rates(8, 24);
    await egress.calm(thisHourMs - hourMs, 1);
    await egress.storm(thisHourMs - hourMs, null);
    await egress.world.usage(egress.serviceId, [[thisHourMs - hourMs, 0, 62 * gb]]);
    await egress.world.sql("update usage_snapshots set primary_source = null where window_start = $1", [
      new Date(thisHourMs - hourMs).toISOString(),
    ]);
    await egress.world.sql("update usage_snapshots set primary_source = 'push' where window_start < $1", [
      new Date(thisHourMs - hourMs).toISOString(),
    ]);
    await egress.score();
    expect(await anomalies()).toEqual([]);
  });

  it("any more of a leak in a storm once both are over", async () => {
    await rates(8, 12);
    await egress.calm(thisHourMs - 6 * hourMs, 1);
    await egress.storm(thisHourMs - 6 * hourMs, thisHourMs - 5 * hourMs - 60_000);
    await egress.world.usage(egress.serviceId, [[thisHourMs - 6 * hourMs, 1 * gb, 400 * gb]]);
    await egress.world.usage(
      egress.serviceId,
      [5, 4, 3, 2, 1].map((ago) => [thisHourMs - ago * hourMs, 61 * gb, 1 * gb] as const),
    );
    await egress.score();
    expect(await anomalies()).toEqual([[null, "resolved", "critical"]]);
  });
});

describe("a service is judged", () => {
  it("while those of somebody else can not be, as their CDN is late", async () => {
    const { world, database } = egress;
    const other = await world.customer("globex");
    const late = await Promise.all(Array.from({ length: 5 }, (_, index) => world.service(other, `late-${index}`)));
    for (const id of late) await world.usage(id, [[thisHourMs - hourMs, gb, gb]]);
    await incomplete("primary", thisHourMs - hourMs);
    await egress.calm(thisHourMs, 1);
    const due = await createScoringStore(database.db).egressDue(thisHourMs + 20 * 60_000, 5);
    expect(due.map(({ serviceId }) => serviceId)).toEqual([egress.serviceId]);
  });
});

describe("what somebody has changed is no alarm", () => {
  /** Of series in bytes one of some hundred hours is odd by chance. */
  const open = async () => (await anomalies()).filter(([, state]) => state === "open");
  const labels = async () => (await egress.world.state()).hours.filter(({ label }) => label !== null).map(({ cdn, label }) => [cdn, label]);
  const hours = async (from: number, count: number, primary: number, backup: number | null): Promise<void> =>
    await egress.world.usage(
      egress.serviceId,
      Array.from({ length: count }, (_, index) => {
        const wobble = (index * 7) % 5;
        return [from + index * hourMs, (primary + wobble) * gb, backup === null ? null : backup * gb] as const;
      }),
    );
  /** As the API does it, at that time. */
  const use = async (primary: string, backup: string, atMs: number): Promise<void> => {
    await egress.world.sql("update services set primary_cdn = $2, backup_cdn = $3 where id = $1", [egress.serviceId, primary, backup]);
    const at = new Date(atMs).toISOString();
    await egress.world.sql("update service_cdns set to_at = $2 where service_id = $1 and to_at is not null and to_at > $2", [
      egress.serviceId,
      at,
    ]);
    await egress.world.sql("update service_cdns set from_at = $2 where service_id = $1 and to_at is null", [egress.serviceId, at]);
  };

  it.each([
    ["dearer", 16, 12],
    ["much dearer", 80, 60],
    ["cheaper", 2, 1],
    ["free of charge, and back", 0, 0],
  ])("a CDN that becomes %s; and a leak is found at the new rate", async (_, primary, backup) => {
    await rates(8, 6);
    await egress.calm(thisHourMs - 3 * hourMs, 20);
    await egress.score(thisHourMs - 3 * hourMs);
    const set = async (...[cloudflare, fastly]: readonly [number, number]): Promise<void> => {
      for (const [cdn, cents] of [
        ["cloudflare", cloudflare],
        ["fastly", fastly],
      ] as const)
        await egress.world.sql("update cost_rates set cents_per_gb = $2, updated_at = $3 where cdn = $1", [
          cdn,
          cents,
          new Date(thisHourMs - 3 * hourMs).toISOString(),
        ]);
    };
    await set(primary, backup);
    await hours(thisHourMs - 3 * hourMs, 2, 60, 20);
    await egress.score(thisHourMs - hourMs);
    if (primary === 0) await set(8, 6);
    await hours(thisHourMs - hourMs, 1, 60, 20);
    await egress.score();
    expect([await anomalies(), await labels()]).toEqual([[], []]);
    const now = primary === 0 ? 8 : primary;
    const side = (await egress.world.state()).series.find(({ cdn }) => cdn === "cloudflare");
    expect(Number(side?.["mean_hourly_cost"]) / (62 * now)).toBeCloseTo(1, 2);
    await hours(thisHourMs, 1, 300, 20);
    await egress.score(thisHourMs + hourMs);
    expect(await anomalies()).toEqual([["cloudflare", "open", now * 238 > 100 ? "critical" : "high"]]);
    expect((await egress.world.state()).anomalies[0]?.["value"]).toBeCloseTo(300 * now, 6);
  });

  it("a rate that is set for the first time, of what costs more than five dollars an hour", async () => {
    await egress.calm(thisHourMs - hourMs, 1);
    await egress.score(thisHourMs - hourMs);
    await rates(80, 12);
    await egress.world.sql("update cost_rates set updated_at = $1", [new Date(thisHourMs - hourMs).toISOString()]);
    await hours(thisHourMs - hourMs, 1, 60, 1);
    await egress.score();
    expect([await open(), await labels()]).toEqual([[], expect.arrayContaining([["cloudflare", "expected: change"]])]);
  });

  it.each([
    ["in money", true],
    ["in bytes", false],
  ])(
    "primary and backup in each other's place (%s): their usual is begun anew, and the sum is scored until it is known",
    async (_, isPriced) => {
      if (isPriced) await rates(24, 12);
      await egress.calm(thisHourMs - 30 * hourMs, 1);
      await egress.score(thisHourMs - 30 * hourMs);
      await use("fastly", "cloudflare", thisHourMs - 30 * hourMs);
      await hours(thisHourMs - 30 * hourMs, 28, 60, 1);
      await egress.score(thisHourMs - 2 * hourMs);
      expect(await open()).toEqual([]);
      expect(new Set((await labels()).map((one) => one.join()))).toEqual(
        new Set(["cloudflare,expected: change", "fastly,expected: change"]),
      );
      // What was usual of the old use is forgotten, hours of the day too.
      const [row] = await egress.world.sql<{ n: string }>(
        "select coalesce(max(x.count), 0) as n from cost_seasons x join cost_series q on q.id = x.series_id where q.cdn is not null",
      );
      expect(Number(row?.n)).toBeLessThanOrEqual(2);
      if (!isPriced) return;
      await hours(thisHourMs - 2 * hourMs, 1, 300, 1);
      await egress.score(thisHourMs - hourMs);
      expect(await anomalies()).toEqual([["fastly", "open", "critical"]]);
    },
  );

  it("another backup; what is usual of the primary stays, and a leak during the change is found by the sum", async () => {
    await rates(8, 12);
    await egress.world.rate(egress.customerId, "bunny", 1);
    await egress.calm(thisHourMs - 3 * hourMs, 1);
    await egress.score(thisHourMs - 3 * hourMs);
    await use("cloudflare", "bunny", thisHourMs - 3 * hourMs);
    await hours(thisHourMs - 3 * hourMs, 2, 60, 30);
    await egress.score(thisHourMs - hourMs);
    expect((await labels()).map(([cdn]) => cdn)).toEqual(["bunny", "bunny"]);
    const primary = (await egress.world.state()).series.find(({ cdn }) => cdn === "cloudflare");
    expect(Number(primary?.["event_count"])).toBe(482);
    await hours(thisHourMs - hourMs, 1, 60, 3_000);
    await egress.score();
    expect(await anomalies()).toEqual(expect.arrayContaining([[null, "open", "critical"]]));
  });
});

describe("hours that are not measured as they should be", () => {
  it("have a sum in a storm whose backup has no rate, and is measured for the first time: a leak is found, a storm is none", async () => {
    await egress.world.rate(egress.customerId, "cloudflare", 8);
    await egress.calm(thisHourMs - 3 * hourMs, null);
    await egress.storm(thisHourMs - 3 * hourMs, null);
    await egress.world.usage(egress.serviceId, [
      [thisHourMs - 3 * hourMs, 0, 62 * gb],
      [thisHourMs - 2 * hourMs, 0, 61 * gb],
    ]);
    await egress.score(thisHourMs - hourMs);
    expect(await anomalies()).toEqual([]);
    await egress.world.usage(egress.serviceId, [[thisHourMs - hourMs, 0, 300 * gb]]);
    await egress.score();
    expect(await anomalies()).toEqual([[null, "open", "critical"]]);
  });

  it("are judged when their windows come after those of the next hour, and are passed once it is known that they do not", async () => {
    await rates(8, 12);
    await egress.calm(thisHourMs - 3 * hourMs, 1);
    await egress.score(thisHourMs - 3 * hourMs);
    await egress.world.usage(egress.serviceId, [[thisHourMs - 2 * hourMs, 61 * gb, 1 * gb]]);
    await egress.score(thisHourMs - hourMs);
    await egress.world.usage(egress.serviceId, [[thisHourMs - 3 * hourMs, 300 * gb, 1 * gb]]);
    await egress.score();
    expect((await egress.world.state()).anomalies).toMatchObject([{ cdn: "cloudflare", first_hour: new Date(thisHourMs - 3 * hourMs) }]);
    // The hour before this one never comes.
    await egress.world.usage(egress.serviceId, [[thisHourMs, 300 * gb, 1 * gb]]);
    await egress.score(thisHourMs + hourMs);
    expect((await egress.world.state()).hours.filter(({ hour }) => (hour as Date).getTime() >= thisHourMs)).toEqual([]);
    await egress.score(thisHourMs + 4 * hourMs);
    expect((await egress.world.state()).hours.filter(({ hour }) => (hour as Date).getTime() === thisHourMs)).toHaveLength(3);
  });

  it("are waited for between others, too", async () => {
    await rates(8, 12);
    await egress.calm(thisHourMs - 3 * hourMs, 1);
    await egress.score(thisHourMs - 3 * hourMs);
    await egress.world.usage(
      egress.serviceId,
      [3, 1].map((ago) => [thisHourMs - ago * hourMs, 61 * gb, 1 * gb] as const),
    );
    await egress.score();
    await egress.world.usage(egress.serviceId, [[thisHourMs - 2 * hourMs, 300 * gb, 1 * gb]]);
    await egress.score();
    expect((await egress.world.state()).anomalies).toMatchObject([{ cdn: "cloudflare", first_hour: new Date(thisHourMs - 2 * hourMs) }]);
  });
});
