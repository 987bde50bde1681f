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
import type { BackupFacts } from "../../domain/cost/zombie-steering.ts";
import { deadBackup } from "../../domain/cost/zombie-steering.ts";
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
const perRun = 500;
const runMs = 150_000;
/** What one customer's accounts may take of it. */
const customerMs = 20_000;
/** Services of a page of the first rule. */
const perPage = 500;

/** The account's own circuit is the steering's: to look for what idles neither opens nor heeds it. */
const open: DnsBudget["gate"] = { enter: async () => ({ leave: () => undefined }) };

const huntFor = async (deps: HuntDeps, fence: Fence, connections: Connections, customerId: number) => {
  const { hunting, dnsDirectory, cloud, clock } = deps;
  const nowMs = clock.nowMs();
  const connection = connectionOf(connections, { lane: "background", key: customerId });
  const budget: DnsBudget = { untilMs: nowMs + customerMs, connection, gate: open };
  const own = (await dnsDirectory.ofAll([customerId])).get(customerId) ?? null;
  const access = {
    own,
    all: own ?? (await dnsDirectory.of(customerId)),
    clouds: async () => (cloud === null ? [] : await cloud.of(customerId, budget)),
  };
  const { facts, unknown, unread } = await readFacts(hunting, customerId, access, budget, nowMs);
  return await hunting.record(fence, customerId, zombieRules, { found: hunt(facts, nowMs), unknown, unread }, true);
};

/** Looks for what idles, customer by customer, those first that have waited for longest. One that fails is nobody else's loss. */
export const huntZombies = async (deps: HuntDeps, fence: Fence): Promise<JobReport> =>
  await deps.breakers.during(["ec2"], async () => await huntAll(deps, fence));

const huntAll = async (deps: HuntDeps, fence: Fence): Promise<JobReport> => {
  const { hunting, clock, log } = deps;
  const startedAtMs = clock.nowMs();
  const connections = deps.connections ?? createConnections(clock);
  const report = { customers: 0, opened: 0, ended: 0, failed: 0 };
  for (const customerId of await hunting.due(startedAtMs - dayMs, perRun)) {
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

type Silent = BackupFacts & { readonly customerId: number };

/** Backups that would not pay, of all customers: by the database alone, so that they are found within the hour. */
export const checkBackups = async ({ hunting, clock, tell }: HuntDeps, fence: Fence): Promise<JobReport> => {
  const nowMs = clock.nowMs();
  const silent: Silent[] = [];
  for (let afterId: number | null = 0; afterId !== null;) {
    const page: Awaited<ReturnType<HuntStore["silentBackups"]>> = await hunting.silentBackups(afterId, perPage, nowMs);
    silent.push(...page.backups);
    afterId = page.nextId;
  }
  const rule = "backup-would-not-pay";
  const customers = new Set([...silent.map(({ customerId }) => customerId), ...(await hunting.customersWith(rule))]);
  const report = { silent: silent.length, opened: 0, ended: 0 };
  for (const customerId of customers) {
    const found = silent.filter((one) => one.customerId === customerId).flatMap((one) => deadBackup(one, nowMs));
    const done = await hunting.record(fence, customerId, [rule], { found, unknown: [], unread: [] }, false);
    if (done === null) break;
    report.opened += done.opened;
    report.ended += done.ended;
  }
  if (report.opened + report.ended > 0) tell?.();
  return report;
};
