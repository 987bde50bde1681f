import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDoh } from "../../local/route53/doh.ts";
import type { Route53Server } from "../../local/route53/server.ts";
import { startRoute53 } from "../../local/route53/server.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import { createStandingStore } from "../../src/adapters/db/steering/standing.ts";
import type { DnsAccess } from "../../src/adapters/ports/steering/dns-access.ts";
import type { Fence } from "../../src/adapters/ports/coordination/lease.ts";
import { createResolver } from "../../src/adapters/dns/resolver.ts";
import { systemClock } from "../../src/adapters/platform/clock.ts";
import { createRoute53 } from "../../src/adapters/route53/route53.ts";
import { keepStanding, passStanding } from "../../src/cron/keep-standing.ts";
import type { StandingDeps } from "../../src/cron/keep-standing.ts";
import { createStandings } from "../../src/pipeline/steering/accounts.ts";
import { createConnections } from "../../src/pipeline/connection-slots.ts";
import { freely, unbounded } from "../support/budget.ts";
import type { TestDatabase } from "../support/database.ts";
import { freshDatabase } from "../support/database.ts";
import { createMemoryLog } from "../support/memory-log.ts";

const credentials = { accessKeyId: "AKIASTANDING", secretAccessKey: "standing-secret" };
const name = "app.example.test";
const theirs = "11111111-2222-3333-4444-555555555555";

let database: TestDatabase;
let route53: Route53Server;
let dns: ReturnType<typeof unbounded>;
let fence: Fence;
let serviceId: number;
let domainId: number;
let customerId: number;
let aheadMs = 0;
let visitor: () => Promise<string | undefined>;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  closers.push(() => database.close());
  const taken = await createLeaseStore(database.db).acquire("job:standing-failover", "local", "local:test");
  if (taken === null) throw new Error("the lease is taken");
  fence = taken;
  const [row] = await database.sql<{ id: string; service: string; customer: string }>(`
    with c as (insert into customers (name) values ('acme') returning id),
    s as (insert into services (customer_id, name, primary_cdn, backup_cdn) select id, 'web', 'a', 'b' from c returning id, customer_id)
    insert into service_domains (service_id, customer_id, name, primary_target, backup_target, challenge_token, verified_at)
    select id, customer_id, '${name}', 'a.cdn.net', 'b.cdn.net', 't', now() from s returning id, service_id as service, customer_id as customer`);
  [domainId, serviceId, customerId] = [Number(row?.id), Number(row?.service), Number(row?.customer)];
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

beforeEach(async () => {
  aheadMs = 0;
  route53 = await startRoute53({ ...credentials, zones: [{ name: "example.test" }], requestsPerSecond: 1e5, burst: 1e5 });
  const doh = await startDoh({ zones: route53 });
  closers.push(
    () => route53.close(),
    () => doh.close(),
  );
  const lookup = createResolver([doh.url], fetch);
  visitor = async () => {
    const [reading] = await lookup.lookup(name, "CNAME", freely);
    return reading?.status === "answered" ? reading.answers[0] : undefined;
  };
  publish();
  dns = unbounded(
    createRoute53({
      credentials,
      endpoint: route53.url,
      region: "us-east-1",
      fetch,
      random: () => 0,
      requestsPerSecond: 1e5,
      clock: { nowMs: () => Date.now() + aheadMs, sleep: async () => undefined },
    }),
  );
  await database.sql("delete from standing_failovers; delete from service_routing; update services set steering = 'auto'");
  await database.sql("update settings set freeze_set_at = null, freeze_reason = null, freeze_actor = null");
  await read();
});

const zoneId = () => route53.zones[0]?.id ?? "";
const publish = (weights: readonly [number, number] = [100, 0], primaryCheck?: string) =>
  route53.seed(
    zoneId(),
    (["primary", "backup"] as const).map((side, at) => ({
      name,
      type: "CNAME",
      setIdentifier: side,
      weight: weights[at] ?? 0,
      ttlSeconds: 60,
      values: [`${side === "primary" ? "a" : "b"}.cdn.net`],
      ...(side === "primary" && primaryCheck !== undefined && { healthCheckId: primaryCheck }),
    })),
  );

/** What the round does: the live records, as it stores them. */
const read = async () => {
  const reading = (await dns.read([name])).get(name);
  await database.sql(
    `insert into domain_routing (domain_id, service_id, status, zone_id, records, read_at) values ($1, $2, $3, $4, $5, now())
     on conflict (domain_id) do update set status = excluded.status, zone_id = excluded.zone_id, records = excluded.records, read_at = now()`,
    [domainId, serviceId, reading?.status, zoneId(), reading?.status === "found" ? JSON.stringify(reading.records) : null],
  );
};
const log = createMemoryLog();
const deps = (access: DnsAccess = dns): StandingDeps => ({
  standing: createStandingStore(database.db),
  dnsDirectory: { operator: access, of: async () => access, ofAll: async () => new Map() },
  clock: { nowMs: () => Date.now() + aheadMs, sleep: async (ms) => void (aheadMs += ms) },
  log: log.log,
  probe: { path: "/healthz", intervalMs: 10_000 },
  driftCheckMs: 300_000,
  // Its own waiting takes no time, but that of a request does.
  connections: createConnections({ nowMs: () => Date.now() + aheadMs, sleep: systemClock.sleep }),
});
const standingsOf = ({ clock, connections }: StandingDeps) => createStandings(clock, connections ?? createConnections(clock));
const pass = (access?: DnsAccess, own = deps(access)) => passStanding(own, fence, standingsOf(own));
const change = { actor: "token:1", requestId: "r", idempotency: null };
const want = () => createStandingStore(database.db).want(customerId, serviceId, domainId, "0011223344556677", change);
const unwant = () => createStandingStore(database.db).unwant(customerId, serviceId, domainId, change);
const view = async () => (await createStandingStore(database.db).get(customerId, serviceId, domainId))?.view ?? null;
const live = () =>
  Object.fromEntries(
    route53
      .records(zoneId())
      .filter((set) => set.setIdentifier !== undefined)
      .map((set) => [set.setIdentifier, set.healthCheckId]),
  );
const attachedIds = () => Object.values(live()).map(String).toSorted();
const freeze = (mode: string | null) =>
  database.sql(
    "insert into service_routing (service_id, override_mode) values ($1, $2) on conflict (service_id) do update set override_mode = excluded.override_mode",
    [serviceId, mode],
  );
const requests = () => route53.requests.length;
const standing = async () => {
  await want();
  await pass();
  return live() as { primary: string; backup: string };
};

describe("a standing failover", () => {
  it("is made in one pass, and lets the DNS leave a dead CDN by itself", async () => {
    expect(await want()).toMatchObject({ kind: "made", view: { state: "standing", attached: false } });
    expect(await pass()).toEqual({ kept: 1, changed: 1, failures: 0 });
    const attached = await view();
    expect(attached).toMatchObject({ attached: true, disabled: false, lastError: null });
    expect(live()).toEqual({ primary: attached?.primaryCheckId, backup: attached?.backupCheckId });
    expect(route53.healthChecks.map(({ config }) => config)).toMatchObject([
      { type: "HTTPS", fullyQualifiedDomainName: "a.cdn.net", port: 443, resourcePath: "/healthz", enableSni: true, disabled: false },
      { fullyQualifiedDomainName: "b.cdn.net" },
    ]);
    const primary = attached?.primaryCheckId ?? "";
    expect(await visitor()).toBe("a.cdn.net.");
    route53.setHealth(primary, "unhealthy");
    expect(await visitor()).toBe("b.cdn.net.");
    route53.setHealth(attached?.backupCheckId ?? "", "unhealthy");
    expect(await visitor()).toBe("a.cdn.net.");
  });

  it("fault 10: is not attached before Route 53's checkers see both sides healthy from all their regions", async () => {
    await want();
    // The checks are made, and found out of favour before they are looked at.
    const asked = {
      ...dns,
      observeCheck: async (id: string) => {
        route53.setHealth(id, { "us-east-1": "unhealthy", "eu-west-1": "healthy", "sa-east-1": "healthy" });
        return await dns.observeCheck(id);
      },
    } as unknown as DnsAccess;
    await pass(asked);
    expect([live(), await visitor()]).toEqual([{ primary: undefined, backup: undefined }, "a.cdn.net."]);
    expect(await view()).toMatchObject({
      attached: false,
      lastError: expect.stringMatching(/do not see the primary \(a\.cdn\.net\/healthz\) healthy from us-east-1 /),
    });
    for (const { id } of route53.healthChecks) route53.setHealth(id, "healthy");
    aheadMs += 300_000;
    await pass();
    expect(await view()).toMatchObject({ attached: true, lastError: null });
  });

  it("fault 10: is not attached where Route 53 cannot apply expect_status", async () => {
    await want();
    await database.sql("update service_domains set expect_status = '200,404' where id = $1", [domainId]);
    await pass();
    await database.sql("update service_domains set expect_status = '200-399' where id = $1", [domainId]);
    expect([route53.healthChecks, (await view())?.lastError]).toEqual([[], expect.stringContaining("expect_status holds 404")]);
  });

  it("costs nothing while all is as it should be, but one listing per drift check", async () => {
    await standing();
    await read();
    const before = requests();
    for (let count = 0; count < 5; count += 1) expect(await pass()).toEqual({ kept: 1, changed: 0, failures: 0 });
    expect(requests()).toBe(before);
    aheadMs += 300_000;
    await pass();
    expect(requests()).toBe(before + 1);
  });

  it("is asleep in a freeze, of the service or of everything, and wakes after it", async () => {
    const { primary } = await standing();
    await read();
    route53.setHealth(primary, "unhealthy");
    expect(await visitor()).toBe("b.cdn.net.");
    const disabled = () => route53.healthChecks.map(({ config }) => config.disabled);
    await freeze("frozen");
    await pass();
    expect([disabled(), await visitor(), (await view())?.disabled]).toEqual([[true, true], "a.cdn.net.", true]);
    await freeze(null);
    await pass();
    expect([disabled(), await visitor()]).toEqual([[false, false], "b.cdn.net."]);
    await database.sql("update settings set freeze_set_at = now(), freeze_reason = 'x', freeze_actor = 'admin'");
    await pass();
    expect(disabled()).toEqual([true, true]);
  });

  it("is not attached during a freeze, in shadow, or without a pair, and says so", async () => {
    await freeze("frozen");
    await want();
    await pass();
    expect([live(), await view()]).toMatchObject([{}, { attached: false, disabled: true, lastError: "the service is frozen" }]);
    await freeze(null);
    await database.sql("update services set steering = 'shadow'");
    await pass();
    expect([live(), (await view())?.lastError]).toEqual([{ primary: undefined, backup: undefined }, "the service is only shadowed"]);
    await database.sql("update services set steering = 'auto'");
    await database.sql("update domain_routing set records = null, status = 'unprovisioned'");
    await pass();
    expect((await view())?.lastError).toBe("the pair of records is not there");
    await read();
    await pass();
    expect(await view()).toMatchObject({ attached: true, disabled: false, lastError: null });
  });

  it("goes without a trace, and gives the records back what they had", async () => {
    route53.seed(zoneId(), []);
    publish([100, 0], theirs);
    await read();
    const ours = await standing();
    expect(ours.primary).not.toBe(theirs);
    await read();
    expect(await unwant()).toBe(true);
    await pass();
    expect(live()).toEqual({ primary: theirs, backup: undefined });
    expect(route53.healthChecks.map(({ id }) => id)).toEqual([theirs]);
    expect(await view()).toBeNull();
    const audit = await database.sql<{ action: string; actor: string }>(
      "select action, actor from audit_log where object_type = 'standing_failover' order by id desc limit 5",
    );
    expect(audit.map(({ action, actor }) => `${action} ${actor}`).toReversed()).toEqual([
      "want token:1",
      "attach tranche",
      "unwant token:1",
      "detach tranche",
      "delete tranche",
    ]);
  });

  it.each(["service_domains", "services"])("goes by itself where its domain goes (%s), by the records as they are then", async (table) => {
    await standing();
    await read();
    const id = table === "services" ? serviceId : domainId;
    try {
      await database.sql(`update ${table} set deleted_at = now() where id = $1`, [id]);
      // Somebody moves the weights meanwhile, and no round reads that any more.
      const ids = live() as { primary: string; backup: string };
      route53.seed(
        zoneId(),
        (["primary", "backup"] as const).map((side) => ({
          name,
          type: "CNAME",
          setIdentifier: side,
          weight: 50,
          ttlSeconds: 60,
          values: [`${side === "primary" ? "a" : "b"}.cdn.net`],
          healthCheckId: ids[side],
        })),
      );
      await pass();
      expect(live()).toEqual({ primary: undefined, backup: undefined });
      expect(route53.healthChecks).toEqual([]);
      expect(await database.sql("select from standing_failovers")).toEqual([]);
      expect(await pass()).toEqual({ kept: 0, changed: 0, failures: 0 });
    } finally {
      await database.sql(`update ${table} set deleted_at = null where id = $1`, [id]);
    }
  });

  it("carries over a switch of weights, before and after it is attached", async () => {
    publish([0, 100]);
    await want();
    // Its view of the records is old by now: the compare-and-set fails, and they are read again.
    await pass();
    expect([live(), await view()]).toMatchObject([{ primary: undefined }, { attached: false }]);
    expect((await database.sql<{ read_at: Date | null }>("select read_at from domain_routing"))[0]?.read_at).toBeNull();
    await read();
    await pass();
    expect(
      route53
        .records(zoneId())
        .filter(({ weight }) => weight !== undefined)
        .map(({ weight, healthCheckId }) => [weight, typeof healthCheckId]),
    ).toEqual([
      [100, "string"],
      [0, "string"],
    ]);
  });
});

describe("a standing failover that somebody meddles with", () => {
  it.each<[string, (ids: { primary: string; backup: string }) => Promise<unknown> | void]>([
    ["detached", () => publish()],
    ["given another check", () => publish([100, 0], theirs)],
  ])("is attached again where it was %s", async (_, meddle) => {
    const ids = await standing();
    await meddle(ids);
    await read();
    await pass();
    expect(live()).toEqual(ids);
  });

  it("is created again where a check was deleted, also where the old reference is used up", async () => {
    const ids = await standing();
    await read();
    await dns.deleteCheck(ids.primary);
    aheadMs += 300_000;
    await pass();
    expect(live()["backup"]).toBe(ids.backup);
    expect(live()["primary"]).not.toBe(ids.primary);
    expect(route53.healthChecks.map(({ id }) => id).toSorted()).toEqual(attachedIds());
  });

  it("is set back where a check was changed, or made into something else", async () => {
    const ids = await standing();
    await read();
    const live1 = await dns.listChecks();
    const check = live1.status === "done" ? live1.checks.get(ids.backup) : undefined;
    await dns.updateCheck(
      { id: ids.backup, version: check?.version ?? 0 },
      { type: "HTTPS", host: "evil.example.com", port: 1, path: "/" },
      true,
    );
    aheadMs += 300_000;
    await pass();
    expect(route53.healthChecks.find(({ id }) => id === ids.backup)?.config).toMatchObject({
      fullyQualifiedDomainName: "b.cdn.net",
      port: 443,
      disabled: false,
    });
  });

  it("follows a new target, and another scheme with a new check", async () => {
    const ids = await standing();
    await read();
    await database.sql("update service_domains set primary_target = 'c.cdn.net', backup_target = 'http://d.cdn.net:8080'");
    await pass();
    await pass();
    await database.sql("update service_domains set primary_target = 'a.cdn.net', backup_target = 'b.cdn.net'");
    expect(live()["primary"]).toBe(ids.primary);
    expect(live()["backup"]).not.toBe(ids.backup);
    expect(route53.healthChecks.map(({ config }) => [config.type, config.fullyQualifiedDomainName, config.port])).toEqual([
      ["HTTPS", "c.cdn.net", 443],
      ["HTTP", "d.cdn.net", 8080],
    ]);
  });
});

describe("a standing failover on a bad day", () => {
  /** An access that dies right before or right after its n-th call. */
  const dying = (at: number, when: "before" | "after"): DnsAccess => {
    let calls = 0;
    const mortal =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        calls += 1;
        if (calls === at && when === "before") throw new Error("killed");
        const result = await call(...args);
        if (calls === at) throw new Error("killed");
        return result;
      };
    return {
      ...dns,
      createCheck: mortal(dns.createCheck),
      updateCheck: mortal(dns.updateCheck),
      deleteCheck: mortal(dns.deleteCheck),
      rewrite: mortal(dns.rewrite),
      listChecks: mortal(dns.listChecks),
    };
  };

  it.each([1, 2, 3, 4].flatMap((at) => (["before", "after"] as const).map((when) => [at, when] as const)))(
    "comes to be once, and goes whole, though its maker is killed at call %i (%s)",
    async (at, when) => {
      await want();
      await pass(dying(at, when)).catch(() => undefined);
      for (let count = 0; count < 3; count += 1) {
        await read();
        await pass();
      }
      expect(await view()).toMatchObject({ attached: true, lastError: null });
      expect(route53.healthChecks.map(({ id }) => id).toSorted()).toEqual(attachedIds());
      await unwant();
      await pass(dying(at, when)).catch(() => undefined);
      for (let count = 0; count < 3; count += 1) {
        await read();
        await pass();
      }
      expect([await view(), live(), route53.healthChecks]).toEqual([null, { primary: undefined, backup: undefined }, []]);
    },
  );

  it("shows what is wrong, and comes to be once it is right", async () => {
    await want();
    route53.setFault({ kind: "access-denied", operations: ["CreateHealthCheck"] });
    expect(await pass()).toMatchObject({ failures: 1 });
    expect((await view())?.lastError).toContain("does not permit");
    route53.setFault(null);
    aheadMs += 10_000;
    await pass();
    expect(await view()).toMatchObject({ attached: true, lastError: null });
  });

  it("is left alone by somebody whose lease is lost", async () => {
    await want();
    await passStanding(deps(), { ...fence, epoch: fence.epoch + 1 }, standingsOf(deps()));
    expect([live(), await view()]).toMatchObject([{ primary: undefined }, { primaryCheckId: null }]);
  });

  it("is passed for most of a minute, and only once where there is nothing", async () => {
    expect(await keepStanding(deps(), fence)).toMatchObject({ kept: 0, passes: 1 });
    await want();
    const startedMs = aheadMs;
    const report = await keepStanding(deps(), fence);
    expect(report).toMatchObject({ kept: 1, changed: 1 });
    expect(Number(report["passes"])).toBeGreaterThan(2);
    expect(aheadMs - startedMs).toBeLessThan(50_000);
  });
});
