import { describe, expect, it } from "vitest";
import { createDigestBook } from "../../../src/adapters/db/slo/digest.ts";
import type { Fence } from "../../../src/adapters/ports/coordination/lease.ts";
import { sendDigests } from "../../../src/cron/slo/digest.ts";
import type { Digest } from "../../../src/domain/slo/digest.ts";
import { createNotifyWorld } from "../../support/notify-world.ts";
import { insertCorrection, insertObjective } from "../../support/slo-seed.ts";
import { insertStates, insertStorm } from "../../support/states.ts";
import type { State } from "../../support/states.ts";
import { useWorld } from "../../support/use-world.ts";

const { world } = useWorld();

const [dayMs, hourMs, minuteMs] = [86_400_000, 3_600_000, 60_000];
const minuteUs = 60_000_000;
/** Monday of 2026-W53, which ends with 2027-01-03. */
const weekMs = Date.UTC(2026, 11, 28);
const mondayMs = weekMs + 7 * dayMs;

const lease = async (): Promise<Fence> => {
  await world.sql("update leases set expires_at = now() - interval '1 hour', released_at = null where name = 'job:weekly-digest'");
  const fence = await world.leases.acquire("job:weekly-digest", "local", `local:${crypto.randomUUID()}`);
  if (fence === null) throw new Error("the lease is taken");
  return fence;
};
let told = 0;
const deps = () => ({ digestBook: createDigestBook(world.db, "USD"), clock: world.clock, tell: () => void (told += 1) });
const sendAt = async (ms: number) => {
  await world.clock.advance(Math.max(0, ms - world.clock.nowMs()));
  return await world.clock.run(sendDigests(deps(), await lease()));
};
const digests = async () =>
  await world.sql<{ customer: string; week: string; body: Digest }>(
    "select c.name as customer, d.week, d.body from slo_digests d join customers c on c.id = d.customer_id order by d.week, c.name",
  );

/** States in minutes after the beginning of the week; the last one goes on. */
const lived = async (serviceId: number, ...states: readonly (readonly [minute: number, state: State["state"]])[]): Promise<void> => {
  const us = (minute: number) => (weekMs + minute * minuteMs) * 1_000;
  const all = [[-100 * 1_440, "up"] as const, ...states];
  await insertStates(
    world.db,
    serviceId,
    all.map(([minute, state], nth) => {
      const next = all[nth + 1]?.[0];
      return { fromUs: us(minute), toUs: next === undefined ? null : us(next), state };
    }),
  );
};
const storm = async (serviceId: number, from: number, to: number | null) =>
  await insertStorm(world.db, serviceId, (weekMs + from * minuteMs) * 1_000, to === null ? null : (weekMs + to * minuteMs) * 1_000);
const seed = async (name: string, customer = "acme") =>
  (await world.seed({ customer, name, domains: [{ name: `${name}.example.test` }] })).serviceId;
const switched = async (serviceId: number, minute: number, more: { reason?: string; shadow?: boolean; result?: string } = {}) =>
  await world.sql(
    `insert into routing_changes (service_id, domain_id, from_primary, from_backup, to_primary, to_backup, reason, actor, epoch, result, shadow, intended_at, accepted_at)
     select $1, min(id), 100, 0, 0, 100, $3, 'tranche', 1, $4, $5, $2, $2 from service_domains where service_id = $1`,
    [serviceId, new Date(weekMs + minute * minuteMs), more.reason ?? "storm", more.result ?? "insync", more.shadow ?? false],
  );

describe("the digest of a week", () => {
  it("comes on Monday at nine, once, whoever runs and however late in the week", async () => {
    const serviceId = await seed("web");
    await lived(serviceId);
    await insertObjective(world.sql, serviceId, weekMs - dayMs);
    expect(await sendAt(mondayMs + 9 * hourMs - 1)).toEqual({ week: "2026-W53", digests: 0, unfinished: false });
    expect(await sendAt(mondayMs + 9 * hourMs)).toEqual({ week: "2026-W53", digests: 1, unfinished: false });
    expect(await sendAt(mondayMs + 10 * hourMs)).toMatchObject({ digests: 0 });
    await world.clock.advance(7 * dayMs);
    const fence = await lease();
    const both = await world.clock.run(Promise.all([sendDigests(deps(), fence), sendDigests(deps(), fence)]));
    expect(both.map(({ week }) => week)).toEqual(["2027-W01", "2027-W01"]);
    expect((await digests()).map(({ week }) => week)).toEqual(["2026-W53", "2027-W01"]);
    // Nobody ran for two weeks: of the first of them nothing is said any more.
    await sendAt(mondayMs + 27 * dayMs);
    expect((await digests()).map(({ week }) => week)).toEqual(["2026-W53", "2027-W01", "2027-W03"]);
    await lease();
    await world.clock.advance(7 * dayMs);
    expect(await world.clock.run(sendDigests(deps(), fence))).toMatchObject({ digests: 0, unfinished: true });
  });

  it("has the figures of that week, and of its end", async () => {
    const web = await seed("web");
    const api = await seed("api");
    await world.sql("update services set downtime_cents_per_minute = 1000 where id = $1", [web]);
    await lived(
      web,
      [-600, "self"],
      [-570, "up"],
      [-20, { upstream: "cdn-a" }],
      [-10, "avoided"],
      [30, "up"],
      [2_000, "self"],
      [2_010, "up"],
      [10_070, "avoided"],
      [10_100, "up"],
    );
    await lived(api, [500, "avoided"], [515, "up"], [9_000, "self"], [9_060, "up"]);
    await storm(web, -20, 30);
    await storm(web, 10_060, null);
    await storm(api, 490, 520);
    for (const [minute, more] of [
      [-5, {}],
      [1, {}],
      [2, { reason: "calm" }],
      [3, { reason: "drift" }],
      [4, { shadow: true, result: "shadow" }],
      [10_081, {}],
    ] as const)
      await switched(web, minute, more);
    await insertObjective(world.sql, web, weekMs - 50 * dayMs, { window: { days: 7 } }, "week");
    await insertObjective(world.sql, web, weekMs - 50 * dayMs, { dependencyExclusion: "self-only" }, "month");
    await insertObjective(world.sql, api, weekMs - 50 * dayMs, { target: 99 }, "loose");
    const deleted = await insertObjective(world.sql, api, weekMs - 50 * dayMs, {}, "deleted");
    await world.sql("update slo_objectives set deleted_at = $2 where id = $1", [deleted, new Date(mondayMs - 1)]);
    await insertObjective(world.sql, api, mondayMs + 1, {}, "later");
    // The first was known by the end of the week, the second was not.
    await insertCorrection(world.sql, api, [weekMs + 9_000 * minuteMs, weekMs + 9_020 * minuteMs], mondayMs - hourMs);
    await insertCorrection(world.sql, api, [weekMs + 9_020 * minuteMs, weekMs + 9_060 * minuteMs], mondayMs + hourMs);
    await sendAt(mondayMs + 30 * hourMs);
    const [digest] = await digests();
    expect(digest?.body).toMatchObject({
      week: "2026-W53",
      objectives: 3,
      best: [],
      states: { healthy: 1, breaching: 0, at_risk: 2, degraded: 0, insufficient_data: 0 },
      storms: 2,
      switches: 2,
      // Of the first storm the half hour in this week, of the last one the ten minutes until its end.
      avoidedUs: (30 + 10 + 15) * minuteUs,
      avoidedCents: 40_000,
      discountCents: 0,
      currency: "USD",
    });
    expect(
      digest?.body.worst.map(({ name, state, weekDownUs, weekConsumedUs, remainingUs }) => [
        name,
        state,
        weekDownUs / minuteUs,
        weekConsumedUs / minuteUs,
        remainingUs / minuteUs,
      ]),
    ).toEqual([
      // 10 minutes of 10.08 in its week.
      ["week", "at_risk", 10, 10, 0.08],
      ["month", "at_risk", 10, 10, 3.2],
      ["loose", "healthy", 40, 40, 432 - 40],
    ]);
  });

  it("is of customers with an objective, or a storm in the week, each their own", async () => {
    const [acme, stormy] = [await seed("web"), await seed("stormy", "stormy")];
    const [calm, old] = [await seed("calm", "calm"), await seed("old", "old")];
    for (const serviceId of [acme, stormy, calm, old]) await lived(serviceId);
    await insertObjective(world.sql, acme, weekMs);
    await storm(stormy, 10, 20);
    await storm(old, -30, -10);
    const notify = createNotifyWorld(world);
    for (const serviceId of [acme, stormy]) {
      const customerId = await notify.customerOf(serviceId);
      await notify.channel({ customerId, name: `hook ${customerId}`, kinds: ["digest.weekly"] });
    }
    told = 0;
    await sendAt(mondayMs + 9 * hourMs);
    expect((await digests()).map(({ customer, body }) => [customer, body.objectives, body.storms])).toEqual([
      ["acme", 1, 0],
      ["stormy", 0, 1],
    ]);
    expect(told).toBe(1);
    await notify.deliver();
    expect(notify.received.map(({ message }) => message.title)).toEqual([
      "Week 2026-W53, 1 objective: 1 healthy",
      "Week 2026-W53, 1 storm",
    ]);
  });

  it("has the discount of the lines of that week, in the customer's currency", async () => {
    const serviceId = await seed("web");
    await lived(serviceId);
    await insertObjective(world.sql, serviceId, weekMs);
    const line = async (day: number, cents: number, currency: string, kind = "usage"): Promise<void> => {
      const [window] = await world.sql<{ id: string }>(
        `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source, backup_source)
         values ($1, $2, $3, 1, 1, 'push', 'push') on conflict (service_id, window_start) do update set window_end = excluded.window_end returning id`,
        [serviceId, new Date(weekMs + day * dayMs), new Date(weekMs + (day + 1) * dayMs)],
      );
      // An invoice and its line come in one statement.
      await world.sql(
        `with invoice as (
           insert into invoices (customer_id, number, period_start, period_end, subtotal_cents, discount_cents, total_cents, currency, issued_at)
           select customer_id, (select count(*) + 1 from invoices), $3, $4, 1000, $5::bigint, 1000 - $5::bigint, $7, $4 from services where id = $1 returning id
         )
         insert into invoice_line_items (invoice_id, kind, snapshot_id, service_id, window_start, window_end, primary_bytes, backup_bytes, rate_cents_per_gb, discount_rate,
           currency, storm_microseconds, max_coverage_factor, amount_cents, discount_cents)
         select id, $6, $2, $1, $3, $4, 1, 1, 1, 0.1, $7, 1, 1.5, 1000, $5 from invoice`,
        [serviceId, window?.id, new Date(weekMs + day * dayMs), new Date(weekMs + (day + 1) * dayMs), cents, kind, currency],
      );
    };
    await line(-1, 1, "USD");
    await line(0, 20, "USD");
    await line(6, 300, "USD");
    await line(6, -40, "USD", "adjustment");
    await line(7, 4_000, "USD");
    await line(3, 50_000, "EUR");
    await sendAt(mondayMs + 9 * hourMs);
    expect((await digests())[0]?.body.discountCents).toBe(280);
  });
});
