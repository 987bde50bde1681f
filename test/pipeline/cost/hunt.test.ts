import { noBreakers } from "../../support/breakers.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHuntStore } from "../../../src/adapters/db/cost/hunting.ts";
import { createLeaseStore } from "../../../src/adapters/db/coordination/leases.ts";
import type { CloudFacts } from "../../../src/adapters/ports/cost/cloud.ts";
import type { HuntStore } from "../../../src/adapters/ports/cost/hunting.ts";
import type { DnsAccess } from "../../../src/adapters/ports/steering/dns-access.ts";
import type { PairReading } from "../../../src/adapters/ports/steering/dns.ts";
import { createDnsRefusal } from "../../../src/adapters/route53/dns-log.ts";
import { checkBackups, huntZombies } from "../../../src/cron/cost/hunt.ts";
import type { HuntDeps } from "../../../src/cron/cost/hunt.ts";
import { idleAfterMs } from "../../../src/domain/cost/zombie.ts";
import type { ZombieRule } from "../../../src/domain/cost/zombie.ts";
import type { CostWorld } from "../../support/cost-world.ts";
import { costWorld, hourMs } from "../../support/cost-world.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createMemoryLog } from "../../support/memory-log.ts";

const dayMs = 24 * hourMs;
// The database's own clock dates what is first seen: everything here is relative to it.
const now = Date.now();

let database: TestDatabase;
let world: CostWorld;
let acme: number;
beforeEach(async () => {
  database = await freshDatabase();
  world = costWorld(database);
  acme = await world.customer("acme");
});
afterEach(() => database.close());

type Outside = {
  readonly own?: Partial<DnsAccess>;
  readonly cloud?: CloudFacts;
  readonly store?: Partial<HuntStore>;
};

const depsOf = ({ own, cloud, store }: Outside, atMs: number): HuntDeps & { lines: readonly unknown[] } => {
  const access: DnsAccess | null = own === undefined ? null : { ...createDnsRefusal("nothing is here", false), ...own };
  const memory = createMemoryLog();
  return {
    hunting: { ...createHuntStore(database.db), ...store },
    dnsDirectory: {
      operator: createDnsRefusal("nobody's", false),
      of: async () => access ?? createDnsRefusal("nothing is here", false),
      ofAll: async (ids) => new Map(access === null ? [] : ids.map((id) => [id, access])),
    },
    breakers: noBreakers,
    cloud: cloud === undefined ? null : { of: async () => [cloud] },
    clock: { nowMs: () => atMs, sleep: () => Promise.resolve() },
    log: memory.log,
    lines: memory.lines,
  };
};

const leased = async <T>(job: string, work: (fence: { name: string; epoch: number }) => Promise<T>): Promise<T> => {
  const leases = createLeaseStore(database.db, 60_000);
  await world.sql("update leases set expires_at = now() - interval '1 second', released_at = now() where name = $1", [`job:${job}`]);
  const fence = await leases.acquire(`job:${job}`, "local", `local:${crypto.randomUUID()}`);
  if (fence === null) throw new Error("the lease is taken");
  return await work(fence);
};

const hunt = async (outside: Outside = {}, atMs = now) => {
  await world.sql("update zombie_hunts set hunted_at = now() - interval '30 days'");
  return await leased("hunt-zombies", (fence) => huntZombies(depsOf(outside, atMs), fence));
};

const found = async () =>
  (await world.sql<{ rule: string; resource: string; state: string }>("select rule, resource, state from zombies order by id")).map(
    ({ rule, resource, state }) => `${rule}: ${resource} (${state})`,
  );

const time = (ms: number): string => new Date(ms).toISOString();

/** A service with a verified domain and a policy, so that it is complete; all of it long ago. */
const complete = async (customerId: number, name: string): Promise<{ serviceId: number; domainId: number }> => {
  const serviceId = await world.service(customerId, name);
  await world.sql("update service_cdns set from_at = now() - interval '100 days' where service_id = $1", [serviceId]);
  const [domain] = await world.sql<{ id: string }>(
    `insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at, verified_at)
     values ($1, $2, $3 || '.example.test', 'p.example.net', 'b.example.net', 'x', now() - interval '100 days', now() - interval '100 days') returning id`,
    [serviceId, customerId, name],
  );
  await world.sql("insert into storm_policies (service_id, kind) values ($1, 'http_availability')", [serviceId]);
  return { serviceId, domainId: Number(domain?.id) };
};

/** Probes of the backup, by the hour before now: how many were good. */
const probes = async (domainId: number, hours: readonly (readonly [hoursAgo: number, ok: number])[]): Promise<void> => {
  for (const [ago, ok] of hours)
    await world.sql(
      `insert into probe_rollups_hour (domain_id, path, vantage, start_at, samples, ok) values ($1, 'backup', 'local', date_trunc('hour', $2::timestamptz), 360, $3)`,
      [domainId, time(now - ago * hourMs), ok],
    );
};

describe("insurance that would not pay", () => {
  const check = async (atMs = now) => await leased("check-backups", (fence) => checkBackups(depsOf({}, atMs), fence));

  it("is a backup that has answered no probe and carried no byte for a day", async () => {
    const dead = await complete(acme, "dead");
    const warm = await complete(acme, "warm");
    const busy = await complete(acme, "busy");
    const unknown = await complete(acme, "unknown");
    await probes(dead.domainId, [[60, 300], ...[50, 40, 30, 20, 10, 1, 0].map((ago) => [ago, 0] as const)]);
    // A warm backup carries no bytes by design: a good probe exempts it.
    await probes(warm.domainId, [
      [20, 1],
      [1, 0],
    ]);
    // What carries traffic works, whatever its probes say.
    await probes(busy.domainId, [
      [60, 0],
      [1, 0],
    ]);
    await world.usage(busy.serviceId, [[Math.floor(now / hourMs) * hourMs - 3 * hourMs, 1, 5]]);
    // Nobody has probed it lately: nobody knows.
    await probes(unknown.domainId, [[60, 0]]);
    expect(await check()).toMatchObject({ opened: 1 });
    expect(await found()).toEqual(["backup-would-not-pay: dead on fastly (open)"]);
    const [zombie] = await world.sql("select severity, reason, last_activity from zombies");
    expect(zombie).toMatchObject({ severity: "critical" });
    expect(zombie?.["last_activity"]).toEqual(new Date(Math.floor((now - 60 * hourMs) / hourMs) * hourMs + hourMs));
    // Twice is the same; and when it answers, it is over.
    expect(await check()).toMatchObject({ opened: 0, ended: 0 });
    await world.sql("update probe_rollups_hour set ok = 1 where domain_id = $1 and start_at > now() - interval '90 minutes'", [
      dead.domainId,
    ]);
    expect(await check()).toMatchObject({ ended: 1 });
    expect(await found()).toEqual(["backup-would-not-pay: dead on fastly (remediated)"]);
  });

  it("is not one that became the backup less than a day ago", async () => {
    const { serviceId, domainId } = await complete(acme, "new");
    await probes(domainId, [[1, 0]]);
    await world.sql("update service_cdns set from_at = now() - interval '23 hours' where service_id = $1", [serviceId]);
    expect(await check()).toMatchObject({ opened: 0 });
  });

  it("is found of 1,100 services of several customers, page by page", async () => {
    const others = [await world.customer("globex"), await world.customer("initech")];
    await world.sql(
      `with s as (insert into services (customer_id, name, primary_cdn, backup_cdn, created_at)
         select ($1::bigint[])[1 + n % 2], 'many ' || n, 'cloudflare', 'fastly', now() - interval '100 days' from generate_series(1, 1100) n returning id, customer_id, name),
       d as (insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at)
         select id, customer_id, replace(name, ' ', '-') || '.example.test', 'p.example.net', 'b.example.net', 'x', now() from s returning id)
       insert into probe_rollups_hour (domain_id, path, vantage, start_at, samples, ok)
         select id, 'backup', 'local', date_trunc('hour', now()) - interval '1 hour', 10, case when id % 100 = 0 then 0 else 10 end from d`,
      [others],
    );
    await world.sql("update service_cdns set from_at = now() - interval '100 days'");
    const report = await check();
    const [row] = await world.sql<{ n: string }>("select count(*) as n from service_domains where id % 100 = 0");
    expect(report).toMatchObject({ silent: Number(row?.n), opened: Number(row?.n), ended: 0 });
  });
});

/** Facts of each rule that the database dates, so many milliseconds old. */
const staged: Readonly<Partial<Record<ZombieRule, (ageMs: number) => Promise<unknown>>>> = {
  "domain-unverified": async (ageMs) => {
    const { serviceId } = await complete(acme, "web");
    await world.sql(
      "insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at) values ($1, $2, 'u.example.test', 'p.example.net', 'b.example.net', 'x', $3)",
      [serviceId, acme, time(now - ageMs)],
    );
  },
  "account-unused": async (ageMs) => {
    await complete(acme, "web");
    await world.sql(
      "insert into cdn_accounts (customer_id, cdn, account_ref, sealed_token, created_at) values ($1, 'cloudflare', 'a', 's', $2)",
      [acme, time(now - ageMs)],
    );
    await world.sql("update services set primary_cdn = 'akamai'");
    await world.sql("delete from service_cdns");
  },
  "token-never-used": async (ageMs) => {
    await complete(acme, "web");
    await world.sql("insert into customer_tokens (customer_id, name, role, token_hash, created_at) values ($1, 'ci', 'editor', $2, $3)", [
      acme,
      "0".repeat(64),
      time(now - ageMs),
    ]);
  },
  "token-unused": async (ageMs) => {
    await complete(acme, "web");
    await world.sql(
      "insert into customer_tokens (customer_id, name, role, token_hash, created_at, last_used_at) values ($1, 'ci', 'editor', $2, now() - interval '400 days', $3)",
      [acme, "0".repeat(64), time(now - ageMs)],
    );
  },
  "service-incomplete": async (ageMs) => {
    const { serviceId } = await complete(acme, "web");
    await world.sql("update storm_policies set deleted_at = $2 where service_id = $1", [serviceId, time(now - ageMs)]);
  },
  "customer-without-service": async (ageMs) => await world.sql("update customers set created_at = $1", [time(now - ageMs)]),
  "cdn-without-traffic": async (ageMs) => {
    const { serviceId } = await complete(acme, "web");
    const lastMs = Math.floor((now - ageMs) / hourMs) * hourMs - hourMs;
    await world.usage(serviceId, [
      [lastMs, 5, 0],
      [Math.floor(now / hourMs) * hourMs - hourMs, 0, 0],
    ]);
    await probes((await world.sql<{ id: string }>("select id from service_domains")).map(({ id }) => Number(id))[0] ?? 0, [[1, 1]]);
  },
};

describe("the hunt", () => {
  it.each(Object.entries(staged))("finds %s when it is due, and not before", async (rule, stage) => {
    const limitMs = idleAfterMs[rule as ZombieRule];
    // Usage is known by the hour.
    await stage(limitMs - 2 * hourMs);
    await hunt();
    expect((await found()).filter((one) => one.startsWith(`${rule}:`))).toEqual([]);
    await hunt({}, now + 3 * hourMs);
    expect((await found()).filter((one) => one.startsWith(`${rule}:`))).not.toEqual([]);
  });

  it("finds what Route 53 and EC2 have, from when it was first seen, and ends it when it is gone", async () => {
    await complete(acme, "web");
    await world.sql(
      "insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, created_at, verified_at, deleted_at) select id, customer_id, 'old.example.test', 'p', 'b', 'x', now(), now(), now() from services",
    );
    const pair: PairReading = { status: "found", zoneId: "Z1", records: [] };
    const own = {
      inventory: async () => ({
        zones: [
          { id: "Z1", name: "example.test", isEmpty: false },
          { id: "Z2", name: "empty.test", isEmpty: true },
        ],
        looseChecks: [{ id: "check-1", isOnAws: false, options: 1 }],
        problems: [],
      }),
      read: async (names: readonly string[]) => new Map(names.map((name) => [name, pair])),
    };
    const at = { account: "123456789012", region: "us-east-1" };
    const cloud: CloudFacts = {
      addresses: [{ id: "eipalloc-1", ...at }],
      volumes: [{ id: "vol-1", ...at, type: "gp3", gib: 100 }],
      stoppedInstances: [{ id: "i-1", ...at, stoppedMs: now - 8 * dayMs, volumes: [{ type: "gp2", gib: 8 }] }],
      idleLoadBalancers: [{ id: "arn:lb", ...at }],
      unknown: [],
      unread: [],
    };
    await hunt({ own, cloud });
    // AWS says of the instance since when.
    expect(await found()).toEqual(["stopped-instance-volumes: i-1 (open)"]);
    const later = now + 8 * dayMs;
    await hunt({ own, cloud }, later);
    expect((await found()).toSorted()).toEqual([
      "address-unassociated: eipalloc-1 (open)",
      "health-check-on-no-record: check-1 (open)",
      "load-balancer-idle: arn:lb (open)",
      "pair-without-service: old.example.test (open)",
      "stopped-instance-volumes: i-1 (open)",
      "volume-unattached: vol-1 (open)",
      "zone-without-records: Z2 (open)",
    ]);
    const [volume] = await world.sql("select estimated_monthly_waste, remedy from zombies where resource = 'vol-1'");
    expect(volume).toMatchObject({ estimated_monthly_waste: "800", remedy: expect.stringContaining("--volume-id vol-1") });
    await world.sql("update zombies set state = 'dismissed' where resource = 'Z2'");

    // What can not be read is not over.
    const denied: CloudFacts = {
      ...cloud,
      addresses: [],
      volumes: [],
      unknown: [{ rule: "address-unassociated", account: at.account }],
      unread: [{ source: "ec2:DescribeAddresses of 123456789012 in us-east-1", problem: "UnauthorizedOperation" }],
    };
    const away = {
      ...own,
      inventory: async () => ({
        zones: null,
        looseChecks: null,
        problems: [{ source: "route53:ListHostedZones", problem: "AccessDenied" }],
      }),
    };
    await hunt({ own: away, cloud: denied }, later);
    expect(await found()).toEqual(
      expect.arrayContaining([
        "address-unassociated: eipalloc-1 (open)",
        "volume-unattached: vol-1 (remediated)",
        "zone-without-records: Z2 (dismissed)",
      ]),
    );
    expect((await world.sql("select unread from zombie_hunts"))[0]?.["unread"]).toHaveLength(2);

    // Once it is gone, the time begins anew.
    await hunt({ own, cloud: { ...cloud, addresses: [] } }, later);
    await hunt({ own, cloud }, now);
    expect((await found()).filter((one) => one.includes("eipalloc-1"))).toEqual(["address-unassociated: eipalloc-1 (remediated)"]);
  });

  it("goes on where one customer's accounts fail, and comes back to it", async () => {
    const globex = await world.customer("globex");
    await world.sql("update customers set created_at = now() - interval '8 days'");
    const store = createHuntStore(database.db);
    const facts: HuntStore["facts"] = async (customerId, atMs) => {
      if (customerId === acme) throw new Error("it is too much");
      return await store.facts(customerId, atMs);
    };
    expect(await hunt({ store: { facts } })).toMatchObject({ customers: 1, failed: 1 });
    expect(await found()).toEqual(["customer-without-service: customer globex (open)"]);
    expect(await store.due(now, 10)).toEqual([acme]);
    expect(globex).toBeGreaterThan(0);
  });

  it("finds the same, twice at once and killed in between", async () => {
    await world.sql("update customers set created_at = now() - interval '8 days'");
    const store = createHuntStore(database.db);
    const dying: HuntStore["record"] = async (...args) => {
      await store.record(...args);
      throw new Error("killed");
    };
    await hunt({ store: { record: dying } });
    await Promise.all([hunt(), hunt()].map((one) => one.catch(() => undefined)));
    expect(await found()).toEqual(["customer-without-service: customer acme (open)"]);
  });
});
