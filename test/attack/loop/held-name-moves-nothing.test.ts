import { expect, it } from "vitest";
import { useWorld } from "../../support/use-world.ts";

// The record of the name has been gone for more than three days. Whoever has the account still plays with its targets and policies.

const { world } = useWorld();
const name = "app.example.test";
const lapse = async (held: boolean) =>
  await world.sql(
    `update service_domains set lapsed_at = now() - interval '80 hours', absences = 12, held_at = case when $1 then now() - interval '8 hours' end`,
    [held],
  );
const rounds = async (number: number) => {
  for (let at = 0; at < number; at += 1) await world.round();
};

it("is not moved by a storm, nor by hand, and the storm is recorded all the same", async () => {
  const { serviceId } = await world.seed();
  world.dns.put(name, 100, 0);
  await rounds(2);
  await lapse(true);
  world.prober.say("a.cdn.net", 503);
  await rounds(4);
  expect([world.dns.weights(name), (await world.storms()).length]).toEqual(["100/0", 1]);
  expect(await world.routing(serviceId)).toMatchObject({ state: "held", reason: "proof_lapsed" });
  await world.override(serviceId, "backup");
  await rounds(2);
  expect([world.dns.weights(name), await world.history()]).toEqual(["100/0", []]);
});

it("goes back to normal, where it was moved before", async () => {
  await world.seed();
  world.dns.put(name, 100, 0);
  await rounds(2);
  world.prober.say("a.cdn.net", 503);
  await rounds(4);
  expect(world.dns.weights(name)).toBe("0/100");
  await lapse(true);
  world.prober.say("a.cdn.net", 200);
  await rounds(14);
  expect(world.dns.weights(name)).toBe("100/0");
  // Weights that somebody sets now are none of ours.
  world.dns.put(name, 30, 70);
  await world.sql("update domain_routing set read_at = null");
  await rounds(3);
  expect(world.dns.weights(name)).toBe("30/70");
});

it("is steered by storms in its three days of grace, and by no override", async () => {
  const { serviceId } = await world.seed();
  world.dns.put(name, 100, 0);
  await rounds(2);
  await lapse(false);
  await world.override(serviceId, "backup");
  await rounds(2);
  expect(world.dns.weights(name)).toBe("100/0");
  await world.override(serviceId, null);
  world.prober.say("a.cdn.net", 503);
  await rounds(4);
  expect(world.dns.weights(name)).toBe("0/100");
});
