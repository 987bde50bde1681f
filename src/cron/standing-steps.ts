import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { DnsAccess } from "../adapters/ports/steering/dns-access.ts";
import type { DnsBudget, WeightedRecord } from "../adapters/ports/steering/dns.ts";
import type { CheckersView, HealthCheck } from "../adapters/ports/steering/health-checks.ts";
import type { StandingDomain, StandingStore } from "../adapters/ports/steering/standing.ts";
import { parseStatusRanges } from "../domain/detection/probe.ts";
import type { CheckSide, StandingSituation, StandingStep } from "../domain/steering/standing-failover.ts";
import { checkSides, checkTargetOf, uncheckableStatus } from "../domain/steering/standing-failover.ts";

/*
 * One step of one domain's standing failover at its provider, and how the domain stands afterwards. Which step that is, when it is tried
 * again and who comes next is `keep-standing.ts`.
 */

type StepDeps = { readonly standing: StandingStore };

type Step = StandingStep<WeightedRecord>;

export const situationOf = (domain: StandingDomain, defaultPath: string): StandingSituation<WeightedRecord> => {
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
export type Access = { readonly dns: DnsAccess; readonly budget: DnsBudget };

/** `domain`: how it is afterwards. `more`: there may be something else to do at once. */
export type Progress = { readonly domain: StandingDomain; readonly more: boolean };

const failed = (domain: StandingDomain, detail: string): Progress => ({ domain: { ...domain, lastError: detail }, more: false });

/** Forces the check to be read again before anything else is tried. */
const doubted = (domain: StandingDomain): StandingDomain => ({ ...domain, checkedAtMs: null });

const rewrite = async (
  deps: StepDeps,
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

export const take = async (deps: StepDeps, fence: Fence, access: Access, domain: StandingDomain, step: Step): Promise<Progress> => {
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
export const inspected = (domain: StandingDomain, live: ReadonlyMap<string, HealthCheck>, nowMs: number): StandingDomain => {
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
export const read = async ({ dns, budget }: Access, domain: StandingDomain): Promise<StandingDomain> => {
  const reading = (await dns.read([domain.name], budget, new Map(domain.zoneId === null ? [] : [[domain.name, domain.zoneId]]))).get(
    domain.name,
  );
  if (reading === undefined || reading.status === "error") return { ...domain, routingStatus: "error", records: null };
  const records = reading.status === "found" ? reading.records : null;
  return { ...domain, routingStatus: reading.status, zoneId: reading.zoneId, records };
};
