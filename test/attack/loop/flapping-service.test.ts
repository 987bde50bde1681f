import { expect, it } from "vitest";
import { createObjectiveMeasures } from "../../../src/adapters/db/slo/measures.ts";
import { createBudgetWatch } from "../../../src/adapters/db/slo/watch.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

/** Hole: what a page of objectives costs was the product of its objectives and their spans, or of both and their number again. */

const flapping = async (name: string, spans: number, objectives: number, corrections: number, days: string): Promise<number> => {
  const { serviceId } = await world.seed({ name, domains: [{ name: `${name}.example.test` }] });
  await world.sql(
    `with states as (
       insert into service_states (service_id, started_at, ended_at, state, serving, attribution, outage_at)
       select $1::bigint, now() - n * interval '20 seconds', case when n > 1 then now() - (n - 1) * interval '20 seconds' end,
         case n % 2 when 0 then 'down' else 'up' end, 'primary', case n % 2 when 0 then 'self' end, case n % 2 when 0 then now() end
       from generate_series(1, $2::int) n
     ), corrections as (
       insert into slo_corrections (service_id, from_at, to_at, reason, actor)
       select $1, now() - (n * 3 + 1) * interval '1 minute', now() - n * interval '3 minutes', 'maintenance', 'test' from generate_series(1, $4::int) n
     ), o as (insert into slo_objectives (service_id, name) select $1, 'o' || n from generate_series(1, $3::int) n returning id)
     insert into slo_objective_versions (objective_id, version, target, window_days, dependency_exclusion, burn_warning_percent, burn_critical_percent, fast_burn_multiplier)
     select id, 1, 99.9, ${days}, 'strict', 50, 80, 5 from o`,
    [serviceId, spans, objectives, corrections],
  );
  return serviceId;
};

it("200 objectives of a service that flaps, whatever the planner knows of it, are answered", { timeout: 60_000 }, async () => {
  const serviceId = await flapping("web", 5_000, 200, 100, "30");
  const scope = { customerId: 1, serviceIds: [serviceId], page: { limit: 200, afterId: null } };
  const { measured } = await createObjectiveMeasures(world.db).measure(scope, null);
  expect(measured).toHaveLength(200);
  expect(new Set(measured.map(({ tallies }) => JSON.stringify(tallies))).size).toBe(1);
});

it("with as many corrections as there may be and windows that differ, too; and so are they watched", { timeout: 60_000 }, async () => {
  const serviceId = await flapping("web", 1_000, 200, 500, "200 + id % 200");
  const scope = { customerId: 1, serviceIds: [serviceId], page: { limit: 200, afterId: null } };
  const { measured } = await createObjectiveMeasures(world.db).measure(scope, null);
  expect(measured).toHaveLength(200);
  const ids = measured.map(({ objective }) => objective.id);
  expect(await createBudgetWatch(world.db).measure(ids, Date.now())).toHaveLength(200);
});
