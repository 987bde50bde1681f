import { beforeEach, expect, it } from "vitest";
import { createOwnershipStore } from "../../../src/adapters/db/tenants/ownership.ts";
import type { TxtReading } from "../../../src/adapters/ports/steering/resolver.ts";
import { createFirstProofs } from "../../../src/pipeline/steering/first-proofs.ts";
import { useWorld } from "../../support/use-world.ts";

// Verified once, never steered since: the record has been taken down, and the next daily look is hours away. Now a storm is made.

const { world } = useWorld();
let published: Record<string, string[] | null>;
let asked: string[];

beforeEach(async () => {
  published = {};
  asked = [];
});

const proofs = () =>
  createFirstProofs({
    ownership: createOwnershipStore(world.db),
    clock: world.clock,
    resolver: {
      txt: async (name): Promise<readonly TxtReading[]> => {
        asked.push(name);
        const texts = published[name.replace("_tranche-challenge.", "")];
        return ["a", "b"].map((resolver) => (texts == null ? { resolver, status: "silent" } : { resolver, status: "answered", texts }));
      },
    },
  });

const storm = async (rounds = 4): Promise<void> => {
  world.prober.say("a.cdn.net", 503);
  for (let round = 0; round < rounds; round += 1) await world.round({ firstProofs: proofs() });
};

const movedOf = async () =>
  (
    await world.sql<{ name: string }>(
      "select distinct d.name from routing_changes c join service_domains d on d.id = c.domain_id order by 1",
    )
  ).map(({ name }) => name);

it("moves only what is proven now, and stores that the other proof is gone", async () => {
  const names = ["good.example.test", "taken.example.test"];
  const { serviceId } = await world.seed({ domains: names.map((name) => ({ name })) });
  for (const name of names) world.dns.put(name, 100, 0);
  published = { "good.example.test": ["token"], "taken.example.test": ["somebody else's"] };
  await world.round({ firstProofs: proofs() });
  expect(asked).toEqual([]);
  await storm();
  expect(await movedOf()).toEqual(["good.example.test"]);
  expect(world.dns.weights("taken.example.test")).toEqual("100/0");
  // Each is asked for once: the one is looked after daily from now on, the other has lapsed.
  expect(asked.toSorted()).toEqual(["_tranche-challenge.good.example.test", "_tranche-challenge.taken.example.test"]);
  const rows = await world.sql(
    "select name, lapsed_at is null as proven, steer_checked_at is not null as checked from service_domains order by name",
  );
  expect(rows).toEqual([
    { name: "good.example.test", proven: true, checked: true },
    { name: "taken.example.test", proven: false, checked: false },
  ]);
  expect(await world.routing(serviceId)).toMatchObject({ state: "partial", reason: "proof_lapsed" });
});

it("goes by the last sight of the record where no resolver answers, for three days and no longer", async () => {
  await world.seed({ domains: [{ name: "fresh.example.test" }, { name: "stale.example.test" }] });
  await world.sql(
    "update service_domains set verified_at = verified_at - interval '3 days', proof_seen_at = proof_seen_at - interval '3 days' where name like 'stale%'",
  );
  for (const name of ["fresh.example.test", "stale.example.test"]) world.dns.put(name, 100, 0);
  await world.round({ firstProofs: proofs() });
  await storm();
  expect(await movedOf()).toEqual(["fresh.example.test"]);
  // And as soon as one answers, it goes like the others.
  published = { "stale.example.test": ["token"], "fresh.example.test": ["token"] };
  await world.round({ firstProofs: proofs() });
  expect(await movedOf()).toEqual(["fresh.example.test", "stale.example.test"]);
});

it("looks up no more than a dozen names in one round, round-robin over customers", async () => {
  const many = Array.from({ length: 30 }, (_, at) => `n${String(at).padStart(2, "0")}.many.test`);
  await world.seed({ customer: "mallory", domains: many.map((name) => ({ name })) });
  await world.seed({ customer: "acme", domains: [{ name: "app.acme.test" }] });
  for (const name of [...many, "app.acme.test"]) {
    world.dns.put(name, 100, 0);
    published[name] = ["token"];
  }
  await world.round({ firstProofs: proofs() });
  world.prober.say("a.cdn.net", 503);
  const perRound: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const before = asked.length;
    await world.round({ firstProofs: proofs() });
    perRound.push(asked.length - before);
  }
  expect(Math.max(...perRound)).toBe(12);
  expect(asked.slice(0, 12)).toContain("_tranche-challenge.app.acme.test");
  expect(await movedOf()).toHaveLength(31);
});
