import { expect, it } from "vitest";
import { createServiceStore } from "../../../src/adapters/db/tenants/services.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { insertStates } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

/** Hole: of a service that was deleted while nobody judged it all the silence before counted as its last state: as downtime avoided, say. */

const endedAfter = async (silentSeconds: number): Promise<number> => {
  const { serviceId } = await world.seed();
  const nowMs = Date.now();
  await insertStates(world.db, serviceId, [{ fromUs: (nowMs - 86_400_000) * 1_000, toUs: null, state: "avoided" }]);
  await world.sql("update leases set judged_at = now() - $1 * interval '1 second' where name = 'shard:0'", [silentSeconds]);
  const customerId = await createNotifyWorld(world).customerOf(serviceId);
  await createServiceStore(world.db).remove(customerId, serviceId, { actor: "sre", requestId: "1", idempotency: null });
  const [row] = await world.sql<{ before: number }>(
    "select extract(epoch from v.deleted_at - x.ended_at)::float8 as before from service_states x join services v on v.id = x.service_id where x.service_id = $1",
    [serviceId],
  );
  return row?.before ?? Number.NaN;
};

it("is not what it was in its last judged round for all the time since", async () => {
  const silence = await endedAfter(36_000);
  expect(silence).toBeGreaterThanOrEqual(36_000);
  expect(silence).toBeLessThan(36_060);
});

it("is what it was until it is deleted, as long as somebody judges it", async () => {
  expect(await endedAfter(20)).toBe(0);
});
