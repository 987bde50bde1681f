import { expect, it } from "vitest";
import { createCorroborationStore } from "../../../src/adapters/db/detection/corroboration.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { corroborate } from "../../../src/cron/corroborate.ts";
import type { CreditTerms } from "../../../src/domain/billing/credit.ts";
import { startMs } from "../../support/round-world.ts";
import { useWorld } from "../../support/use-world.ts";

const hourMs = 3_600_000;
const terms: CreditTerms = {
  rule: "corroborated",
  requireVerified: true,
  waitingMs: 24 * hourMs,
  maxGapMs: 600_000,
  floors: { minSamples: 3, minFailures: 3, minWindowSeconds: 30, maxThreshold: 0.99, minLatencyMs: 500 },
};

const { database, world } = useWorld();

const rounds = async (number: number) => {
  for (let index = 0; index < number; index += 1) await world.round({ credit: terms });
};

/** The insured on cdn-a, and three accounts of his friends, each with a name and a target of its own, all of them old. */
const setUp = async (cdn: string) => {
  const { serviceId } = await world.seed({ customer: "insured", domains: [{ name: "app.insured.com", primary: "insured.cdn.net" }] });
  world.dns.put("app.insured.com");
  for (const index of [0, 1, 2]) {
    await world.seed({
      customer: `friend ${index}`,
      name: `friend ${index}`,
      cdns: [cdn, "cdn-b"],
      domains: [{ name: `www.friend${index}.com`, primary: `t${index}.cdn.net` }],
    });
  }
  const then = new Date(startMs - 240 * hourMs);
  await world.sql("update services set created_at = $1", [then]);
  await world.sql("update service_cdns set from_at = $1", [then]);
  await world.sql("update service_domains set created_at = $1, updated_at = $1, trigger_edited_at = $1", [then]);
  await world.sql("update storm_policies set updated_at = $1", [then]);
  await rounds(6);
  return serviceId;
};

/** All of them let their own targets fail; what becomes of the insured's credit. */
const failTogether = async (serviceId: number, requireProof = true) => {
  for (const target of ["insured.cdn.net", "t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]) world.prober.say(target, "refuse");
  await rounds(14);
  const fence = await createLeaseStore(database.db).acquire("job:corroborate", "local", "local:test");
  if (fence === null) throw new Error("the lease is taken");
  await world.clock.run(
    corroborate(
      {
        corroboration: createCorroborationStore(world.db, requireProof),
        prober: world.prober.prober,
        clock: world.clock,
        canaries: [],
        minWitnesses: 3,
        settledMs: terms.waitingMs,
        probeTimeoutMs: 5_000,
      },
      fence,
    ),
  );
  return (
    await world.sql<{ credit: string; credit_reason: string | null }>(
      "select credit, credit_reason from storm_events where service_id = $1 order by id desc limit 1",
      [serviceId],
    )
  )[0];
};
const friends = "(select id from services where name like 'friend%')";
const pending = { credit: "pending", credit_reason: "uncorroborated" };

it("accounts that name the CDN only since this morning are no witnesses of it", async () => {
  const serviceId = await setUp("cdn-c");
  await world.sql(`update services set primary_cdn = 'cdn-a' where id in ${friends}`);
  await world.sql(`update service_cdns set from_at = $1 where to_at is null and service_id in ${friends}`, [
    new Date(startMs - 5 * hourMs),
  ]);
  await rounds(20);
  expect(await world.sql(`select from service_domains where seen_healthy_at is null`), "they have been seen healthy on it").toHaveLength(0);
  expect(await failTogether(serviceId)).toEqual(pending);
});

it("names that nobody has proven are no witnesses, be they from a time when no proof was asked for", async () => {
  const serviceId = await setUp("cdn-a");
  await world.sql(`update service_domains set verified_by = 'off' where service_id in ${friends}`);
  expect(await failTogether(serviceId)).toEqual(pending);
});

it("where no proof is asked for they are", async () => {
  const serviceId = await setUp("cdn-a");
  await world.sql(`update service_domains set verified_by = 'off' where service_id in ${friends}`);
  expect(await failTogether(serviceId, false)).toMatchObject({ credit: "earned" });
});

it("names whose proof has been gone for 72 hours are none", async () => {
  const serviceId = await setUp("cdn-a");
  await world.sql(`update service_domains set lapsed_at = now() - interval '80 hours', held_at = now() where service_id in ${friends}`);
  expect(await failTogether(serviceId)).toEqual(pending);
});
