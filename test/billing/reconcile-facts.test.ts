import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createReconciliationStore } from "../../src/adapters/db/billing/reconciliation.ts";
import { reconcile } from "../../src/cron/billing/reconcile.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";
import { createMeteringWorld, fastly, gib, hourMs, lookbackMs, minuteMs, noon, nowMs, usageWindows } from "../support/metering-world.ts";
import type { MeteringWorld } from "../support/metering-world.ts";
import { bill } from "./run.ts";
import { billingFence, takeLease } from "./worlds.ts";

let database: TestDatabase;
let world: MeteringWorld;
beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
  world = createMeteringWorld(database);
});
afterEach(() => database.close());

/** The latest six windows begin here: services of that age have no older ones. */
const six = noon - lookbackMs;

/** A night's findings: `rule object: actual, not expected`, alike ones once with their number. */
const night = async (atMs = nowMs, measured = ["fastly"]) => {
  const memory = createMemoryLog();
  const deps = {
    reconciliation: createReconciliationStore(database.db),
    clock: { nowMs: () => atMs, sleep: () => Promise.resolve() },
    log: memory.log,
    provider: "local",
    usageSources: measured.map((cdn) => ({ cdn })),
    usageWindows,
  };
  const report = await reconcile(deps, billingFence);
  expect(report).toMatchObject({ failures: 0, finished: true });
  const texts = memory
    .of("reconciliation_difference")
    .map(({ fields }) => `${String(fields["rule"])}: ${String(fields["actual"])}, not ${String(fields["expected"])}`);
  return [...Map.groupBy(texts, (text) => text)].map(([text, same]) => (same.length === 1 ? text : `${same.length} x ${text}`)).toSorted();
};

/** Acme's service with hosts a (100 GiB an hour) and b (1 GiB), since the first of the latest six windows; those were read. */
const shop = async () => {
  const acme = await world.customer("acme");
  const web = await world.service(acme, six);
  const a = await world.domain(web, "a.shopone.com", six);
  const b = await world.domain(web, "b.shopone.com", six);
  await world.ingest([fastly()]);
  expect(await night()).toEqual([]);
  return { acme, web, a, b };
};

const inGib = (count: number) => String(count * gib);

describe("faults of metering by today's facts are found, and are cleared once they are fixed", () => {
  it("1: the windows of a service that lost a host lack its bytes", async () => {
    const { web, a } = await shop();
    await world.removeDomain(a, noon + 5 * minuteMs);
    await world.sql("update usage_snapshots set primary_bytes = $2 where service_id = $1", [web, gib]);
    expect(await night()).toEqual([`6 x window_facts: primary ${inGib(1)} (fastly), not primary ${inGib(101)} (fastly)`]);
    await world.ingest([fastly()]);
    expect(await night()).toEqual([]);
  });

  it("1: billed windows were corrected to less", async () => {
    const { acme, a } = await shop();
    await bill(database.db, nowMs);
    await world.removeDomain(a, noon + 5 * minuteMs);
    await world.sql(
      `insert into usage_corrections (snapshot_id, primary_bytes, backup_bytes, primary_source) select id, $1, 0, 'fastly' from usage_snapshots`,
      [gib],
    );
    await world.sql(
      "insert into adjustment_causes (service_id, cause, from_at, to_at) select service_id, 'usage', window_start, window_end from usage_snapshots",
    );
    await bill(database.db, nowMs);
    expect(await world.invoiced(acme)).toEqual([7_272, -7_200]);
    expect(await night()).toEqual([`6 x window_facts: primary ${inGib(1)} (fastly), not primary ${inGib(101)} (fastly)`]);
    await world.ingest([fastly()]);
    await bill(database.db, nowMs);
    expect([await night(), await world.invoiced(acme)]).toEqual([[], [7_272, -7_200, 7_200]]);
  });

  it("2: what was carried before the CDNs changed sides stands on both", async () => {
    const { web } = await shop();
    await world.swap(web, noon + 5 * minuteMs);
    await world.sql("update usage_snapshots set backup_bytes = primary_bytes, backup_source = 'fastly'");
    expect(await night()).toEqual([`6 x window_stranger: backup ${inGib(101)} (fastly), not backup: nothing of fastly`]);
    await world.sql("update usage_snapshots set backup_bytes = 0, backup_source = null");
    expect(await night()).toEqual([]);
  });

  it("2: where both are measured, history has changed sides", async () => {
    const acme = await world.customer("acme");
    const web = await world.service(acme, six);
    await world.domain(web, "a.shopone.com", six);
    const sources = [fastly(), fastly([], { "a.shopone.com": 7 }, "cloudflare")];
    await world.ingest(sources);
    await world.swap(web, noon + 5 * minuteMs);
    await world.sql(
      "update usage_snapshots set (primary_bytes, primary_source, backup_bytes, backup_source) = (backup_bytes, backup_source, primary_bytes, primary_source)",
    );
    expect(await night(nowMs, ["fastly", "cloudflare"])).toEqual([
      `6 x window_facts: primary ${inGib(7)} (cloudflare); backup ${inGib(100)} (fastly), not primary ${inGib(100)} (fastly); backup ${inGib(7)} (cloudflare)`,
      `6 x window_stranger: primary ${inGib(7)} (cloudflare); backup ${inGib(100)} (fastly), not primary: nothing of cloudflare; backup: nothing of fastly`,
    ]);
  });

  it("3: a customer is billed for what a host carried before it was its own", async () => {
    const { a } = await shop();
    const fox = await world.customer("fox");
    const [bare, busy] = [await world.service(fox, six), await world.service(fox, six, undefined, "busy")];
    await world.domain(busy, "c.fox.com", six);
    await world.ingest([fastly([], { "a.shopone.com": 100, "b.shopone.com": 1, "c.fox.com": 5 })]);
    expect(await night()).toEqual([]);
    await world.removeDomain(a, noon + minuteMs);
    const own = await world.domain(bare, "a.shopone.com", noon + 5 * minuteMs);
    await world.sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, primary_source)
       select $1, window_start, window_end, 107374182400, 'fastly' from usage_snapshots where service_id = $2`,
      [bare, busy],
    );
    await world.sql("update usage_snapshots set primary_bytes = primary_bytes + 107374182400 where service_id = $1", [busy]);
    await world.sql(
      `insert into usage_readings (domain_id, cdn, from_at, to_at, service_id, window_start, bytes, read_at)
       select $1, cdn, from_at, to_at, $2, window_start, bytes, read_at from usage_readings where domain_id = $3 and from_at >= $4`,
      [own, bare, a, new Date(noon - 2 * hourMs)],
    );
    expect(await night()).toEqual([
      `6 x window_facts: primary ${inGib(105)} (fastly), not primary ${inGib(5)} (fastly)`,
      `6 x window_stranger: primary ${inGib(100)} (fastly), not primary: nothing of fastly`,
      "reading_stranger: 2 windows, 2026-11-18T10:00:00.000Z to 2026-11-18T12:00:00.000Z (a.shopone.com), not readings of hosts while the service held them, of CDNs while it used them",
    ]);
    await world.sql("delete from usage_readings where domain_id = $1", [own]);
    await world.sql("delete from usage_snapshots where service_id = $1", [bare]);
    await world.sql("update usage_snapshots set primary_bytes = primary_bytes - 107374182400 where service_id = $1", [busy]);
    expect(await night()).toEqual([]);
  });

  it("4: a service was deleted before the next reading, and is not metered to its end", async () => {
    const { web } = await shop();
    await world.removeService(web, noon + 150 * minuteMs);
    const dayLater = nowMs + 24 * hourMs;
    expect(await night(dayLater)).toEqual([
      "window_missing:primary: 3 windows, 2026-11-18T12:00:00.000Z to 2026-11-18T15:00:00.000Z (fastly), not usage of the primary side in every window that it served",
    ]);
    await world.ingest([fastly()], dayLater);
    expect((await world.usage(web)).at(-1)).toBe("14:00 50.5/0");
    expect(await night(dayLater)).toEqual([]);
  });

  it("5: an unreadable host has lowered the sum, unmarked", async () => {
    const { a } = await shop();
    await world.sql("delete from usage_readings where domain_id = $1", [a]);
    await world.sql("update usage_snapshots set primary_bytes = $1", [gib]);
    expect(await night()).toEqual([`6 x window_facts: primary ${inGib(1)} (fastly), not primary ${inGib(1)} (fastly, incomplete)`]);
    await world.ingest([fastly()]);
    expect(await night()).toEqual([]);
  });

  it("5: the same, of which there is no reading at all", async () => {
    await shop();
    await world.sql("delete from usage_readings");
    await world.sql("update usage_snapshots set primary_bytes = $1", [gib]);
    expect(await night()).toEqual([`6 x window_facts: primary ${inGib(1)} (fastly), not primary: a reading of fastly`]);
    // What was stored before there were any readings is not judged by them.
    await world.sql("update settings set usage_facts_since = now() + interval '1 second'");
    expect(await night()).toEqual([]);
  });

  it("bytes are said to have been pushed, and nobody has pushed them", async () => {
    const { web } = await shop();
    await world.sql("update usage_snapshots set backup_bytes = $2, backup_source = 'push' where service_id = $1", [web, gib]);
    expect(await night()).toEqual([`6 x window_facts: backup ${inGib(1)} (push), not backup: a push`]);
    await world.sql("update settings set usage_facts_since = now() + interval '1 second'");
    expect(await night()).toEqual([]);
  });

  it("12: the first 42 windows of a service were never read", async () => {
    const acme = await world.customer("acme");
    const web = await world.service(acme);
    await world.domain(web, "a.shopone.com");
    await world.settled(six);
    await world.ingest([fastly()]);
    const missing =
      "window_missing:primary: 42 windows, 2026-11-16T12:00:00.000Z to 2026-11-18T06:00:00.000Z (fastly), not usage of the primary side in every window that it served";
    expect(await night()).toEqual([missing]);
    // A gap in the middle is told apart; a service of one's own account is measured too.
    await world.push(acme, web, noon - 24 * hourMs, { primaryBytes: 5 }, true);
    await world.sql("insert into cdn_accounts (customer_id, cdn, sealed_token) values ($1, 'fastly', 'sealed')", [acme]);
    expect(await night(nowMs, [])).toEqual([
      "window_missing:primary: 41 windows, in 2 spans, the first 2026-11-16T12:00:00.000Z to 2026-11-17T12:00:00.000Z, the last 2026-11-17T13:00:00.000Z to 2026-11-18T06:00:00.000Z (fastly), not usage of the primary side in every window that it served",
    ]);
    for (let startMs = noon - 48 * hourMs; startMs < six; startMs += hourMs)
      await world.push(acme, web, startMs, { primaryBytes: 0 }, true);
    expect(await night()).toEqual([]);
    expect(await world.sql("select rule, cleared_at is not null as cleared from reconciliation_findings")).toEqual([
      { rule: "window_missing:primary", cleared: true },
    ]);
  });

  it("12: the same, of which nothing was ever stored", async () => {
    const web = await world.service(await world.customer("acme"));
    await world.domain(web, "a.shopone.com");
    expect(await night()).toEqual([expect.stringMatching(/^window_missing:primary: 42 windows, /)]);
    expect(await night(nowMs, [])).toEqual([]);
  });
});

describe("sides that stay incomplete", () => {
  it("are named with their hosts once the look-back is over; what ingestion found is left alone", async () => {
    const acme = await world.customer("acme");
    const web = await world.service(acme, six);
    await world.domain(web, "a.shopone.com", six);
    await world.domain(web, "b.shopone.com", six);
    await world.ingest([fastly(["a.shopone.com"])]);
    expect(await night()).toEqual([]);
    const open = () => world.sql("select rule from reconciliation_findings where cleared_at is null order by rule");
    expect(await open()).toEqual([{ rule: "host_unreadable:fastly" }]);
    const later = nowMs + 8 * hourMs;
    for (let atMs = nowMs; atMs <= later; atMs += hourMs) await world.ingest([fastly(["a.shopone.com"])], atMs);
    expect(await night(later)).toEqual([
      "side_incomplete: 8 windows, 2026-11-18T06:00:00.000Z to 2026-11-18T14:00:00.000Z (a.shopone.com), not a reading of every host, once the look-back is over",
    ]);
    expect(await open()).toEqual([{ rule: "host_unreadable:fastly" }, { rule: "side_incomplete" }]);
    await world.ingest([fastly()], later);
    expect(await night(later)).toEqual([]);
    expect(await open()).toEqual([]);
  });

  it("may hold more than their readings, but not less", async () => {
    await shop();
    await world.sql("update usage_snapshots set primary_bytes = $1, primary_incomplete = true", [150 * gib]);
    await world.sql("delete from usage_readings where domain_id = (select min(id) from service_domains)");
    expect(await night()).toEqual([]);
    await world.sql("update usage_snapshots set primary_bytes = $1", [gib / 2]);
    expect(await night()).toEqual([
      `6 x window_facts: primary ${gib / 2} (fastly, incomplete), not primary ${inGib(1)} (fastly, incomplete)`,
    ]);
  });
});

describe("what is as it should be", () => {
  it("is no finding: hand-overs, swaps, pushes, unproven claims, and windows that were adjusted", async () => {
    const { acme, web, a } = await shop();
    const fox = await world.customer("fox");
    const other = await world.service(fox, six, ["akamai", "fastly"]);
    await world.push(fox, other, noon - 2 * hourMs, { primaryBytes: 7 * gib });
    await world.push(acme, web, noon - hourMs, { backupBytes: 3 * gib });
    await bill(database.db, nowMs);
    await world.removeDomain(a, noon + 10 * minuteMs + 12_345);
    await world.domain(other, "a.shopone.com", noon + 15 * minuteMs + 1);
    await world.swap(web, noon + 30 * minuteMs);
    await world.push(acme, web, noon - hourMs, { primaryBytes: 90 * gib }, true);
    await world.push(acme, web, noon - hourMs, { backupBytes: 4 * gib });
    for (let hours = 1; hours <= 9; hours += 1) {
      await world.ingest([fastly()], nowMs + hours * hourMs);
      await bill(database.db, nowMs + hours * hourMs);
    }
    expect((await world.usage(other)).slice(0, 2)).toEqual(["10:00 7/0", "12:00 0/73.33"]);
    expect(await night(nowMs + 9 * hourMs)).toEqual([]);
    expect(await world.sql("select from reconciliation_findings")).toEqual([]);
  });

  it("is not a window of another length than the stored ones", async () => {
    const web = await world.service(await world.customer("acme"));
    await world.domain(web, "a.shopone.com");
    await world.sql("update settings set usage_window_seconds = 1800");
    expect(await night()).toEqual([]);
  });

  it("is not judged by readings that are deleted because they are old", async () => {
    await shop();
    await bill(database.db, nowMs);
    await world.sql("delete from usage_readings");
    expect(await night(nowMs + 398 * 24 * hourMs, [])).toEqual([expect.stringMatching(/^\d+ x window_facts: /)]);
    expect(await night(nowMs + 401 * 24 * hourMs, [])).toEqual([]);
  });
});
