import { beforeEach, describe, expect, it } from "vitest";
import { createCorroborationStore } from "../../../src/adapters/db/detection/corroboration.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import { createStormStore } from "../../../src/adapters/db/detection/storms.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { corroborate } from "../../../src/cron/corroborate.ts";
import type { CreditTerms } from "../../../src/domain/billing/credit.ts";
import { bill } from "../../billing/run.ts";
import { takeLease } from "../../billing/worlds.ts";
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
let fence: Fence;
beforeEach(async () => {
  const taken = await createLeaseStore(database.db).acquire("job:corroborate", "local", "local:test");
  if (taken === null) throw new Error("the lease is taken");
  fence = taken;
});

const rounds = async (number: number) => {
  for (let index = 0; index < number; index += 1) await world.round({ credit: terms });
};
const aged = async () => {
  const then = new Date(startMs - 240 * hourMs);
  await world.sql("update services set created_at = $1", [then]);
  await world.sql("update service_cdns set from_at = $1", [then]);
  await world.sql("update service_domains set created_at = $1, updated_at = $1, trigger_edited_at = $1", [then]);
  await world.sql("update storm_policies set updated_at = $1", [then]);
};

type Other = { customer: string; site: string; target: string; cdn?: string; verified?: boolean };
/** The insured, and others on the CDN; each with a name and a target. */
const setUp = async (others: readonly Other[]) => {
  const { serviceId } = await world.seed({ customer: "insured", domains: [{ name: "app.insured.com", primary: "insured.cdn.net" }] });
  world.dns.put("app.insured.com");
  for (const { customer, site, target, cdn = "cdn-a", verified = true } of others) {
    await world.seed({ customer, name: site, cdns: [cdn, "cdn-b"], domains: [{ name: `www.${site}`, primary: target, verified }] });
  }
  await aged();
  await rounds(6);
  return serviceId;
};
const others = (count: number, over: (index: number) => Partial<Other> = () => ({})): Other[] =>
  Array.from({ length: count }, (_, index) => ({
    customer: `other ${index}`,
    site: `site${index}.com`,
    target: `t${index}.cdn.net`,
    ...over(index),
  }));

const fail = (...targets: string[]) => targets.forEach((target) => world.prober.say(target, "refuse"));
const look = (over: { canaries?: { cdn: string; url: string }[] } = {}) =>
  world.clock.run(
    corroborate(
      {
        corroboration: createCorroborationStore(world.db),
        prober: world.prober.prober,
        clock: world.clock,
        canaries: [],
        minWitnesses: 3,
        settledMs: terms.waitingMs,
        probeTimeoutMs: 5_000,
        ...over,
      },
      fence,
    ),
  );
const storm = async (serviceId: number) =>
  (
    await world.sql<{ id: string; credit: string; credit_reason: string | null; credited_until: Date | null }>(
      "select id, credit, credit_reason, credited_until from storm_events where service_id = $1 order by id desc limit 1",
      [serviceId],
    )
  )[0];

describe("a storm that only the insured sees", () => {
  it.each([
    ["nobody else on the CDN fails", others(10), []],
    ["two others fail", others(10), ["t0.cdn.net", "t1.cdn.net"]],
    ["three of sixteen fail: not the CDN", others(16), ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]],
    ["three fail that nobody has verified", others(3, () => ({ verified: false })), ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]],
    ["three fail, all of one customer's", others(3, () => ({ customer: "sock puppet" })), ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]],
    ["three fail under one site", others(3, (index) => ({ site: `n${index}.puppets.com` })), ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]],
    ["three fail by one target", others(3, () => ({ target: "same.cdn.net" })), ["same.cdn.net"]],
    ["three fail by the insured's own target", others(3, () => ({ target: "insured.cdn.net" })), []],
    [
      "three fail under the insured's own site",
      others(3, (index) => ({ site: `p${index}.insured.com` })),
      ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"],
    ],
    ["three fail on another CDN", others(3, () => ({ cdn: "cdn-c" })), ["t0.cdn.net", "t1.cdn.net", "t2.cdn.net"]],
  ] as [string, Other[], string[]][])("while %s, stays pending, and is steered", async (_, neighbours, failing) => {
    const serviceId = await setUp(neighbours);
    fail("insured.cdn.net", ...failing);
    await rounds(14);
    expect(await look()).toEqual({ storms: expect.any(Number), corroborated: 0 });
    expect(await storm(serviceId)).toMatchObject({ credit: "pending", credit_reason: "uncorroborated" });
    expect(world.dns.weights("app.insured.com")).toBe("0/100");
  });

  it("is not corroborated by names that were taken while no proof was asked for", async () => {
    const serviceId = await setUp(others(4));
    await world.sql("update service_domains set verified_by = 'off' where name like 'www.site%'");
    fail("insured.cdn.net", "t0.cdn.net", "t1.cdn.net", "t2.cdn.net", "t3.cdn.net");
    await rounds(14);
    await look();
    expect(await storm(serviceId)).toMatchObject({ credit: "pending" });
  });

  it("is not corroborated by others whose pages are gone: that is their own doing", async () => {
    const serviceId = await setUp(others(4));
    fail("insured.cdn.net");
    for (const index of [0, 1, 2, 3]) world.prober.say(`t${index}.cdn.net`, 404);
    await rounds(14);
    await look();
    expect(await storm(serviceId)).toMatchObject({ credit: "pending" });
  });

  it("hopes in vain for a blip of the CDN an hour later", async () => {
    const serviceId = await setUp(others(4));
    fail("insured.cdn.net");
    await rounds(70);
    fail("t0.cdn.net", "t1.cdn.net", "t2.cdn.net", "t3.cdn.net");
    await rounds(14);
    await look();
    expect(await storm(serviceId)).toMatchObject({ credit: "pending" });
  });
});

describe("a storm that others see", () => {
  it("earns from its beginning, for as long as they do, and tells nobody who they are", async () => {
    const serviceId = await setUp(others(4));
    fail("insured.cdn.net", "t0.cdn.net", "t1.cdn.net", "t2.cdn.net");
    await rounds(14);
    expect(await look()).toMatchObject({ corroborated: 4 });
    const own = await storm(serviceId);
    expect(own).toMatchObject({ credit: "earned", credit_reason: "corroborated", credited_until: new Date(world.clock.nowMs() + 600_000) });
    expect(await look(), "nothing to say so soon").toMatchObject({ corroborated: 0 });
    const [record] = await world.sql<{ body: string }>("select body from evidence where kind = 'credit' and storm_id = $1", [own?.id]);
    expect(JSON.parse(record?.body ?? "")).toMatchObject({ cdn: "cdn-a", canaries_failing: 0, other_customers: { failing: 3, seen: 4 } });
    expect(record?.body).not.toMatch(/other \d|site\d|t\d\.cdn/);

    for (const index of [0, 1, 2]) world.prober.say(`t${index}.cdn.net`, 200);
    await rounds(40);
    await look();
    await rounds(40);
    fail("t0.cdn.net", "t1.cdn.net", "t2.cdn.net");
    await rounds(14);
    await look();
    expect(
      (await storm(serviceId))?.credited_until,
      "what he keeps failing by himself is not credited, nor a second outage as the first",
    ).toEqual(own?.credited_until);
  });

  it("is renewed while they go on failing", async () => {
    const serviceId = await setUp(others(3));
    fail("insured.cdn.net", "t0.cdn.net", "t1.cdn.net", "t2.cdn.net");
    await rounds(14);
    await look();
    await rounds(36);
    await look();
    expect((await storm(serviceId))?.credited_until).toEqual(new Date(world.clock.nowMs() + 600_000));
  });
});

describe("the operator's canaries", () => {
  const canaries = [
    { cdn: "cdn-a", url: "https://canary1.cdn.net/" },
    { cdn: "cdn-a", url: "https://canary2.cdn.net/" },
    { cdn: "cdn-b", url: "https://b.cdn.net/" },
  ];

  it.each([
    ["all fail", ["canary1.cdn.net", "canary2.cdn.net"], "earned"],
    ["one answers", ["canary1.cdn.net"], "pending"],
    ["those of another CDN fail", ["b.cdn.net"], "pending"],
  ])("where %s", async (_, failing, credit) => {
    const serviceId = await setUp([]);
    fail("insured.cdn.net", ...failing);
    await rounds(6);
    await look({ canaries });
    expect(await storm(serviceId)).toMatchObject({ credit });
  });

  it("are asked nothing while no storm waits", async () => {
    await setUp([]);
    const before = world.prober.calls.length;
    expect(await look({ canaries })).toEqual({ storms: 0, corroborated: 0 });
    expect(world.prober.calls.length).toBe(before);
  });
});

it("an admin confirms what nobody saw: an adjustment, the issued line stays; and may refuse it again", async () => {
  const serviceId = await setUp([]);
  fail("insured.cdn.net");
  await rounds(200);
  await takeLease(database);
  const from = Math.floor(startMs / hourMs) * hourMs;
  await world.sql(
    "insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes) values ($1, $2, $3, 0, $4)",
    [serviceId, new Date(from), new Date(from + hourMs), 100 * 2 ** 30],
  );
  await bill(database.db, from + 3 * hourMs);
  const lines = () =>
    world.sql<{ kind: string; discount: string }>("select kind, discount_cents as discount from invoice_line_items order by id");
  expect(await lines()).toEqual([{ kind: "usage", discount: "0" }]);
  expect(await world.sql("select credit, reason from invoice_line_uncredited")).toEqual([{ credit: "pending", reason: "uncorroborated" }]);

  const store = createStormStore(database.db, null, { clock: world.clock, currency: "USD" });
  const id = Number((await storm(serviceId))?.id);
  const change = { actor: "admin", requestId: "r", idempotency: null };
  expect(await store.decide(id, "earned", "seen on the status page", change)).toMatchObject({
    credit: "earned",
    creditReason: "confirmed",
  });
  expect(await store.decide(id, "earned", "seen on the status page", change), "said twice").toMatchObject({ credit: "earned" });
  await rounds(3);
  expect(await storm(serviceId), "a round does not take it back").toMatchObject({ credit: "earned", credit_reason: "confirmed" });
  await bill(database.db, from + 4 * hourMs);
  const [, adjustment] = await lines();
  expect(adjustment).toMatchObject({ kind: "adjustment" });
  expect(Number(adjustment?.discount)).toBeGreaterThan(300);
  await store.decide(id, "refused", "it was their own origin", change);
  await bill(database.db, from + 5 * hourMs);
  expect((await lines()).reduce((sum, { discount }) => sum + Number(discount), 0)).toBe(0);
  const said = await world.sql<{ body: string }>("select body from evidence where kind = 'credit' order by seq");
  expect(said.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    { credit_reason: "confirmed", decided_by: "admin" },
    { credit_reason: "declined", reason: "it was their own origin" },
  ]);
  expect(await world.sql("select action, actor from audit_log where object_type = 'storm'")).toHaveLength(2);
});
