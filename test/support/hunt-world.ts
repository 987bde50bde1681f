import { noBreakers } from "./breakers.ts";
import { createLeaseStore } from "../../src/adapters/db/coordination/leases.ts";
import { createHuntStore } from "../../src/adapters/db/cost/hunting.ts";
import type { CloudFacts, CloudReader } from "../../src/adapters/ports/cost/cloud.ts";
import type { HuntStore } from "../../src/adapters/ports/cost/hunting.ts";
import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type { DnsAccess } from "../../src/adapters/ports/steering/dns-access.ts";
import { createDnsRefusal } from "../../src/adapters/route53/dns-log.ts";
import { checkBackups } from "../../src/cron/cost/check-backups.ts";
import type { HuntDeps } from "../../src/cron/cost/hunt.ts";
import { huntZombies } from "../../src/cron/cost/hunt.ts";
import { costWorld, hourMs } from "./cost-world.ts";
import type { TestDatabase } from "./database.ts";
import { createMemoryLog } from "./memory-log.ts";

/** What a hunt finds outside. */
export type Outside = {
  readonly own?: Partial<DnsAccess>;
  readonly cloud?: CloudFacts | CloudReader["of"];
  readonly store?: Partial<HuntStore>;
  /** By default one that stands still, and never wakes. */
  readonly clock?: Clock;
};

/** Hunts over a database of their own. @param now about which all times are */
export const huntWorld = (database: TestDatabase, now: number) => {
  const world = costWorld(database);

  const depsOf = ({ own, cloud, store, clock }: Outside, atMs: number): HuntDeps => {
    const access: DnsAccess | null = own === undefined ? null : { ...createDnsRefusal("nothing is here", false), ...own };
    return {
      hunting: { ...createHuntStore(database.db), ...store },
      dnsDirectory: {
        operator: createDnsRefusal("nobody's", false),
        of: async () => access ?? createDnsRefusal("nothing is here", false),
        ofAll: async (ids) => new Map(access === null ? [] : ids.map((id) => [id, access])),
      },
      breakers: noBreakers,
      cloud: cloud === undefined ? null : { of: typeof cloud === "function" ? cloud : async () => [cloud] },
      clock: clock ?? { nowMs: () => atMs, sleep: () => Promise.withResolvers<void>().promise },
      log: createMemoryLog().log,
    };
  };

  const leased = async <T>(job: string, work: (fence: { name: string; epoch: number }) => Promise<T>): Promise<T> => {
    const leases = createLeaseStore(database.db, 60_000);
    await world.sql("update leases set expires_at = now() - interval '1 second', released_at = now() where name = $1", [`job:${job}`]);
    const fence = await leases.acquire(`job:${job}`, "local", `local:${crypto.randomUUID()}`);
    if (fence === null) throw new Error("the lease is taken");
    return await work(fence);
  };

  /** A run of the hunt for whoever it is due. */
  const run = async (outside: Outside = {}, atMs = now) =>
    await leased("hunt-zombies", (fence) => huntZombies(depsOf(outside, atMs), fence));

  /** The same for everybody. */
  const hunt = async (outside: Outside = {}, atMs = now) => {
    await world.sql("update zombie_hunts set hunted_at = now() - interval '30 days', tried_at = now() - interval '30 days'");
    return await run(outside, atMs);
  };

  const check = async (atMs = now, outside: Outside = {}) =>
    await leased("check-backups", (fence) => checkBackups(depsOf(outside, atMs), fence));

  const found = async (): Promise<string[]> =>
    (await world.sql<{ rule: string; resource: string; state: string }>("select rule, resource, state from zombies order by id")).map(
      ({ rule, resource, state }) => `${rule}: ${resource} (${state})`,
    );

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
        [domainId, new Date(now - ago * hourMs).toISOString(), ok],
      );
  };

  return { run, hunt, check, found, complete, probes, leased, depsOf };
};

export type HuntWorld = ReturnType<typeof huntWorld>;
