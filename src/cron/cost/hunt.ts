import type { CloudReader } from "../../adapters/ports/cost/cloud.ts";
import type { HuntStore } from "../../adapters/ports/cost/hunting.ts";
import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Breakers } from "../../adapters/ports/platform/breakers.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import type { DnsDirectory } from "../../adapters/ports/steering/dns-access.ts";
import type { DnsBudget } from "../../adapters/ports/steering/dns.ts";
import { zombieRules } from "../../domain/cost/zombie.ts";
import { hunt } from "../../domain/cost/zombie-hunt.ts";
import type { Connections } from "../../pipeline/connection-slots.ts";
import { connectionOf, createConnections } from "../../pipeline/connection-slots.ts";
import type { JobReport } from "../job.ts";
import { readFacts } from "./hunt-facts.ts";

export type HuntDeps = {
  readonly hunting: HuntStore;
  readonly dnsDirectory: DnsDirectory;
  /** Null: no account in the cloud is looked into. */
  readonly cloud: CloudReader | null;
  /** One for each account in the cloud: `cloud` heeds them. */
  readonly breakers: Breakers;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections?: Connections;
  /** Starts to deliver messages about what was just stored, in the background. Never throws. */
  readonly tell?: () => void;
};

/** A customer is hunted for once a day; what a run can not do the next one does, five minutes later. */
const dayMs = 24 * 3_600_000;
/** One whose hunt fails is tried again after this long, when all others have had their turn. */
const againMs = 3_600_000;
const perRun = 500;
const runMs = 150_000;

/** The account's own circuit is the steering's: to look for what idles neither opens nor heeds it. */
const open: DnsBudget["gate"] = { enter: async () => ({ leave: () => undefined }) };

type Ended = { readonly opened: number; readonly ended: number };

/** @returns null where the lease is lost */
const huntFor = async (deps: HuntDeps, fence: Fence, connections: Connections, customerId: number): Promise<Ended | null> => {
  const { hunting, dnsDirectory, cloud, clock } = deps;
  if (!(await hunting.begin(fence, customerId))) return null;
  const connection = connectionOf(connections, { lane: "background", key: customerId });
  const own = (await dnsDirectory.ofAll([customerId])).get(customerId) ?? null;
  const access = {
    own,
    all: own ?? (await dnsDirectory.of(customerId)),
    clouds: async (budget: DnsBudget) => (cloud === null ? [] : await cloud.of(customerId, budget)),
  };
  const budget = (ms: number): DnsBudget => ({ untilMs: clock.nowMs() + ms, connection, gate: open });
  const read = await readFacts(hunting, fence, customerId, access, { clock, budget });
  if (read === null) return null;
  const { facts, nowMs, unknown, unread } = read;
  return await hunting.record(fence, customerId, zombieRules, { found: hunt(facts, nowMs), unknown, unread }, true);
};

/** Looks for what idles, customer by customer, those first that were tried longest ago. One that fails is nobody else's loss. */
export const huntZombies = async (deps: HuntDeps, fence: Fence): Promise<JobReport> =>
  await deps.breakers.during(["ec2"], async () => await huntAll(deps, fence));

const huntAll = async (deps: HuntDeps, fence: Fence): Promise<JobReport> => {
  const { hunting, clock, log } = deps;
  const startedAtMs = clock.nowMs();
  const connections = deps.connections ?? createConnections(clock);
  const report = { customers: 0, opened: 0, ended: 0, failed: 0 };
  for (const customerId of await hunting.due(startedAtMs - dayMs, startedAtMs - againMs, perRun)) {
    if (clock.nowMs() - startedAtMs > runMs) break;
    try {
      const done = await huntFor(deps, fence, connections, customerId);
      if (done === null) break;
      report.customers += 1;
      report.opened += done.opened;
      report.ended += done.ended;
    } catch (error) {
      report.failed += 1;
      log.error("zombie_hunt_failed", error, { customerId });
    }
  }
  if (report.opened + report.ended > 0) deps.tell?.();
  return report;
};
