import { expect, it } from "vitest";
import { startMs } from "../../support/round-world.ts";
import { statesOf } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

/**
 * Hole: where visitors are served from also changes because the owner edits the service. That was dated by when live records were last
 * read, which may be five minutes ago: so much of an outage was not down any more, but unmeasured, or well.
 */

const name = "app.example.test";
const states = (serviceId: number) => statesOf(world.sql, serviceId, startMs);

const failing = async () => {
  world.dns.put(name);
  const seeded = await world.seed({ steering: "shadow" });
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  world.prober.say("b.cdn.net", 503);
  await world.roundsOf(4);
  // Records are read again while it is down, as every five minutes.
  await world.sql("update domain_routing set read_at = null");
  await world.roundsOf(12);
  return seeded;
};

it("does not make less of an outage when its owner takes the targets away", async () => {
  const { serviceId } = await failing();
  expect((await states(serviceId)).at(-1)).toBe("40- down primary self @40 storm");
  await world.sql("update service_domains set primary_target = null, backup_target = null");
  await world.sql("update domain_routing set discovered_primary_ok = false, discovered_backup_ok = false");
  await world.round();
  expect((await states(serviceId)).slice(-2)).toEqual([
    expect.stringMatching(/^40-20\d down primary self/),
    expect.stringMatching(/^20\d- \w+ direct/),
  ]);
});

it("nor when the domain that fails is replaced by another one, which is read at once", async () => {
  const { serviceId } = await failing();
  await world.sql(
    `with gone as (update service_domains set deleted_at = now() returning *)
     insert into service_domains (service_id, customer_id, name, expect_status, challenge_token, verified_at, created_at, updated_at)
     select service_id, customer_id, 'www.example.com', expect_status, 'token', verified_at, created_at, updated_at from gone`,
  );
  await world.roundsOf(4);
  const [last] = (await states(serviceId)).filter((line) => line.includes("down")).slice(-1);
  expect(last).toMatch(/^40-20\d down primary self/);
});

it("nor does another name of the CDN take the blame for what was before it", async () => {
  world.dns.put(name);
  const { serviceId } = await world.seed({ steering: "shadow", policies: [{ window: 300 }] });
  await world.roundsOf(4);
  world.prober.say("a.cdn.net", 503);
  await world.roundsOf(20);
  const [before = ""] = (await states(serviceId)).slice(-1);
  expect(before).toMatch(/^\d+- down primary cdn-a/);
  await world.sql("update services set primary_cdn = 'somebody-else'");
  await world.round();
  expect((await states(serviceId)).slice(-2)).toEqual([
    expect.stringMatching(new RegExp(`^${before.split("-")[0]}-24\\d down primary cdn-a`)),
    expect.stringMatching(/^24\d- down primary somebody-else/),
  ]);
});
