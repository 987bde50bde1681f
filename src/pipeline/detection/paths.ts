import type { DomainRouting, RoundDomain, RoundService, Sample } from "../../adapters/ports/detection/round-view.ts";
import type { ProbePath } from "../../domain/detection/probe.ts";
import { isPublicName } from "../../domain/detection/probe.ts";

/** Whether a path of a domain counts: it is probed, and a discovered target has answered before. */
export const hasPath = (domain: RoundDomain, path: ProbePath): boolean => {
  if (path === "direct") return isPublicName(domain.name);
  const { routing } = domain;
  if (path === "primary") return domain.primaryTarget !== null || routing?.discoveredPrimaryOk === true;
  return domain.backupTarget !== null || routing?.discoveredBackupOk === true;
};

/**
 * A domain by its present records: where they name another target than the one probed in this round, nothing is
 * known of that yet.
 */
export const asFound = (domain: RoundDomain, found: DomainRouting | undefined): RoundDomain => {
  const { routing } = domain;
  if (found === undefined || routing === null) return domain;
  const { discoveredPrimaryTarget, discoveredBackupTarget, discoveredPrimaryOk, discoveredBackupOk } = found;
  if (discoveredPrimaryTarget === routing.discoveredPrimaryTarget && discoveredBackupTarget === routing.discoveredBackupTarget)
    return domain;
  return { ...domain, routing: { ...routing, discoveredPrimaryTarget, discoveredBackupTarget, discoveredPrimaryOk, discoveredBackupOk } };
};

/** Whether a path is probed without counting: a discovered target that has not answered yet. */
export const onTrial = (domain: RoundDomain, path: ProbePath): boolean => {
  const { routing } = domain;
  const target = path === "primary" ? routing?.discoveredPrimaryTarget : path === "backup" ? routing?.discoveredBackupTarget : null;
  return target != null && !hasPath(domain, path);
};

/** Without a primary target or a probed backup there is nothing to steer between: storms are recorded, DNS is not changed. */
export const isMonitorOnly = (service: RoundService): boolean =>
  !service.domains.some((domain) => hasPath(domain, "primary")) || !service.domains.some((domain) => hasPath(domain, "backup"));

/** A discovered target that answered for the first time counts from now on, unless the records name another one now. */
export const withDiscoveries = (domain: RoundDomain, current: DomainRouting, samples: readonly Sample[]): DomainRouting => {
  const answered = (path: ProbePath, given: string | null, probed: string | null | undefined, target: string | null) =>
    given === null &&
    target !== null &&
    probed === target &&
    samples.some((sample) => sample.domainId === domain.domainId && sample.path === path && sample.ok);
  const { primaryTarget, backupTarget, routing } = domain;
  const primaryOk =
    current.discoveredPrimaryOk || answered("primary", primaryTarget, routing?.discoveredPrimaryTarget, current.discoveredPrimaryTarget);
  const backupOk =
    current.discoveredBackupOk || answered("backup", backupTarget, routing?.discoveredBackupTarget, current.discoveredBackupTarget);
  if (primaryOk === current.discoveredPrimaryOk && backupOk === current.discoveredBackupOk) return current;
  return { ...current, discoveredPrimaryOk: primaryOk, discoveredBackupOk: backupOk };
};
