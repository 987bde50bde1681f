import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { createWorld } from "../../support/round-world.ts";
import type { World } from "../../support/round-world.ts";

/** A policy without a cooldown ends each storm at once: whoever has one pages everybody, the operator too, at every flap. */

let database: TestDatabase;
let world: World;

beforeEach(async () => {
  database = await freshDatabase();
  world = await createWorld(database);
});
afterEach(() => database.close());

describe("a primary that comes and goes", () => {
  it("thirty times within a quarter of an hour, each of them a storm that ends, is told in few messages, the last of them true", async () => {
    const { sql, clock, seed } = world;
    const { serviceId, policyIds } = await seed();
    const notify = createNotifyWorld(world);
    await notify.channel({ customerId: await notify.customerOf(serviceId) });
    await notify.channel({ name: "operator" });
    for (let flap = 0; flap < 30; flap += 1) {
      const at = new Date(clock.nowMs()).toISOString();
      const [storm] = await sql<{ id: string }>(
        `insert into storm_events (service_id, policy_id, policy_version, kind, state, started_at, detected_at, max_coverage_factor)
         values ($1, $2, 1, 'http_availability', 'storm', $3, $3, 1.5) returning id`,
        [serviceId, policyIds[0], at],
      );
      await notify.deliver();
      await clock.advance(15_000);
      await sql("update storm_events set state = 'ended', ended_at = $2, ended_reason = 'recovered' where id = $1", [
        storm?.id,
        new Date(clock.nowMs()).toISOString(),
      ]);
      await notify.deliver();
      await clock.advance(15_000);
    }
    const during = notify.told().length;
    expect(during).toBeLessThanOrEqual(10);
    expect(notify.told("operator").length).toBeLessThanOrEqual(10);
    for (let minute = 0; minute < 70; minute += 1) {
      await clock.advance(60_000);
      await notify.deliver();
    }
    expect(notify.told().at(-1)).toBe("resolve storm.ended cdn-a is well again: web");
    expect(notify.told("operator").at(-1)).toBe("resolve storm.ended cdn-a is well again: web");
    expect(notify.told().length).toBeLessThanOrEqual(during + 1);
  });
});
