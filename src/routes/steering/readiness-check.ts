import type { Deps } from "../../adapters/ports/deps.ts";
import type { DnsSetup, ReadinessCheck } from "../../adapters/ports/steering/dns-setup.ts";
import type { Change } from "../../adapters/ports/tenants/change.ts";
import { noSuchResource } from "../../auth/guards.ts";
import { overallResult } from "../../domain/steering/readiness.ts";
import { AppError } from "../../errors.ts";
import { createConnections } from "../../pipeline/connection-slots.ts";
import { whileHeld } from "../../pipeline/lease.ts";
import { requestBudget } from "../../pipeline/request-budget.ts";
import type { ReadinessDeps } from "../../pipeline/steering/readiness.ts";
import { checkReadiness } from "../../pipeline/steering/readiness.ts";

const dayMs = 86_400_000;

/** Domains per check: with forty hanging targets it still answers within an edge's 25 s. */
export const domainsPerCheck = 20;

/** For a customer's own role, how far it trusts others; without an account of their own, which customers the operator's zones serve. */
const accountFacts = async (deps: Deps, customerId: number): Promise<Pick<ReadinessDeps, "trust" | "isBound">> => {
  const [account] = await deps.dnsAccounts.list(customerId, { limit: 1, afterId: null });
  if (account === undefined) return { isBound: deps.zoneBindings.isBound };
  if (account.roleArn === null || deps.roleTrust === null) return {};
  const role = { roleArn: account.roleArn, region: account.region };
  return { trust: await deps.roleTrust.trustOf(role, requestBudget(deps.clock, createConnections(deps.clock))) };
};

/** One check of a service at a time. @throws AppError `conflict` while another one is under way */
const run = async (deps: Deps, setup: DnsSetup, change: Change): Promise<ReadinessCheck> => {
  const { serviceId, customerId } = setup;
  const fence = await deps.leases.acquire(`readiness:${serviceId}`, deps.config.provider, change.requestId);
  if (fence === null) throw new AppError("conflict", "a check of this service is under way");
  try {
    return await whileHeld(deps, fence, async () => {
      const nowMs = deps.clock.nowMs();
      const health = await deps.dnsSetup.backupHealth(serviceId, nowMs - dayMs);
      const dns = await deps.dnsDirectory.of(customerId);
      const checks = await checkReadiness(
        { ...deps, dns, probe: deps.config.probe, ...(await accountFacts(deps, customerId)) },
        setup,
        health,
        nowMs,
      );
      const found = {
        serviceId,
        checkedAtMs: nowMs,
        actor: change.actor,
        result: overallResult(checks),
        checks,
        domainsChecked: setup.domains.length,
        domainsTotal: setup.domainsTotal,
      };
      const saved = await deps.dnsSetup.saveCheck(fence, found, change);
      if (saved === null) throw new AppError("unavailable", "the check took too long");
      return saved;
    });
  } finally {
    await deps.leases.release(fence).catch(() => undefined);
  }
};

/**
 * A readiness check of a page of a service's domains, to be run. The API and the console do it by the same rules.
 * @throws AppError `not_found`; when it is run `conflict` while another one is under way, `unavailable` where it took too long
 */
export const readinessCheck = async (deps: Deps, customerId: number, serviceId: number, afterDomainId = 0) => {
  const setup = await deps.dnsSetup.get(customerId, serviceId, { limit: domainsPerCheck, afterDomainId });
  if (setup === null) throw noSuchResource();
  return { setup, run: (change: Change) => run(deps, setup, change) };
};
