import { expect, it } from "vitest";
import { heldLeases } from "../../self-hosted/held-leases.ts";
import type { Fence, LeaseStore } from "../../src/adapters/ports/coordination/lease.ts";

it.each(["take", "acquire"] as const)("a lease that is still asked for at the end, by %s, is given up when it comes", async (way) => {
  const fence: Fence = { name: "shard:0", epoch: 7 };
  const comes = Promise.withResolvers<Fence>();
  const givenUp: Fence[] = [];
  const { leases, giveUpAll } = heldLeases({
    ttlMs: 5_000,
    take: async () => ({ held: await comes.promise, from: null }),
    acquire: () => comes.promise,
    giveUp: async (one: Fence) => void givenUp.push(one),
  } as unknown as LeaseStore);
  const asked = leases[way]("shard:0", "self-hosted", "self-hosted:1");
  await giveUpAll();
  comes.resolve(fence);
  expect(await asked).toEqual(way === "take" ? { held: null, by: "self-hosted", freeInMs: 5_000 } : null);
  expect(givenUp).toEqual([fence]);
});
