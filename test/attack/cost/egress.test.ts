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
