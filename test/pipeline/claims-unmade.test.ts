import { describe, expect, it } from "vitest";
import type { WeightChangeResult } from "../../src/adapters/ports/steering/dns.ts";
import { useWorld } from "../support/use-world.ts";

// A switch that never comes about is not claimed, however it fails.

const { world } = useWorld();

const name = "app.example.test";
const failed = { domain: name, status: "failed", retryable: true } as const;

describe("a switch that is tried round after round", () => {
  it.each<[string, WeightChangeResult]>([
    ["and is stale each time", { domain: name, status: "stale", detail: "InvalidChangeBatch: they do not match" }],
    ["and never leaves, its account being paused", { ...failed, detail: "paused", effect: "unsent" }],
    ["and whose answer is lost each time", { ...failed, detail: "no answer in time", effect: "unknown" }],
    ["and is refused", { ...failed, retryable: false, detail: "AccessDenied", effect: "none" }],
  ])("%s, is not claimed", async (_, result) => {
    world.dns.put(name);
    world.deps.dns.apply = async (changes) => changes.map(() => result);
    const { serviceId } = await world.seed();
    await world.roundsOf(4);
    world.prober.say("a.cdn.net", 503);
    const reports = await world.roundsOf(2);
    expect(reports.flatMap(({ unreached }) => unreached)).toMatchObject([{ serviceId, name, reason: "switch_failed", moved: false }]);
    const states = [(await world.routing(serviceId))?.state];
    for (let round = 0; round < 12; round += 1) {
      await world.roundsOf(1);
      states.push((await world.routing(serviceId))?.state);
    }
    expect(world.dns.weights(name)).toBe("100/0");
    expect([...new Set(states)]).toEqual(["held"]);
  });

  it("is claimed once it is made after all", async () => {
    world.dns.put(name);
    const apply = world.deps.dns.apply;
    world.deps.dns.apply = async (changes) => changes.map(({ domain }) => ({ domain, status: "stale", detail: "InvalidChangeBatch" }));
    const { serviceId } = await world.seed();
    await world.roundsOf(4);
    world.prober.say("a.cdn.net", 503);
    await world.roundsOf(3);
    world.deps.dns.apply = apply;
    await world.roundsOf(2);
    expect(world.dns.weights(name)).toBe("0/100");
    expect((await world.routing(serviceId))?.state).toBe("shifted");
  });
});

it("a switch back that is refused is not claimed either: visitors are at the backup, and nothing is normal", async () => {
  world.dns.put(name);
  const { serviceId } = await world.seed();
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(3);
  world.dns.hooks.refuse = () => "NoSuchHealthCheck: gone";
  world.prober.say("a.cdn.net", 200);
  await world.roundsOf(60);
  expect(world.dns.weights(name)).toBe("0/100");
  expect(await world.routing(serviceId)).toMatchObject({ state: "held", reason: "switch_failed" });
  world.dns.hooks.refuse = () => null;
  await world.roundsOf(40);
  expect(world.dns.weights(name)).toBe("100/0");
  expect(await world.routing(serviceId)).toMatchObject({ state: "normal", reason: "calm" });
});
