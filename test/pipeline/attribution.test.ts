import { noBreakers } from "../support/breakers.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIngestStore } from "../../src/adapters/db/metering/ingest.ts";
import { createUsageStore } from "../../src/adapters/db/metering/usage-store.ts";
import type { CustomerSources } from "../../src/adapters/ports/metering/cdn-accounts.ts";
import type { UsageSource } from "../../src/adapters/ports/metering/usage.ts";
import { UsageSourceError } from "../../src/adapters/ports/metering/usage.ts";
import { ingestUsage } from "../../src/cron/ingest-usage.ts";
import { bill } from "../billing/run.ts";
import { billingFence, takeLease } from "../billing/worlds.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { createMemoryLog } from "../support/memory-log.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const gib = 2 ** 30;
const nowMs = Date.parse("2026-11-18T12:20:00Z");
const noon = nowMs - 20 * minuteMs;
const iso = (ms: number): string => new Date(ms).toISOString();
const lookbackMs = 6 * hourMs;

/** GiB an hour, spread evenly over its minutes. */
const hourly: Record<string, number> = { "a.shopone.com": 100, "b.shopone.com": 1 };

let database: TestDatabase;
const sql: TestDatabase["sql"] = (text, params) => database.sql(text, params);
beforeEach(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterEach(() => database.close());

const id = async (text: string, ...params: unknown[]): Promise<number> =>
  Number((await sql<{ id: string }>(`${text} returning id`, params))[0]?.id);
const daysBack = new Date(noon - 48 * hourMs);

const customer = (name: string) => id("insert into customers (name) values ($1)", name);
const service = async (customerId: number, atMs = noon - 48 * hourMs, cdns = ["fastly", "cloudflare"]) =>
  await id(
    "insert into services (customer_id, name, primary_cdn, backup_cdn, created_at, updated_at) values ($1, 'web', $2, $3, $4, $4)",
    customerId,
    ...cdns,
    new Date(atMs),
  );
const domain = async (serviceId: number, name: string, atMs = noon - 48 * hourMs) =>
  await id(
    `insert into service_domains (service_id, customer_id, name, challenge_token, created_at, verified_at, updated_at)
     select id, customer_id, $2, 'token', $3, $3, $3 from services where id = $1`,
    serviceId,
    name,
    new Date(atMs),
  );
const removeDomain = (domainId: number, atMs: number) =>
  sql("update service_domains set deleted_at = $2, updated_at = $2 where id = $1", [domainId, new Date(atMs)]);
const removeService = async (serviceId: number, atMs: number) => {
  await sql("update service_domains set deleted_at = $2, updated_at = $2 where service_id = $1 and deleted_at is null", [
    serviceId,
    new Date(atMs),
  ]);
  await sql("update services set deleted_at = $2, updated_at = $2 where id = $1", [serviceId, new Date(atMs)]);
};
const swap = (serviceId: number, atMs: number) =>
  sql("update services set primary_cdn = backup_cdn, backup_cdn = primary_cdn, updated_at = $2 where id = $1", [serviceId, new Date(atMs)]);

/** A Fastly whose hosts carry as much every minute; `unreadable` are those that it does not list. */
const fastly = (unreadable: readonly string[] = [], rates = hourly): UsageSource => ({
  cdn: "fastly",
  read: async ({ hosts, windows }) => ({
    unreadable: hosts.filter((host) => unreadable.includes(host)).map((host) => ({ host, reason: "no service lists it" })),
    unknownHosts: hosts.filter((host) => unreadable.includes(host)),
    rows: hosts
      .filter((host) => !unreadable.includes(host))
      .flatMap((host) =>
        windows.map(({ startMs, endMs }) => ({
          host,
          startMs,
          endMs,
          bytes: Math.round(((rates[host] ?? 0) * gib * (endMs - startMs)) / hourMs),
        })),
      ),
  }),
});

const settled = (untilMs: number) =>
  sql(`insert into metering_marks (domain_id, cdn, settled_until) select id, 'fastly', $1 from service_domains on conflict do nothing`, [
    new Date(untilMs),
  ]);

const noAccounts: CustomerSources = { open: async () => [], note: async () => undefined };
const ingest = (sources: readonly UsageSource[], atMs = nowMs, customerSources = noAccounts) =>
  ingestUsage(
    {
      ingest: createIngestStore(database.db),
      usageSources: sources,
      customerSources,
      breakers: noBreakers,
      clock: createFakeClock(atMs),
      log: createMemoryLog().log,
      usageWindows: { windowMs: hourMs, lookbackMs },
    },
    billingFence,
  );

/** Windows as known today: `11:00 101/0`, in GiB, `~` where a side is incomplete. */
const usage = async (serviceId: number): Promise<string[]> => {
  const rows = await sql<{ line: string }>(
    `select format('%s %s/%s', to_char(u.window_start at time zone 'utc', 'HH24:MI'),
       round(coalesce(k.primary_bytes, u.primary_bytes) / 1073741824.0, 2)::float8 || case when coalesce(k.primary_incomplete, u.primary_incomplete) then '~' else '' end,
       round(coalesce(k.backup_bytes, u.backup_bytes) / 1073741824.0, 2)::float8 || case when coalesce(k.backup_incomplete, u.backup_incomplete) then '~' else '' end) as line
     from usage_snapshots u left join usage_corrections k on k.snapshot_id = u.id where u.service_id = $1 order by u.window_start`,
    [serviceId],
  );
  return rows.map(({ line }) => line);
};
const sixTimes = (figures: string) => ["06", "07", "08", "09", "10", "11"].map((hour) => `${hour}:00 ${figures}`);
const invoiced = async (customerId: number) =>
  (await sql<{ total: string }>("select total_cents as total from invoices where customer_id = $1 order by number", [customerId])).map(
    ({ total }) => Number(total),
  );
const findings = async () =>
  (
    await sql<{ rule: string; actual: string }>("select rule, actual from reconciliation_findings where cleared_at is null order by id")
  ).map(({ rule, actual }) => `${rule}: ${actual}`);

describe("what was carried while a domain was held stays with its service", () => {
  it("when the domain is deleted: the windows before, and the part until then", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    const a = await domain(web, "a.shopone.com");
    await domain(web, "b.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly()]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
    await removeDomain(a, noon + 5 * minuteMs);
    await ingest([fastly()]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
    await ingest([fastly()], nowMs + hourMs);
    expect((await usage(web)).at(-1)).toBe("12:00 9.33/0");
  });

  it("when it was billed before: nothing is refunded", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    const a = await domain(web, "a.shopone.com");
    await domain(web, "b.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly()]);
    await bill(database.db, nowMs);
    expect(await invoiced(acme)).toEqual([6 * 101 * 12]);
    await removeDomain(a, nowMs);
    await ingest([fastly()]);
    await bill(database.db, nowMs);
    expect(await invoiced(acme)).toEqual([6 * 101 * 12]);
  });

  it("when the CDNs change sides: what was carried stays on the side on which it was", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly()]);
    await swap(web, noon + 15 * minuteMs);
    await ingest([fastly()]);
    expect(await usage(web)).toEqual(sixTimes("100/0"));
    await bill(database.db, nowMs);
    expect(await invoiced(acme)).toEqual([6 * 100 * 12]);
    await ingest([fastly()], nowMs + hourMs);
    expect((await usage(web)).at(-1)).toBe("12:00 25/75");
  });

  it("when somebody else takes the domain over: each has the minutes in which it held it", async () => {
    const [east, west] = [await customer("east"), await customer("west")];
    const [before, after] = [await service(east), await service(west)];
    const a = await domain(before, "a.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly()]);
    await removeDomain(a, noon + 10 * minuteMs + 12_345);
    await domain(after, "a.shopone.com", noon + 15 * minuteMs + 1);
    await ingest([fastly()]);
    expect([await usage(before), await usage(after)]).toEqual([sixTimes("100/0"), []]);
    await ingest([fastly()], nowMs + hourMs);
    // Until 12:11, the minute that had begun when it was let go; from 12:16, the first that began when it was proven.
    expect([(await usage(before)).at(-1), await usage(after)]).toEqual(["12:00 18.33/0", ["12:00 73.33/0"]]);
  });

  it("when its service is deleted before the next reading: it is metered and billed to its end", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - 2 * hourMs);
    await removeService(web, noon - 30 * minuteMs);
    await ingest([fastly()]);
    expect((await usage(web)).slice(-2)).toEqual(["10:00 100/0", "11:00 50/0"]);
    await bill(database.db, nowMs);
    expect(await invoiced(acme)).toEqual([550 * 12]);
  });

  it("when a service is deleted and created again within the hour", async () => {
    const acme = await customer("acme");
    const old = await service(acme);
    await domain(old, "a.shopone.com");
    await settled(noon - lookbackMs);
    await removeService(old, noon - 40 * minuteMs);
    const anew = await service(acme, noon - 30 * minuteMs);
    await domain(anew, "a.shopone.com", noon - 30 * minuteMs);
    await ingest([fastly()]);
    expect([(await usage(old)).at(-1), await usage(anew)]).toEqual(["11:00 33.33/0", ["11:00 50/0"]]);
  });

  it("when a host was claimed and never proven: nothing of it is anybody's", async () => {
    const web = await service(await customer("acme"));
    await id(
      `insert into service_domains (service_id, customer_id, name, challenge_token, created_at) values ($1, 1, 'a.shopone.com', 'token', $2)`,
      web,
      daysBack,
    );
    await ingest([fastly()]);
    expect(await usage(web)).toEqual([]);
  });

  it("when the proof is lost, and found again", async () => {
    const web = await service(await customer("acme"));
    const a = await domain(web, "a.shopone.com");
    await settled(noon - hourMs);
    const at = (minutes: number) => new Date(noon - hourMs + minutes * minuteMs);
    await sql("update service_domains set verified_at = null, updated_at = $2 where id = $1", [a, at(10)]);
    await sql("update service_domains set verified_at = $2, updated_at = $2 where id = $1", [a, at(40)]);
    await ingest([fastly()]);
    expect((await usage(web)).at(-1)).toBe("11:00 50/0");
  });
});

describe("a measurement is never replaced by one that saw less", () => {
  const seedTwo = async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await domain(web, "b.shopone.com");
    await settled(noon - lookbackMs);
    return { acme, web };
  };

  it("when a host can not be read any more: the side stays, is incomplete, is found, and is completed later", async () => {
    const { web } = await seedTwo();
    await ingest([fastly()]);
    await ingest([fastly(["a.shopone.com"])]);
    expect(await usage(web)).toEqual(sixTimes("101~/0"));
    expect(await findings()).toEqual(["host_unreadable:fastly: no service lists it"]);
    // An hour later the new window has one host only; the old ones are still as they were.
    await ingest([fastly(["a.shopone.com"])], nowMs + hourMs);
    expect(await usage(web)).toEqual([...sixTimes("101~/0"), "12:00 1~/0"]);
    await ingest([fastly()], nowMs + hourMs);
    expect(await usage(web)).toEqual([...sixTimes("101/0"), "12:00 101/0"]);
    expect(await findings()).toEqual([]);
  });

  it("when it is from before there were readings: it does not fall for having only a part of its hosts read", async () => {
    const { web } = await seedTwo();
    await sql("update settings set usage_window_seconds = 3600");
    await sql(
      `insert into usage_snapshots (service_id, window_start, window_end, primary_bytes, backup_bytes, primary_source)
       select $1, g, g + interval '1 hour', 101 * 1073741824::bigint, 0, 'fastly' from generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', '1 hour') g`,
      [web, new Date(noon - lookbackMs), new Date(noon)],
    );
    for (const _ of [1, 2]) {
      await ingest([fastly(["a.shopone.com"])]);
      expect(await usage(web)).toEqual(sixTimes("101~/0"));
    }
    await ingest([fastly()]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
  });

  it("when the hour was billed as incomplete: what was missing follows as an adjustment", async () => {
    const { acme, web } = await seedTwo();
    await ingest([fastly(["a.shopone.com"])]);
    expect(await usage(web)).toEqual(sixTimes("1~/0"));
    await bill(database.db, nowMs);
    await ingest([fastly()]);
    await bill(database.db, nowMs);
    expect((await invoiced(acme)).reduce((sum, total) => sum + total, 0)).toBe(6 * 101 * 12);
  });

  it("when an outage of the CDN's API lasts for 36 hours: its windows are fetched afterwards", async () => {
    const { web } = await seedTwo();
    await ingest([fastly()]);
    const away: UsageSource = { cdn: "fastly", read: () => Promise.reject(new UsageSourceError("unavailable", true)) };
    for (let hours = 1; hours <= 36; hours += 7) await expect(ingest([away], nowMs + hours * hourMs)).rejects.toThrow("unavailable");
    await ingest([fastly()], nowMs + 36 * hourMs);
    expect((await usage(web)).map((line) => line.slice(6))).toEqual(Array.from({ length: 42 }, () => "101/0"));
  });

  it("when no run came by for a day", async () => {
    const { web } = await seedTwo();
    await ingest([fastly()]);
    await ingest([fastly()], nowMs + 24 * hourMs);
    expect((await usage(web)).map((line) => line.slice(6))).toEqual(Array.from({ length: 30 }, () => "101/0"));
  });

  it("when the CDN says less of the same hour later, or of a host that moved within the account: kept, and found", async () => {
    const { acme, web } = await seedTwo();
    await ingest([fastly()]);
    await bill(database.db, nowMs);
    await ingest([fastly([], { "a.shopone.com": 0, "b.shopone.com": 1 })]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
    await bill(database.db, nowMs + minuteMs);
    expect(await invoiced(acme)).toEqual([6 * 101 * 12]);
    expect(await findings()).toEqual(["reading_fell:fastly: 0 bytes, as the CDN says now"]);
    await ingest([fastly()], nowMs + minuteMs);
    expect(await findings()).toEqual([]);
  });

  const ownAccount = (customerId: number, accountId: number, source: UsageSource): CustomerSources => ({
    open: async () => [{ accountId, customerId, cdn: "fastly", source }],
    note: async () => undefined,
  });

  it("when another account reads the same host: the greater reading counts, whoever came first", async () => {
    const { acme, web } = await seedTwo();
    const nothing = fastly([], {});
    await ingest([], nowMs, ownAccount(acme, 1, nothing));
    expect(await usage(web)).toEqual(sixTimes("0/0"));
    await ingest([fastly()]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
    await ingest([fastly()], nowMs, ownAccount(acme, 2, nothing));
    expect(await usage(web)).toEqual(sixTimes("101/0"));
  });

  it("when a customer's own account fails: the operator's credentials stand in", async () => {
    const { acme, web } = await seedTwo();
    const refused: UsageSource = { cdn: "fastly", read: () => Promise.reject(new UsageSourceError("auth", false)) };
    await ingest([fastly()], nowMs, ownAccount(acme, 1, refused));
    expect(await usage(web)).toEqual(sixTimes("101/0"));
    await ingest([fastly()], nowMs + hourMs, ownAccount(acme, 1, fastly(["a.shopone.com"])));
    expect((await usage(web)).at(-1)).toBe("12:00 101~/0");
    expect(await findings()).toEqual(["host_unreadable:fastly: no service lists it"]);
  });

  it("when two runs read at once", async () => {
    const { web } = await seedTwo();
    await Promise.all([ingest([fastly()]), ingest([fastly()])]);
    expect(await usage(web)).toEqual(sixTimes("101/0"));
  });
});

describe("pushes", () => {
  const change = { actor: "token:1", requestId: "r", idempotency: null };
  const push = (
    customerId: number,
    serviceId: number,
    startMs: number,
    bytes: { primaryBytes?: number; backupBytes?: number },
    mayOverride = false,
    measuredCdns = ["fastly"],
  ) =>
    createUsageStore(database.db).push(
      customerId,
      serviceId,
      [{ windowStartMs: startMs, windowEndMs: startMs + hourMs, ...bytes }],
      { measuredCdns, mayOverride },
      change,
    );

  it("of a deleted service are taken for what began before its end, and refused after", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await removeService(web, noon - 90 * minuteMs);
    expect(await push(acme, web, noon - 2 * hourMs, { backupBytes: 5 * gib })).toMatchObject([{ backupBytes: 5 * gib }]);
    await expect(push(acme, web, noon - hourMs, { backupBytes: 5 * gib })).rejects.toMatchObject({
      fields: [{ pointer: "/0/window_start" }],
    });
  });

  it("are refused by the side on which a measured CDN stood then, not by that of today", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await swap(web, noon - 2 * hourMs);
    await expect(push(acme, web, noon - 4 * hourMs, { primaryBytes: 1 })).rejects.toThrow("the primary side of this service is measured");
    expect(await push(acme, web, noon - 4 * hourMs, { backupBytes: 7 })).toMatchObject([{ backupBytes: 7 }]);
    await expect(push(acme, web, noon - hourMs, { backupBytes: 1 })).rejects.toThrow("the backup side of this service is measured");
  });

  it("cover the rest of a side that is measured in part, and nothing twice", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - hourMs);
    await sql("update services set primary_cdn = 'akamai', updated_at = $2 where id = $1", [web, new Date(noon - 15 * minuteMs)]);
    await push(acme, web, noon - hourMs, { primaryBytes: 7 * gib });
    await ingest([fastly()]);
    expect((await usage(web)).at(-1)).toBe("11:00 82/0");
    await push(acme, web, noon - hourMs, { primaryBytes: 8 * gib });
    expect((await usage(web)).at(-1)).toBe("11:00 83/0");
  });

  it("give way to what is measured later, and an admin's figure to nothing", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - lookbackMs);
    await push(acme, web, noon - hourMs, { primaryBytes: 7 * gib }, false, []);
    expect((await usage(web)).at(-1)).toBe("11:00 7/0");
    await ingest([fastly()]);
    expect((await usage(web)).at(-1)).toBe("11:00 100/0");
    await push(acme, web, noon - hourMs, { primaryBytes: 3 * gib }, true);
    await ingest([fastly()]);
    expect((await usage(web)).at(-1)).toBe("11:00 3/0");
  });

  it("that were billed are not taken back by an account that saw nothing", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - lookbackMs);
    await push(acme, web, noon - hourMs, { primaryBytes: 100 * gib }, false, []);
    await bill(database.db, nowMs);
    await ingest([fastly([], {})]);
    await bill(database.db, nowMs + minuteMs);
    expect((await usage(web)).at(-1)).toBe("11:00 100/0");
    expect(await invoiced(acme)).toEqual([1_200]);
  });

  it("can be corrected, though a host of the side could not be read once", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly(["a.shopone.com"])]);
    await push(acme, web, noon - hourMs, { primaryBytes: 200 * gib }, false, []);
    await push(acme, web, noon - hourMs, { primaryBytes: 2 * gib }, false, []);
    expect((await usage(web)).at(-1)).toBe("11:00 2/0");
  });

  it("for one side say nothing of the other's completeness", async () => {
    const acme = await customer("acme");
    const web = await service(acme, noon - 48 * hourMs, ["fastly", "akamai"]);
    await domain(web, "a.shopone.com");
    await domain(web, "b.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly(["a.shopone.com"])]);
    await push(acme, web, noon - hourMs, { backupBytes: 5 * gib }, false, []);
    expect((await usage(web)).at(-1)).toBe("11:00 1~/5");
  });

  it("find no way in by a CDN that stood there for less than a minute", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    for (const [cdn, seconds] of [
      ["akamai", 10],
      ["fastly", 40],
    ] as const) {
      await sql("update services set primary_cdn = $2, updated_at = $3 where id = $1", [
        web,
        cdn,
        new Date(noon - 30 * minuteMs + seconds * 1_000),
      ]);
    }
    await expect(push(acme, web, noon - hourMs, { primaryBytes: 1 })).rejects.toThrow("measured");
  });

  it("of a customer do not take the place of an admin's", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - hourMs);
    await sql("update services set primary_cdn = 'akamai', updated_at = $2 where id = $1", [web, new Date(noon - 15 * minuteMs)]);
    await push(acme, web, noon - hourMs, { primaryBytes: 7 * gib }, true);
    await expect(push(acme, web, noon - hourMs, { primaryBytes: 0 })).rejects.toThrow("measured");
    expect((await usage(web)).at(-1)).toBe("11:00 7/0");
  });

  it("are refused for what was measured while somebody did, though nobody does today", async () => {
    const acme = await customer("acme");
    const web = await service(acme);
    await domain(web, "a.shopone.com");
    await settled(noon - lookbackMs);
    await ingest([fastly()]);
    await expect(push(acme, web, noon - hourMs, { primaryBytes: 0 }, false, [])).rejects.toThrow("measured");
    expect((await usage(web)).at(-1)).toBe("11:00 100/0");
    expect(iso(noon)).toBe("2026-11-18T12:00:00.000Z");
  });
});
