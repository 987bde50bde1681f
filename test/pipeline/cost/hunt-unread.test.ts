import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHuntStore } from "../../../src/adapters/db/cost/hunting.ts";
import type { CloudFacts } from "../../../src/adapters/ports/cost/cloud.ts";
import type { HuntStore } from "../../../src/adapters/ports/cost/hunting.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import type { CostWorld } from "../../support/cost-world.ts";
import { costWorld, dayMs, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import type { HuntWorld } from "../../support/hunt-world.ts";
import { huntWorld } from "../../support/hunt-world.ts";

const now = Date.now();
const hour = Math.floor(now / hourMs) * hourMs;

let database: TestDatabase;
let world: CostWorld;
let hunts: HuntWorld;
let acme: number;
beforeEach(async () => {
  database = await freshDatabase();
  world = costWorld(database);
  hunts = huntWorld(database, now);
  acme = await world.customer("acme");
});
afterEach(() => database.close());

const states = async (rule: string): Promise<string[]> => (await hunts.found()).filter((one) => one.startsWith(`${rule}:`));

const deadHours = [50, 40, 30, 20, 10, 1, 0].map((ago) => [ago, 0] as const);
const noCloud: CloudFacts = { addresses: [], volumes: [], stoppedInstances: [], idleLoadBalancers: [], unknown: [], unread: [] };

describe("what nobody knows is not over", () => {
  it("a backup that nobody asks at present", async () => {
    const { domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await hunts.check();
    expect(await hunts.found()).toEqual(["backup-would-not-pay: web on fastly (open)"]);
    await world.sql("delete from probe_rollups_hour");
    expect(await hunts.check()).toMatchObject({ ended: 0 });
    await hunts.hunt();
    expect(await states("backup-would-not-pay")).toEqual(["backup-would-not-pay: web on fastly (open)"]);
    // What carries traffic works, whoever asks it.
    await world.usage((await world.sql<{ id: number }>("select id from services"))[0]?.id ?? 0, [[hour - 2 * hourMs, 1, 5]]);
    expect(await hunts.check()).toMatchObject({ ended: 1 });
  });

  it("nor is it of another backup, or of a service that is gone", async () => {
    const { serviceId, domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await hunts.check();
    await world.sql("delete from probe_rollups_hour");
    await world.sql("update services set backup_cdn = 'akamai' where id = $1", [serviceId]);
    await hunts.check();
    expect(await hunts.found()).toEqual(["backup-would-not-pay: web on fastly (remediated)"]);
  });

  it("but what is known meanwhile is: a hunt that takes its time outside opens nothing again", async () => {
    const { domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await hunts.check();
    const cloud = async () => {
      await world.sql("update probe_rollups_hour set ok = 1 where start_at > now() - interval '3 hours'");
      await hunts.check();
      return [];
    };
    expect(await hunts.hunt({ cloud })).toMatchObject({ opened: 0, failed: 0 });
    expect(await hunts.found()).toEqual(["backup-would-not-pay: web on fastly (remediated)"]);
  });

  it("a backup whose service has changed its primary alone", async () => {
    const { serviceId, domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await hunts.check();
    await world.sql("update services set primary_cdn = 'akamai' where id = $1", [serviceId]);
    expect(await hunts.check()).toMatchObject({ opened: 0, ended: 0 });
  });

  it("a CDN whose usage nobody measures any more", async () => {
    const { serviceId } = await hunts.complete(acme, "web");
    await world.usage(
      serviceId,
      [20, 10, 1].map((days) => [hour - days * dayMs, 0, 0] as const),
    );
    await hunts.hunt();
    expect(await states("cdn-without-traffic")).toHaveLength(2);
    await world.sql("update usage_snapshots set primary_source = null, backup_source = null");
    await hunts.hunt();
    expect((await states("cdn-without-traffic")).filter((one) => one.endsWith("(open)"))).toHaveLength(2);
    // A byte on either side is known, and ends both.
    await world.usage(serviceId, [[hour - hourMs, 1, 0]]);
    await hunts.hunt();
    expect((await states("cdn-without-traffic")).filter((one) => one.endsWith("(open)"))).toEqual([]);
  });

  it.each([
    ["a DNS account whose secret can not be opened", () => createDnsRefusal("the secret can not be unsealed", false)],
    ["one that nobody can look into", () => ({ inventory: undefined }) as never],
    ["one whose reading fails", () => ({ inventory: () => Promise.reject(new Error("unforeseen")) })],
  ])("%s", async (_, refused) => {
    const inventory = async () => ({
      zones: [{ id: "Z2", name: "empty.test", isEmpty: true }],
      looseChecks: [{ id: "check-1", isOnAws: false, options: 1 }],
      problems: [],
    });
    await hunts.hunt({ own: { inventory } });
    await hunts.hunt({ own: { inventory } }, now + 8 * dayMs);
    const open = ["health-check-on-no-record: check-1 (open)", "zone-without-records: Z2 (open)"];
    const dns = async () => (await hunts.found()).filter((one) => /Z2|check-1/.test(one)).toSorted();
    expect(await dns()).toEqual(open);
    await hunts.hunt({ own: refused() }, now + 8 * dayMs);
    expect(await dns()).toEqual(open);
    expect((await world.sql("select unread from zombie_hunts"))[0]?.["unread"]).not.toEqual([]);
    // An account that was removed is known to have nothing.
    await hunts.hunt({}, now + 8 * dayMs);
    expect(await dns()).toEqual(open.map((one) => one.replace("open", "remediated")));
  });

  it("an account in the cloud whose reading fails", async () => {
    const volume = { id: "vol-1", account: "123456789012", region: "us-east-1", type: "gp3", gib: 100 };
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } });
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } }, now + 8 * dayMs);
    await hunts.hunt({ cloud: () => Promise.reject(new Error("unforeseen")) }, now + 8 * dayMs);
    expect(await states("volume-unattached")).toEqual(["volume-unattached: vol-1 (open)"]);
  });

  it("a pair that has its turn on another day, where more names were given up than are looked at", async () => {
    const { serviceId } = await hunts.complete(acme, "web");
    await world.sql(
      `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at, verified_at, deleted_at)
       select $1, $2, 'old-' || n || '.example.test', 'p', 'b', 'x', now(), now(), now() from generate_series(1, 50) n`,
      [serviceId, acme],
    );
    const read = async (names: readonly string[]) =>
      new Map(names.map((name) => [name, { status: "found", zoneId: "Z1", records: [] } as const]));
    for (let day = 0; day < 30; day += 1) await hunts.hunt({ own: { read } }, now + day * dayMs);
    const all = await states("pair-without-service");
    // Those of the first twenty days are old enough, and none of them was called over in between.
    expect(all.length).toBeGreaterThan(40);
    expect(all.filter((one) => !one.endsWith("(open)"))).toEqual([]);
    // Gone is gone, of those that were looked at.
    await hunts.hunt(
      { own: { read: async (names) => new Map(names.map((name) => [name, { status: "unprovisioned", zoneId: null, detail: "gone" }])) } },
      now,
    );
    expect((await states("pair-without-service")).filter((one) => one.endsWith("(remediated)")).length).toBeGreaterThan(10);
  });

  it("a cost account whose files can not be read", async () => {
    await hunts.complete(acme, "web");
    await world.sql(
      `insert into cost_accounts (customer_id, name, access_key_id, sealed_secret, region, bucket, aws_accounts, regions, created_at)
       values ($1, 'logs', 'AKIAEXAMPLE', 's', 'us-east-1', 'logs', '{123456789012}', '{us-east-1}', now() - interval '40 days')`,
      [acme],
    );
    // Whether it would be used, nobody knows.
    await world.sql("update cost_accounts set last_error = 'AccessDenied'");
    await hunts.hunt();
    expect(await states("account-unused")).toEqual([]);
    await world.sql("update cost_accounts set last_error = null");
    await hunts.hunt();
    expect(await states("account-unused")).toEqual(["account-unused: cost account logs (open)"]);
    await world.sql("update cost_accounts set last_error = 'AccessDenied'");
    await hunts.hunt();
    expect(await states("account-unused")).toEqual(["account-unused: cost account logs (open)"]);
    await world.sql("update cost_accounts set last_error = null, last_read_at = now()");
    await hunts.hunt();
    expect(await states("account-unused")).toEqual(["account-unused: cost account logs (remediated)"]);
  });
});

describe("what nobody knows does not idle", () => {
  it("a CDN whose other side nobody measures", async () => {
    const { serviceId } = await hunts.complete(acme, "web");
    await world.usage(
      serviceId,
      [20, 10, 1].map((days) => [hour - days * dayMs, 0, null] as const),
    );
    await hunts.hunt();
    expect(await states("cdn-without-traffic")).toEqual([]);
  });

  it("a CDN that has been measured for less than two weeks", async () => {
    const { serviceId } = await hunts.complete(acme, "web");
    await world.usage(
      serviceId,
      [10, 1].map((days) => [hour - days * dayMs, 0, 0] as const),
    );
    await hunts.hunt();
    expect(await states("cdn-without-traffic")).toEqual([]);
    await hunts.hunt({}, now + 5 * dayMs);
    expect(await states("cdn-without-traffic")).toEqual([]);
    await world.usage(serviceId, [[hour + 4 * dayMs, 0, 0]]);
    await hunts.hunt({}, now + 5 * dayMs);
    expect(await states("cdn-without-traffic")).toHaveLength(2);
  });
});

describe("what is called otherwise", () => {
  it("is the same as before, of the service that it belongs to", async () => {
    const { serviceId, domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await world.usage(
      serviceId,
      [20, 10, 1].map((days) => [hour - days * dayMs, 0, 0] as const),
    );
    await world.sql("update storm_policies set deleted_at = now() - interval '10 days'");
    await world.sql("update service_domains set verified_at = null");
    await world.sql(
      `insert into domain_routing (domain_id, service_id, status, surroundings, updated_at)
       values ($1, $2, 'found', '{"neighbours": [{"setIdentifier": "blue", "weight": 5}], "health": {}}', now())`,
      [domainId, serviceId],
    );
    await world.sql(
      "insert into zombie_sightings (customer_id, rule, resource, account, first_seen) values ($1, 'third-record', 'web.example.test blue', 'route53', now() - interval '9 days')",
      [acme],
    );
    await world.sql(
      "insert into customer_tokens (customer_id, name, role, token_hash, created_at) values ($1, 'ci', 'editor', $2, now() - interval '40 days')",
      [acme, "0".repeat(64)],
    );
    await hunts.hunt();
    const of = async () =>
      await world.sql<{ id: string; rule: string; service_id: string | null; state: string }>(
        "select id, rule, service_id, state from zombies order by id",
      );
    const before = await of();
    expect(before.map(({ rule }) => rule)).toEqual([
      "backup-would-not-pay",
      "cdn-without-traffic",
      "cdn-without-traffic",
      "domain-unverified",
      "service-incomplete",
      "third-record",
      "token-never-used",
    ]);
    for (const one of before)
      expect([one.rule, Number(one.service_id)]).toEqual([one.rule, one.rule === "token-never-used" ? 0 : serviceId]);

    await world.sql("update services set name = 'shop'");
    await world.sql("update customer_tokens set name = 'build'");
    await hunts.hunt();
    expect(await of()).toEqual(before);
    expect(await hunts.found()).toEqual(
      expect.arrayContaining(["backup-would-not-pay: shop on fastly (open)", "service-incomplete: shop (open)"]),
    );
    // And with its service it ends.
    await world.sql("update services set deleted_at = now()");
    expect((await hunts.found()).filter((one) => one.endsWith("(open)"))).toEqual(["token-never-used: token build (open)"]);
  });

  it("is the same where an AWS account is listed before it, and is seen since as long", async () => {
    const volume = { id: "vol-1", account: "123456789012", region: "us-east-1", type: "gp3", gib: 100 };
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } });
    const other = { ...noCloud, volumes: [{ ...volume, account: "999999999999" }] };
    await hunts.hunt({ cloud: other }, now + 4 * dayMs);
    await hunts.hunt({ cloud: other }, now + 8 * dayMs);
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } }, now + 8 * dayMs);
    expect(await states("volume-unattached")).toEqual(["volume-unattached: vol-1 (open)"]);
  });
});

describe("one that fails", () => {
  it("is behind all others, though they are many", async () => {
    for (let n = 0; n < 5; n += 1) await world.customer(`other ${n}`);
    const store = createHuntStore(database.db);
    const facts: HuntStore["facts"] = async (customerId, atMs) => {
      if (customerId === acme) throw new Error("it is too much");
      return await store.facts(customerId, atMs);
    };
    // A run that ends after one customer.
    const due: HuntStore["due"] = async (...args) => (await store.due(...args)).slice(0, 1);
    for (let run = 0; run < 6; run += 1) await hunts.run({ store: { facts, due } }, Date.now() + 2 * hourMs);
    const [row] = await world.sql<{ n: string }>("select count(*) as n from zombie_hunts where hunted_at is not null");
    expect(Number(row?.n)).toBe(5);
    // It is tried again, but not within the hour; and who has not been hunted for reads no hunt.
    expect(await store.due(now - dayMs, now - hourMs, 10)).toEqual([]);
    expect(await store.due(now - dayMs, Date.now() + hourMs, 10)).toEqual([acme]);
  });

  it("is behind the others when its run dies with it, and is not waited for where a clock was ahead", async () => {
    const store = createHuntStore(database.db);
    const abandoned = () => Promise.withResolvers<never>().promise;
    const dying = hunts.run({ store: { abandoned } });
    const tried = async () => (await world.sql("select from zombie_hunts where tried_at is not null")).length;
    while ((await tried()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    void dying;
    expect(await store.due(now, now - hourMs, 10)).toEqual([]);
    await world.sql("update zombie_hunts set tried_at = now() + interval '1 year', hunted_at = now() + interval '1 year'");
    expect(await store.due(now, now - hourMs, 10)).toEqual([acme]);
  });

  it("in Route 53 leaves the cloud its time, and the others theirs", async () => {
    await world.customer("globex");
    let atMs = now;
    const clock = {
      nowMs: () => atMs,
      // A source that never answers is waited for, and its time passes.
      sleep: async (ms: number, signal?: AbortSignal) => {
        for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted !== true) atMs += ms;
      },
    };
    const left: number[] = [];
    const cloud = async (customerId: number, { untilMs }: { untilMs: number }) => {
      left.push(untilMs - atMs);
      return [
        {
          ...noCloud,
          stoppedInstances: [
            { id: `i-${customerId}`, account: "1", region: "us-east-1", stoppedMs: now - 9 * dayMs, volumes: [{ type: "gp3", gib: 1 }] },
          ],
        },
      ];
    };
    const hang = () => Promise.withResolvers<never>().promise;
    const report = await hunts.hunt({ own: { inventory: hang, read: hang }, cloud, clock });
    expect(report).toMatchObject({ customers: 2, failed: 0 });
    expect(await states("stopped-instance-volumes")).toHaveLength(2);
    expect(Math.min(...left)).toBeGreaterThanOrEqual(10_000);
    expect(atMs - now).toBeLessThan(80_000);
  });

  it("of the backups' customers leaves the others theirs", async () => {
    const globex = await world.customer("globex");
    for (const customerId of [acme, globex])
      await hunts.probes((await hunts.complete(customerId, `web-${customerId}`)).domainId, deadHours);
    const store = createHuntStore(database.db);
    const record: HuntStore["record"] = async (fence, customerId, ...rest) => {
      if (customerId === acme) throw new Error("poisoned");
      return await store.record(fence, customerId, ...rest);
    };
    expect(await hunts.check(now, { store: { record } })).toMatchObject({ opened: 1, failed: 1 });
    expect(await world.sql("select customer_id from zombies")).toEqual([{ customer_id: String(globex) }]);
  });

  it("of a page of backups is found by halves; of it nobody knows", async () => {
    const ids: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const { serviceId, domainId } = await hunts.complete(acme, `web-${n}`);
      ids.push(serviceId);
      await hunts.probes(domainId, deadHours);
    }
    await hunts.check();
    const store = createHuntStore(database.db);
    const silentBackups: HuntStore["silentBackups"] = async (some, atMs) => {
      if (some.includes(ids[4] ?? 0)) throw new Error("poisoned");
      return await store.silentBackups(some, atMs);
    };
    await world.sql("update probe_rollups_hour set ok = 1 where start_at > now() - interval '3 hours'");
    expect(await hunts.check(now, { store: { silentBackups } })).toMatchObject({ ended: 8 });
    expect((await hunts.found()).filter((one) => one.endsWith("(open)"))).toEqual(["backup-would-not-pay: web-4 on fastly (open)"]);
  });

  it("of the pages themselves ends nothing of those that were not come by", async () => {
    const { domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    await hunts.check();
    const store = createHuntStore(database.db);
    await world.sql("update probe_rollups_hour set ok = 1 where start_at > now() - interval '3 hours'");
    const services: HuntStore["services"] = async (afterId) => {
      if (afterId > 0) throw new Error("away");
      return Array.from({ length: 500 }, (_, n) => ({ serviceId: 1_000_000 + n, customerId: acme, cdn: "fastly" }));
    };
    expect(await hunts.check(now, { store: { ...store, services } })).toMatchObject({ ended: 0 });
    expect(await hunts.check()).toMatchObject({ ended: 1 });
  });
});

describe("what is absurd", () => {
  it("is kept as far as it can be, and is nobody else's loss", async () => {
    const at = { account: "123456789012", region: "us-east-1" };
    const cloud: CloudFacts = {
      ...noCloud,
      stoppedInstances: [
        { id: "i-nul\0", ...at, stoppedMs: now - 9 * dayMs, volumes: [{ type: "gp3", gib: 999_999_999_999_999 }] },
        { id: `i-${"x".repeat(9_000)}`, ...at, stoppedMs: now - 9 * dayMs, volumes: [{ type: "gp3", gib: 8 }] },
        { id: "i-never", ...at, stoppedMs: Number.NaN, volumes: [{ type: "gp3", gib: 8 }] },
        { id: "i-half\ud800", ...at, stoppedMs: now - 9 * dayMs, volumes: [{ type: "gp3", gib: 8 }] },
      ],
      volumes: [{ id: `vol-${"y".repeat(9_000)}`, ...at, type: "gp3", gib: 1 }],
    };
    expect(await hunts.hunt({ cloud })).toMatchObject({ customers: 1, failed: 0 });
    expect(await hunts.hunt({ cloud }, now + 8 * dayMs)).toMatchObject({ customers: 1, failed: 0 });
    expect(await states("stopped-instance-volumes")).toHaveLength(3);
    expect(await states("volume-unattached")).toHaveLength(1);
    const [row] = await world.sql("select estimated_monthly_waste from zombies where resource = 'i-nul'");
    expect(row).toEqual({ estimated_monthly_waste: null });
    // Twice is the same.
    expect(await hunts.hunt({ cloud }, now + 8 * dayMs)).toMatchObject({ opened: 0, ended: 0 });
  });

  it("is not found of a service that was deleted meanwhile, nor where a clock was ahead", async () => {
    const { domainId } = await hunts.complete(acme, "web");
    await hunts.probes(domainId, deadHours);
    const store = createHuntStore(database.db);
    const silentBackups: HuntStore["silentBackups"] = async (...args) => {
      const silent = await store.silentBackups(...args);
      await world.sql("update services set deleted_at = now()");
      return silent;
    };
    expect(await hunts.check(now, { store: { silentBackups } })).toMatchObject({ opened: 0, failed: 0 });

    const volume = { id: "vol-1", account: "1", region: "us-east-1", type: "gp3", gib: 100 };
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } });
    await world.sql("update zombie_sightings set first_seen = now() + interval '1 year'");
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } });
    await hunts.hunt({ cloud: { ...noCloud, volumes: [volume] } }, now + 8 * dayMs);
    expect(await states("volume-unattached")).toEqual(["volume-unattached: vol-1 (open)"]);
  });

  it("does nothing once its lease is another's, sightings included", async () => {
    const store = createHuntStore(database.db);
    const stale = await hunts.leased("hunt-zombies", async (fence) => fence);
    await hunts.leased("hunt-zombies", async () => undefined);
    const sighting = { rule: "zone-without-records", resource: "Z1", account: "route53" } as const;
    expect(await store.begin(stale, acme)).toBe(false);
    expect(await store.sighted(stale, acme, ["zone-without-records"], [sighting], [])).toBeNull();
    expect(await world.sql("select from zombie_sightings")).toEqual([]);
  });
});

describe("the migration", () => {
  const migration = async (): Promise<string> => {
    const folder = join(import.meta.dirname, "../../../drizzle");
    const name = (await readdir(folder)).find((one) => one.endsWith("_zombie_keys.sql"));
    return await readFile(join(folder, name ?? "none"), "utf8");
  };

  it("knows what was found by names by what bears them, and once what was found by two accounts", async () => {
    const { serviceId, domainId } = await hunts.complete(acme, "web");
    await world.sql("insert into customer_tokens (customer_id, name, role, token_hash) values ($1, 'ci', 'editor', $2)", [
      acme,
      "0".repeat(64),
    ]);
    await world.sql("drop index zombies_live_key");
    const old: readonly (readonly [rule: string, resource: string, account: string])[] = [
      ["backup-would-not-pay", "web on fastly", ""],
      ["cdn-without-traffic", "cloudflare of web", "cloudflare"],
      ["customer-without-service", "customer acme", ""],
      ["domain-unverified", "web.example.test", ""],
      ["service-incomplete", "web", ""],
      ["third-record", "web.example.test blue", "route53"],
      ["token-unused", "token ci", ""],
      ["volume-unattached", "vol-1", "1"],
      ["volume-unattached", "vol-1", "2"],
    ];
    for (const [rule, resource, account] of old)
      await world.sql(
        `insert into zombies (customer_id, rule, resource, account, severity, first_seen, last_seen, last_activity, reason, remedy)
         values ($1, $2, $3, $4, 'warning', now(), now(), now(), 'r', 'r')`,
        [acme, rule, resource, account],
      );
    const statements = (await migration()).split("--> statement-breakpoint").filter((one) => /^\s*(--.*\s+)?UPDATE|UNIQUE/m.test(one));
    for (const statement of statements) await world.sql(statement);
    const rows = await world.sql<{ rule: string; key: string; service_id: string | null }>(
      "select rule, coalesce(key, resource) as key, service_id from zombies where state = 'open' order by rule",
    );
    const [token] = await world.sql<{ id: string }>("select id from customer_tokens");
    const service = String(serviceId);
    expect(rows.map((one) => [one.rule, one.key, one.service_id])).toEqual([
      ["backup-would-not-pay", `service ${service} on fastly`, service],
      ["cdn-without-traffic", `cloudflare of service ${service}`, service],
      ["customer-without-service", `customer ${acme}`, null],
      ["domain-unverified", `domain ${domainId}`, service],
      ["service-incomplete", `service ${service}`, service],
      ["third-record", "web.example.test blue", service],
      ["token-unused", `token ${token?.id}`, null],
      ["volume-unattached", "vol-1", null],
    ]);
  });
});
