import type { Clock } from "../adapters/ports/clock.ts";
import type { DnsAccess, DnsDirectory } from "../adapters/ports/dns-access.ts";
import type { HealthCheck } from "../adapters/ports/health-checks.ts";
import type { Fence } from "../adapters/ports/lease.ts";
import type { Log } from "../adapters/ports/log.ts";
import type { StandingDomain, StandingStore } from "../adapters/ports/standing.ts";
import type { CheckSide, StandingSituation, StandingStep } from "../domain/standing-failover.ts";
import { checkSides, checkTargetOf, nextStandingStep } from "../domain/standing-failover.ts";
import type { WeightedRecord } from "../adapters/ports/dns.ts";
import type { JobReport } from "./job.ts";

export type StandingDeps = {
  readonly standing: StandingStore;
  readonly dnsDirectory: DnsDirectory;
  readonly clock: Clock;
  readonly log: Log;
  readonly probe: { readonly path: string; readonly intervalMs: number };
  readonly driftCheckMs: number;
};

/** A run has a minute; what a pass cannot do is done by the next one. */
const runMs = 48_000;
const passMs = 10_000;
/** From nothing to attached are three steps, a replaced check needs two more. */
const stepsPerDomain = 8;

type Step = StandingStep<WeightedRecord>;

const situationOf = (domain: StandingDomain, defaultPath: string): StandingSituation<WeightedRecord> => {
  const path = domain.probePath ?? defaultPath;
  const target = (text: string | null) => (text === null ? null : checkTargetOf(text, path));
  return {
    frozen: domain.frozen,
    shadow: domain.shadow,
    verified: domain.verified,
    targets: { primary: target(domain.primaryTarget), backup: target(domain.backupTarget) },
    records: domain.zoneId === null ? null : domain.records,
    unprovisioned: domain.routingStatus === "unprovisioned",
  };
};

const withSide = (domain: StandingDomain, side: CheckSide, check: HealthCheck | null): StandingDomain["checks"] => ({
  ...domain.checks,
  [side]: check === null ? null : { id: check.id, version: check.version, target: check.target, disabled: check.disabled },
});

/** `domain`: how it is afterwards. `more`: there may be something else to do at once. */
type Progress = { readonly domain: StandingDomain; readonly more: boolean };

const failed = (domain: StandingDomain, detail: string): Progress => ({ domain: { ...domain, lastError: detail }, more: false });

/** The check is to be looked at again before anything else is tried. */
const doubted = (domain: StandingDomain): StandingDomain => ({ ...domain, checkedAtMs: null });

const rewrite = async (deps: StandingDeps, fence: Fence, dns: DnsAccess, domain: StandingDomain, step: Extract<Step, { kind: "rewrite" }>): Promise<Progress> => {
  const { zoneId, name, domainId, records } = domain;
  if (zoneId === null || records === null) return { domain, more: false };
  const kept = { ...domain, restore: step.restore };
  // What was there before is stored before it is taken away.
  if (domain.restore === null && !(await deps.standing.save(fence, kept))) return { domain, more: false };
  const [result] = await dns.rewrite([{ domain: name, zoneId, records: step.before, after: step.after }]);
  if (result?.status === "accepted") {
    const changed = records.map((record) => step.after[step.before.indexOf(record)] ?? record);
    await deps.standing.noteRewrite(fence, domainId, changed, domain.state === "standing" ? "attach" : "detach");
    return { domain: { ...kept, records: changed, lastError: null }, more: true };
  }
  if (result?.status === "stale") await deps.standing.readAgain(fence, domainId);
  const detail = result === undefined ? "the change was not sent" : result.detail;
  if (!detail.includes("NoSuchHealthCheck")) return failed(kept, detail);
  // A check that the records had before is gone itself: there is nothing to go back to. One of ours is made anew.
  return failed(domain.state === "removing" ? { ...kept, restore: {} } : doubted(kept), detail);
};

const take = async (deps: StandingDeps, fence: Fence, dns: DnsAccess, domain: StandingDomain, step: Step): Promise<Progress> => {
  switch (step.kind) {
    case "create": {
      const result = await dns.createCheck(step.reference, step.target, step.disabled);
      if (result.status === "failed") return failed(domain, result.detail);
      if (result.status === "spent") return { domain: { ...domain, generation: domain.generation + 1 }, more: true };
      return { domain: { ...domain, checks: withSide(domain, step.side, result.check), lastError: null }, more: true };
    }
    case "update": {
      const result = await dns.updateCheck(step.check, step.target, step.disabled);
      if (result.status === "failed") return failed(domain, result.detail);
      if (result.status === "stale") return { domain: doubted(domain), more: false };
      if (result.status === "done") return { domain: { ...domain, checks: withSide(domain, step.side, result.check), lastError: null }, more: true };
      return { domain: { ...domain, checks: withSide(domain, step.side, null), generation: domain.generation + 1 }, more: true };
    }
    case "replace": {
      const obsolete = [...domain.obsolete, step.check.id];
      return { domain: { ...domain, checks: withSide(domain, step.side, null), obsolete, generation: domain.generation + 1 }, more: true };
    }
    case "rewrite":
      return await rewrite(deps, fence, dns, domain, step);
    case "delete": {
      const result = await dns.deleteCheck(step.id);
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

/** What the checks of a domain have become at the provider, by somebody else's hand perhaps. */
const inspected = (domain: StandingDomain, live: ReadonlyMap<string, HealthCheck>, nowMs: number): StandingDomain => {
  let seen: StandingDomain = { ...domain, checkedAtMs: nowMs };
  for (const side of checkSides) {
    const id = domain.checks[side]?.id;
    if (id === undefined) continue;
    const check = live.get(id) ?? null;
    seen = { ...seen, checks: withSide(seen, side, check), generation: seen.generation + (check === null ? 1 : 0) };
  }
  return seen;
};

/** With the records as they are now, where no round reads them any more. */
const read = async (dns: DnsAccess, domain: StandingDomain): Promise<StandingDomain> => {
  const reading = (await dns.read([domain.name])).get(domain.name);
  if (reading === undefined || reading.status === "error") return { ...domain, routingStatus: "error", records: null };
  const records = reading.status === "found" ? reading.records : null;
  return { ...domain, routingStatus: reading.status, zoneId: reading.zoneId, records };
};

const progressOf = ({ generation, checks, restore, obsolete, attached, checkedAtMs, lastError }: StandingDomain) =>
  JSON.stringify([generation, checks, restore, obsolete, attached, checkedAtMs, lastError]);

/**
 * Brings every standing failover one pass further: made, attached, enabled or disabled with a freeze, healed where somebody
 * changed it, removed. Costs nothing at the provider while all is as it should be, but one listing per `DRIFT_CHECK`.
 * @returns how many there are, and how many of them needed anything
 */
export const passStanding = async (deps: StandingDeps, fence: Fence): Promise<{ kept: number; changed: number; failures: number }> => {
  const { standing, dnsDirectory, clock, log, driftCheckMs } = deps;
  const domains = await standing.all();
  const untilMs = clock.nowMs() + passMs;
  const listings = new Map<DnsAccess, Awaited<ReturnType<DnsAccess["listChecks"]>>>();
  let [changed, failures] = [0, 0];
  for (const before of domains) {
    if (clock.nowMs() > untilMs) break;
    const dns = await dnsDirectory.of(before.customerId);
    let domain = before.orphaned ? await read(dns, before) : before;
    if (before.checkedAtMs === null || clock.nowMs() - before.checkedAtMs >= driftCheckMs) {
      const listed = listings.get(dns) ?? (await dns.listChecks());
      listings.set(dns, listed);
      domain = listed.status === "done" ? inspected(domain, listed.checks, clock.nowMs()) : { ...domain, lastError: listed.detail };
    }
    let forgotten = false;
    for (let count = 0; count < stepsPerDomain; count += 1) {
      const step = nextStandingStep(domain, situationOf(domain, deps.probe.path));
      const progress = await take(deps, fence, dns, domain, step);
      forgotten = step.kind === "forget";
      // Stored step by step: what was made at AWS is never forgotten.
      if (!forgotten && progressOf(progress.domain) !== progressOf(before) && !(await standing.save(fence, progress.domain))) {
        return { kept: domains.length, changed, failures };
      }
      domain = progress.domain;
      if (!progress.more) break;
    }
    if (forgotten || progressOf(domain) !== progressOf(before)) changed += 1;
    if (domain.lastError !== null && domain.lastError !== before.lastError) {
      failures += 1;
      log.warn("standing_failover", { name: domain.name, error: domain.lastError });
    }
  }
  return { kept: domains.length, changed, failures };
};

/** Passes for most of a minute, so that a freeze is followed within an interval; one alone where there is nothing to keep. */
export const keepStanding = async (deps: StandingDeps, fence: Fence): Promise<JobReport> => {
  const startedAtMs = deps.clock.nowMs();
  let [passes, changed, failures] = [0, 0, 0];
  for (;;) {
    const pass = await passStanding(deps, fence);
    passes += 1;
    changed += pass.changed;
    failures += pass.failures;
    const over = deps.clock.nowMs() + deps.probe.intervalMs - startedAtMs > runMs;
    if (pass.kept === 0 || over) return { kept: pass.kept, passes, changed, failures };
    await deps.clock.sleep(deps.probe.intervalMs);
  }
};
