import { beforeEach, expect, it } from "vitest";
import type { CreditTerms } from "../../../src/domain/billing/credit.ts";
import { startMs } from "../../support/round-world.ts";
import { useWorld } from "../../support/use-world.ts";

// The name was proven once, and its record has been gone for days: tranche does not steer it any more. Does it still pay for it?

const terms: CreditTerms = {
  rule: "verified",
  requireVerified: true,
  waitingMs: 86_400_000,
  maxGapMs: 600_000,
  floors: { minSamples: 3, minFailures: 3, minWindowSeconds: 30, maxThreshold: 0.99, minLatencyMs: 500 },
};
const name = "app.example.test";

const { world } = useWorld();
beforeEach(async () => {
  await world.seed();
  world.dns.put(name);
  const then = new Date(startMs - 10 * 86_400_000);
  await world.sql("update services set created_at = $1", [then]);
  await world.sql("update service_cdns set from_at = $1", [then]);
  await world.sql("update service_domains set created_at = $1, updated_at = $1, trigger_edited_at = $1", [then]);
  await world.sql("update storm_policies set updated_at = $1", [then]);
  await rounds(6);
});
const rounds = async (number: number) => {
  for (let index = 0; index < number; index += 1) await world.round({ credit: terms });
};
const lapse = async (held: boolean) =>
  await world.sql("update service_domains set lapsed_at = now() - interval '80 hours', held_at = case when $1 then now() end", [held]);
const credits = async () =>
  (
    await world.sql<{ line: string }>(
      "select concat_ws(' ', state, ended_reason, credit, credit_reason) as line from storm_events order by id",
    )
  ).map(({ line }) => line);

it("a storm of a name that is held earns nothing, and its evidence says so", async () => {
  await lapse(true);
  world.prober.say("a.cdn.net", "refuse");
  await rounds(8);
  expect(await credits()).toEqual(["storm refused unverified"]);
  expect(world.dns.weights(name)).toBe("100/0");
  const [begin] = await world.sql<{ body: string }>("select body from evidence where kind = 'begin'");
  expect(JSON.parse(begin?.body ?? "")).toMatchObject({
    credit: { credit: "refused", reason: "unverified", down: { entries: [{ verified: false }] } },
    domains: { entries: [{ verified: false }] },
  });
});

it("in its three days of grace it still does", async () => {
  await lapse(false);
  world.prober.say("a.cdn.net", "refuse");
  await rounds(8);
  expect(await credits()).toEqual(["storm earned"]);
});

it("one that began before earns until then; the traffic stays where it is", async () => {
  world.prober.say("a.cdn.net", "refuse");
  await rounds(8);
  expect(world.dns.weights(name)).toBe("0/100");
  await lapse(true);
  await rounds(4);
  expect(await credits()).toEqual(["ended credit_changed earned", "storm refused unverified"]);
  expect(world.dns.weights(name)).toBe("0/100");
});
