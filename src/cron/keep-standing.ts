import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { DnsAccess, DnsDirectory } from "../adapters/ports/steering/dns-access.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { StandingDomain, StandingStore } from "../adapters/ports/steering/standing.ts";
import { nextStandingStep } from "../domain/steering/standing-failover.ts";
import { backoffAfter } from "../domain/steering/backoff.ts";
import type { DnsAccount, Lanes, Standings } from "../pipeline/steering/accounts.ts";
import { createStandings } from "../pipeline/steering/accounts.ts";
import { operatorKey } from "../pipeline/steering/dns-by-customer.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { createConnections } from "../pipeline/connection-slots.ts";
import type { JobReport } from "./job.ts";
import type { Access } from "./standing-steps.ts";
import { inspected, read, situationOf, take } from "./standing-steps.ts";

export type StandingDeps = {
  readonly standing: StandingStore;
  readonly dnsDirectory: DnsDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly probe: { readonly path: string; readonly intervalMs: number };
  readonly driftCheckMs: number;
  /** The connections of this invocation, shared with its other work; without them a run has its own. */
  readonly connections?: Connections;
};

/** A run has a minute; what a pass cannot do is left to the next one. */
const runMs = 48_000;
const passMs = 10_000;
/** Backoff of a failed step. Other steps, as for a freeze, are not delayed. */
const retry = { firstMs: 10_000, mostMs: 300_000 };
const lanes: Lanes = { look: "background", change: "background" };
/** From nothing to attached are five steps, a replaced check needs two more. */
const stepsPerDomain = 10;

const progressOf = ({
  generation,
  checks,
  restore,
  obsolete,
  attached,
  checkedAtMs,
  lastError,
  failedStep,
  failures,
  nextAtMs,
}: StandingDomain) =>
  JSON.stringify([generation, checks, restore, obsolete, attached, checkedAtMs, lastError, failedStep, failures, nextAtMs]);

type Listing = Awaited<ReturnType<DnsAccess["listChecks"]>>;

/** The result of a pass over some domains. */
type Passed = { changed: number; failures: number };

/** Listing the checks of an account, besides the steps. */
const listing = "list";

const isPutOff = ({ failedStep, nextAtMs }: StandingDomain, step: string, nowMs: number): boolean =>
  failedStep === step && nextAtMs !== null && nowMs < nextAtMs;

const afterFailure = (domain: StandingDomain, step: string, nowMs: number): StandingDomain => {
  const failures = domain.failedStep === step ? domain.failures + 1 : 1;
  return { ...domain, failedStep: step, failures, nextAtMs: nowMs + backoffAfter(failures, retry, domain.domainId) };
};

const afterSuccess = (domain: StandingDomain): StandingDomain => ({ ...domain, failedStep: null, failures: 0, nextAtMs: null });

/** The domain with its checks as at the provider, where a check of them is due. */
const withChecks = async (deps: StandingDeps, domain: StandingDomain, list: () => Promise<Listing>): Promise<StandingDomain> => {
  const nowMs = deps.clock.nowMs();
  const isDue = domain.checkedAtMs === null || nowMs - domain.checkedAtMs >= deps.driftCheckMs;
  if (!isDue || isPutOff(domain, listing, nowMs)) return domain;
  const listed = await list();
  if (listed.status === "done")
    return inspected(domain.failedStep === listing ? afterSuccess(domain) : domain, listed.checks, deps.clock.nowMs());
  return afterFailure({ ...domain, lastError: listed.detail }, listing, deps.clock.nowMs());
};

/** Advances one domain as far as possible. @returns null where the lease is lost; `forgotten`: nothing is left of it */
const passDomain = async (
  deps: StandingDeps,
  fence: Fence,
  access: Access,
  before: StandingDomain,
  list: () => Promise<Listing>,
): Promise<{ readonly domain: StandingDomain; readonly forgotten: boolean } | null> => {
  const { standing, clock } = deps;
  let domain = await withChecks(deps, before.orphaned ? await read(access, before) : before, list);
  for (let count = 0; count < stepsPerDomain; count += 1) {
    const step = nextStandingStep(domain, situationOf(domain, deps.probe.path));
    const key = JSON.stringify(step);
    const isWaiting = isPutOff(domain, key, clock.nowMs());
    const progress = isWaiting ? { domain, more: false } : await take(deps, fence, access, domain, step);
    if (step.kind === "forget" && !isWaiting) return { domain, forgotten: true };
    const isFailed = !isWaiting && !progress.more && step.kind !== "rest" && progress.domain.lastError !== null;
    domain = isFailed ? afterFailure(progress.domain, key, clock.nowMs()) : progress.more ? afterSuccess(progress.domain) : progress.domain;
    // Stored after each step: what was created at AWS is never lost.
    if (progressOf(domain) !== progressOf(before) && !(await standing.save(fence, domain))) return null;
    if (!progress.more) break;
  }
  return { domain, forgotten: false };
};

/** Advances the domains of one account, one after the other; an account that does not answer delays no other. */
const passAccount = async (
  deps: StandingDeps,
  fence: Fence,
  account: DnsAccount<DnsAccess>,
  domains: readonly StandingDomain[],
  untilMs: number,
): Promise<Passed> => {
  const { clock, log } = deps;
  const access: Access = { dns: account.dns, budget: account.budget(untilMs, "change") };
  const passed: Passed = { changed: 0, failures: 0 };
  let listed: Promise<Listing> | null = null;
  const list = (): Promise<Listing> => (listed ??= access.dns.listChecks(access.budget));
  for (const before of domains) {
    if (clock.nowMs() > untilMs || !account.isAsked()) break;
    const after = await passDomain(deps, fence, access, before, list);
    if (after === null) break;
    const { domain, forgotten } = after;
    if (forgotten || progressOf(domain) !== progressOf(before)) passed.changed += 1;
    if (domain.lastError !== null && domain.lastError !== before.lastError) {
      passed.failures += 1;
      log.warn("standing_failover", { name: domain.name, error: domain.lastError });
    }
  }
  return passed;
};

/**
 * Advances every standing failover by one pass: created, attached, enabled or disabled with a freeze, healed where somebody
 * changed it, removed. In the steady state it costs one listing per `DRIFT_CHECK` at the provider.
 * @param standings the state of the accounts in this run
 * @returns how many there are, and how many of them needed anything
 */
export const passStanding = async (
  deps: StandingDeps,
  fence: Fence,
  standings: Standings,
): Promise<{ kept: number; changed: number; failures: number }> => {
  const { standing, dnsDirectory, clock } = deps;
  const all = await standing.all();
  const untilMs = clock.nowMs() + passMs;
  const own = await dnsDirectory.ofAll([...new Set(all.map(({ customerId }) => customerId))]);
  const owners = new Map(all.map(({ name, customerId }) => [name, customerId]));
  const operator = dnsDirectory.operatorFor?.((name) => owners.get(name) ?? operatorKey) ?? dnsDirectory.operator;
  // Longest unchecked first: where a pass has no time for all, the next one takes the others.
  const ordered = all.toSorted((a, b) => (a.checkedAtMs ?? 0) - (b.checkedAtMs ?? 0));
  const byAccount = Map.groupBy(ordered, ({ customerId }) => (own.has(customerId) ? customerId : operatorKey));
  const passes = [...byAccount].map(async ([key, domains]) => {
    const account = { id: key, ...standings.account(key, own.get(key) ?? operator, lanes) };
    return await passAccount(deps, fence, account, domains, untilMs);
  });
  const passed = await Promise.all(passes);
  const sum = (count: (one: Passed) => number) => passed.reduce((total, one) => total + count(one), 0);
  return { kept: all.length, changed: sum(({ changed }) => changed), failures: sum(({ failures }) => failures) };
};

/** Repeats passes for most of a minute, so that a freeze takes effect within an interval; a single one where there are none. */
export const keepStanding = async (deps: StandingDeps, fence: Fence): Promise<JobReport> => {
  const startedAtMs = deps.clock.nowMs();
  const standings = createStandings(deps.clock, deps.connections ?? createConnections(deps.clock));
  const troubled = await deps.standing.troubledAccounts();
  standings.adopt(
    troubled,
    troubled.map(({ customerId }) => customerId),
  );
  let [passes, changed, failures] = [0, 0, 0];
  for (;;) {
    const pass = await passStanding(deps, fence, standings);
    passes += 1;
    changed += pass.changed;
    failures += pass.failures;
    const over = deps.clock.nowMs() + deps.probe.intervalMs - startedAtMs > runMs;
    if (pass.kept === 0 || over) return { kept: pass.kept, passes, changed, failures };
    await deps.clock.sleep(deps.probe.intervalMs);
  }
};
