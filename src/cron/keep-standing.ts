import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { DnsAccess, DnsDirectory } from "../adapters/ports/steering/dns-access.ts";
import type { DnsBudget } from "../adapters/ports/steering/dns.ts";
import type { CheckersView, HealthCheck } from "../adapters/ports/steering/health-checks.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { StandingDomain, StandingStore } from "../adapters/ports/steering/standing.ts";
import type { CheckSide, StandingSituation, StandingStep } from "../domain/steering/standing-failover.ts";
import { checkSides, checkTargetOf, nextStandingStep, uncheckableStatus } from "../domain/steering/standing-failover.ts";
import { parseStatusRanges } from "../domain/detection/probe.ts";
import type { WeightedRecord } from "../adapters/ports/steering/dns.ts";
import { backoffAfter } from "../domain/steering/backoff.ts";
import type { DnsAccount, Lanes, Standings } from "../pipeline/steering/accounts.ts";
import { createStandings } from "../pipeline/steering/accounts.ts";
import { operatorKey } from "../pipeline/steering/dns-by-customer.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { createConnections } from "../pipeline/connection-slots.ts";
import type { JobReport } from "./job.ts";

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

type Step = StandingStep<WeightedRecord>;

const situationOf = (domain: StandingDomain, defaultPath: string): StandingSituation<WeightedRecord> => {
  const path = domain.probePath ?? defaultPath;
  const target = (text: string | null) => (text === null ? null : checkTargetOf(text, path));
  return {
    frozen: domain.frozen,
    shadow: domain.shadow,
    verified: domain.verified,
    uncheckable: uncheckableStatus(parseStatusRanges(domain.expectStatus) ?? []),
    targets: { primary: target(domain.primaryTarget), backup: target(domain.backupTarget) },
    records: domain.zoneId === null ? null : domain.records,
    unprovisioned: domain.routingStatus === "unprovisioned",
  };
};

const withSide = (domain: StandingDomain, side: CheckSide, check: HealthCheck | null): StandingDomain["checks"] => ({
  ...domain.checks,
  [side]: check === null ? null : { id: check.id, version: check.version, target: check.target, disabled: check.disabled },
});

/** An account that is used for health checks only. */
type Access = { readonly dns: DnsAccess; readonly budget: DnsBudget };

/** `domain`: how it is afterwards. `more`: there may be something else to do at once. */
type Progress = { readonly domain: StandingDomain; readonly more: boolean };

const failed = (domain: StandingDomain, detail: string): Progress => ({ domain: { ...domain, lastError: detail }, more: false });

/** Forces the check to be read again before anything else is tried. */
const doubted = (domain: StandingDomain): StandingDomain => ({ ...domain, checkedAtMs: null });

const rewrite = async (
  deps: StandingDeps,
  fence: Fence,
  { dns, budget }: Access,
  domain: StandingDomain,
  step: Extract<Step, { kind: "rewrite" }>,
): Promise<Progress> => {
  const { zoneId, name, domainId, records } = domain;
  if (zoneId === null || records === null) return { domain, more: false };
  const kept = { ...domain, restore: step.restore };
  // The previous state is stored before it is changed.
  if (domain.restore === null && !(await deps.standing.save(fence, kept))) return { domain, more: false };
  const [result] = await dns.rewrite([{ domain: name, zoneId, records: step.before, after: step.after }], budget);
  if (result?.status === "accepted") {
    const changed = records.map((record) => step.after[step.before.indexOf(record)] ?? record);
    await deps.standing.noteRewrite(fence, domainId, changed, domain.state === "standing" ? "attach" : "detach");
    return { domain: { ...kept, records: changed, lastError: null }, more: true };
  }
  if (result?.status === "stale") await deps.standing.readAgain(fence, domainId);
  const detail = result === undefined ? "the change was not sent" : result.detail;
  if (!detail.includes("NoSuchHealthCheck")) return failed(kept, detail);
  // A check that the records had before is deleted: it can not be restored. One of tranche's is created again.
  return failed(domain.state === "removing" ? { ...kept, restore: {} } : doubted(kept), detail);
};

/** Why a check is not attached yet. */
const notHealthy = ({ side, check }: Extract<Step, { kind: "observe" }>, { healthy, all, regions }: CheckersView): string =>
  all === 0
    ? `Route 53's checkers have not reported on the ${side} yet`
    : `not attached: Route 53's checkers do not see the ${side} (${check.target?.host ?? ""}${check.target?.path ?? ""}) healthy from ` +
      `${regions.others.join(", ")} (${healthy} of ${all} do); let its CDN answer them with 2xx or 3xx`;

const take = async (deps: StandingDeps, fence: Fence, access: Access, domain: StandingDomain, step: Step): Promise<Progress> => {
  const { dns, budget } = access;
  switch (step.kind) {
    case "create": {
      const result = await dns.createCheck(step.reference, step.target, step.disabled, budget);
      if (result.status === "failed") return failed(domain, result.detail);
      if (result.status === "spent") return { domain: { ...domain, generation: domain.generation + 1 }, more: true };
      return { domain: { ...domain, checks: withSide(domain, step.side, result.check), lastError: null }, more: true };
    }
    case "update": {
      const result = await dns.updateCheck(step.check, step.target, step.disabled, budget);
      if (result.status === "failed") return failed(domain, result.detail);
      if (result.status === "stale") return { domain: doubted(domain), more: false };
      if (result.status === "done")
        return { domain: { ...domain, checks: withSide(domain, step.side, result.check), lastError: null }, more: true };
      return { domain: { ...domain, checks: withSide(domain, step.side, null), generation: domain.generation + 1 }, more: true };
    }
    case "observe": {
      const result = await dns.observeCheck(step.check.id, budget);
      if (result.status === "failed") return failed(domain, result.detail);
      if (result.status === "missing") return { domain: doubted(domain), more: false };
      const { seen } = result;
      if (seen.all === 0 || seen.regions.others.length > 0) return failed(domain, notHealthy(step, seen));
      return {
        domain: { ...domain, checks: { ...domain.checks, [step.side]: { ...step.check, seenHealthy: true } }, lastError: null },
        more: true,
      };
    }
    case "replace": {
      const obsolete = [...domain.obsolete, step.check.id];
      return { domain: { ...domain, checks: withSide(domain, step.side, null), obsolete, generation: domain.generation + 1 }, more: true };
    }
    case "rewrite":
      return await rewrite(deps, fence, access, domain, step);
    case "delete": {
      const result = await dns.deleteCheck(step.id, budget);
      if (result.status === "failed") return failed(domain, result.detail);
      const checks = { primary: null, backup: null } as Record<CheckSide, StandingDomain["checks"]["primary"]>;
      for (const side of checkSides) if (domain.checks[side]?.id !== step.id) checks[side] = domain.checks[side];
      return { domain: { ...domain, checks, obsolete: domain.obsolete.filter((id) => id !== step.id), lastError: null }, more: true };
    }
    case "forget":
      await deps.standing.forget(fence, domain.domainId);
      return { domain, more: false };
    case "rest":
      return { domain: { ...domain, attached: step.attached, lastError: step.waitingFor }, more: false };
  }
};

/** The state of a domain's checks at the provider, including changes by others. */
const inspected = (domain: StandingDomain, live: ReadonlyMap<string, HealthCheck>, nowMs: number): StandingDomain => {
  let seen: StandingDomain = { ...domain, checkedAtMs: nowMs };
  for (const side of checkSides) {
    const id = domain.checks[side]?.id;
    if (id === undefined) continue;
    const check = live.get(id) ?? null;
    const known = domain.checks[side];
    const isSame =
      check !== null &&
      known !== null &&
      JSON.stringify([check.id, check.target, check.disabled]) === JSON.stringify([known.id, known.target, known.disabled]);
    const checks = withSide(seen, side, check);
    const kept = checks[side];
    // What was seen of a check stays valid while the check is unchanged.
    seen = {
      ...seen,
      generation: seen.generation + (check === null ? 1 : 0),
      checks: isSame && kept !== null && known.seenHealthy === true ? { ...checks, [side]: { ...kept, seenHealthy: true } } : checks,
    };
  }
  return seen;
};

/** With freshly read records, where rounds no longer read them. */
const read = async ({ dns, budget }: Access, domain: StandingDomain): Promise<StandingDomain> => {
  const reading = (await dns.read([domain.name], budget, new Map(domain.zoneId === null ? [] : [[domain.name, domain.zoneId]]))).get(
    domain.name,
  );
  if (reading === undefined || reading.status === "error") return { ...domain, routingStatus: "error", records: null };
  const records = reading.status === "found" ? reading.records : null;
  return { ...domain, routingStatus: reading.status, zoneId: reading.zoneId, records };
};

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
