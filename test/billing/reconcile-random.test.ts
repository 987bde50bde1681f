import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createReconciliationStore } from "../../src/adapters/db/billing/reconciliation.ts";
import type { UsageSource } from "../../src/adapters/ports/metering/usage.ts";
import { reconcile } from "../../src/cron/billing/reconcile.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMeteringWorld, fastly, gib, hourMs, lookbackMs, minuteMs, noon, usageWindows } from "../support/metering-world.ts";
import type { MeteringWorld } from "../support/metering-world.ts";
import { bill } from "./run.ts";
import { billingFence, takeLease } from "./worlds.ts";

let database: TestDatabase;
let world: MeteringWorld;
beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
  world = createMeteringWorld(database);
});
afterAll(() => database.close());

const tenants = 8;
const hours = 20;
const measured = ["fastly", "cloudflare"];

/** What may happen to a tenant in an hour, at a minute of it. */
const eventArb = fc.record({
  tenant: fc.nat(tenants - 1),
  minute: fc.nat(59),
  what: fc.constantFrom("add", "add", "remove", "take", "swap", "leave", "unprove", "push", "override", "remake"),
});
const hourArb = fc.record({
  events: fc.array(eventArb, { maxLength: 6 }),
  /** Hosts that the CDNs do not list in this hour, by a digit of their name. */
  unreadable: fc.option(fc.nat(3), { nil: null, freq: 3 }),
  ingests: fc.boolean(),
  bills: fc.boolean(),
});

type Tenant = { customer: number; service: number | null; made: number; domains: Map<string, number> };

/** Carries on the hour in which this schedule begins; no two schedules share names. */
const play = async (
  schedule: readonly (typeof hourArb extends fc.Arbitrary<infer Hour> ? Hour : never)[],
  run: number,
  startMs: number,
): Promise<number> => {
  const own: Tenant[] = [];
  for (let tenant = 0; tenant < tenants; tenant += 1) {
    own.push({ customer: await world.customer(`run ${run} tenant ${tenant}`), service: null, made: 0, domains: new Map() });
  }
  const remake = async (one: Tenant, atMs: number) => {
    if (one.service !== null) await world.removeService(one.service, atMs);
    one.made += 1;
    one.domains.clear();
    one.service = await world.service(
      one.customer,
      atMs,
      one.made % 3 === 0 ? ["akamai", "fastly"] : ["fastly", "cloudflare"],
      `web ${one.made}`,
    );
  };
  for (const one of own) await remake(one, startMs);
  const taken = new Set<string>();
  const add = async (one: Tenant, name: string, atMs: number) => {
    if (one.service === null || taken.has(name)) return;
    taken.add(name);
    one.domains.set(name, await world.domain(one.service, name, atMs));
  };
  const remove = async (one: Tenant, atMs: number): Promise<string | null> => {
    const [domain] = one.domains;
    if (domain === undefined) return null;
    await world.removeDomain(domain[1], atMs);
    one.domains.delete(domain[0]);
    taken.delete(domain[0]);
    return domain[0];
  };
  const sources = (unreadable: number | null): UsageSource[] =>
    measured.map((cdn) => ({
      cdn,
      read: (query) => {
        const rates = Object.fromEntries(query.hosts.map((host, place) => [host, (place % 7) + (cdn === "fastly" ? 10 : 1)]));
        return fastly(
          query.hosts.filter((host) => unreadable !== null && host.startsWith(`h${unreadable}`)),
          rates,
          cdn,
        ).read(query);
      },
    }));
  const happen = async ({ tenant, minute, what }: { tenant: number; minute: number; what: string }, hourStartMs: number) => {
    const [one, other] = [own[tenant], own[(tenant + 1) % tenants]];
    const atMs = hourStartMs + minute * minuteMs + 7_003;
    if (one === undefined || other === undefined) return;
    if (what === "add") await add(one, `h${(tenant + minute) % 4}-${minute % 5}.run${run}.example.test`, atMs);
    if (what === "remove") await remove(one, atMs);
    if (what === "take") {
      const name = await remove(one, atMs);
      if (name !== null) await add(other, name, atMs + 20_000);
    }
    if (what === "swap" && one.service !== null) await world.swap(one.service, atMs);
    if (what === "leave" && one.service !== null) {
      await world.removeService(one.service, atMs);
      for (const name of one.domains.keys()) taken.delete(name);
      one.domains.clear();
      one.service = null;
    }
    if (what === "remake") {
      for (const name of one.domains.keys()) taken.delete(name);
      await remake(one, atMs);
    }
    const [domain] = one.domains.values();
    if (what === "unprove" && domain !== undefined) {
      await world.sql("update service_domains set verified_at = null, updated_at = $2 where id = $1", [domain, new Date(atMs)]);
      await world.sql("update service_domains set verified_at = $2, updated_at = $2 where id = $1", [
        domain,
        new Date(atMs + 25 * minuteMs),
      ]);
    }
    if ((what === "push" || what === "override") && one.service !== null) {
      const bytes = minute % 2 === 0 ? { primaryBytes: minute * gib } : { backupBytes: minute * gib };
      await world
        .push(one.customer, one.service, hourStartMs - (1 + (minute % 3)) * hourMs, bytes, what === "override", measured)
        .catch(() => null);
    }
  };
  let hourStartMs = startMs;
  for (const { events, unreadable, ingests, bills } of schedule) {
    for (const event of events.toSorted((a, b) => a.minute - b.minute)) await happen(event, hourStartMs);
    hourStartMs += hourMs;
    if (ingests) await world.ingest(sources(unreadable), hourStartMs + minuteMs);
    if (bills) await bill(database.db, hourStartMs + 2 * minuteMs);
  }
  // The look-back after the last event: everything can be read, and everything is.
  for (let extra = 0; extra <= lookbackMs / hourMs; extra += 1) await world.ingest(sources(null), (hourStartMs += hourMs) + minuteMs);
  await bill(database.db, hourStartMs + 2 * minuteMs);
  return hourStartMs;
};

/** Changes what no trigger would let anybody change. */
const tamper = (bytes: number, ids: readonly string[]) =>
  world.sql(
    `do $$ begin set local session_replication_role = replica;
   update usage_snapshots set primary_bytes = primary_bytes + ${bytes} where id in (${ids.join()});
   update usage_corrections set primary_bytes = primary_bytes + ${bytes} where snapshot_id in (${ids.join()}); end $$`,
  );

it("random schedules of changes, readings, pushes and bills leave nothing to find, but for a byte too much", async () => {
  const store = createReconciliationStore(database.db);
  let run = 0;
  let startMs = noon;
  const count = { windows: 0, tampered: 0 };
  const night = async (atMs: number) => {
    const memory = createMemoryLog();
    const clock = { nowMs: () => atMs, sleep: () => Promise.resolve() };
    const deps = {
      reconciliation: store,
      clock,
      log: memory.log,
      provider: "local",
      usageSources: measured.map((cdn) => ({ cdn })),
      usageWindows,
    };
    const report = await reconcile(deps, billingFence);
    expect(report).toMatchObject({ failures: 0, finished: true });
    return { report, found: memory.of("reconciliation_difference").map(({ fields }) => fields) };
  };
  await fc.assert(
    fc.asyncProperty(fc.array(hourArb, { minLength: hours / 2, maxLength: hours }), fc.nat(1_000), async (schedule, pick) => {
      run += 1;
      const endMs = await play(schedule, run, startMs);
      const healthy = await night(endMs);
      expect(healthy.found).toEqual([]);
      count.windows += Number(healthy.report["recentWindows"]);

      const some = await world.sql<{ id: string }>(
        `select u.id from usage_snapshots u left join usage_corrections k on k.snapshot_id = u.id
         where coalesce(k.primary_source, u.primary_source) is not null and u.window_start >= $1 order by hashint8(u.id + $2) limit 3`,
        [new Date(startMs), pick],
      );
      const ids = some.map(({ id }) => id);
      if (ids.length > 0) {
        await tamper(1, ids);
        const { found } = await night(endMs);
        expect(
          found
            .filter(({ rule }) => rule === "window_facts")
            .map(({ objectId }) => String(objectId))
            .toSorted(),
        ).toEqual(ids.toSorted());
        await tamper(-1, ids);
        expect((await night(endMs)).found).toEqual([]);
        count.tampered += ids.length;
      }
      // Nobody holds anything any more, so that the next schedule begins where nothing is left to read.
      await world.sql("update service_domains set deleted_at = $1, updated_at = $1 where deleted_at is null", [new Date(endMs)]);
      await world.sql("update services set deleted_at = $1, updated_at = $1 where deleted_at is null", [new Date(endMs)]);
      startMs = endMs + 24 * hourMs;
    }),
    { numRuns: Number(process.env["RECONCILE_SCHEDULES"] ?? 4), endOnFailure: true },
  );
  expect(count.windows).toBeGreaterThan(200);
  expect(count.tampered).toBeGreaterThan(5);
});
