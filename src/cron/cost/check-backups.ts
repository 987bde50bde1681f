import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { HuntStore, PagedService, SilentBackup, Unknown } from "../../adapters/ports/cost/hunting.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import { backupKey, deadBackup } from "../../domain/cost/zombie-steering.ts";
import type { JobReport } from "../job.ts";
import type { HuntDeps } from "./hunt.ts";

const rule = "backup-would-not-pay";
/** Services of a page. */
const perPage = 500;
/** To find the one of a page that can not be read takes twice as many readings as it can be halved; a database that is away fails them all. */
const mostFailures = 40;

/** What was read of all services, and of which nobody knows. `isWhole`: every service was come by. */
type Backups = { readonly silent: SilentBackup[]; readonly unread: PagedService[]; isWhole: boolean; failures: number };

const unknownOf = (one: Pick<SilentBackup, "serviceId" | "cdn">): Unknown => ({ rule, account: null, key: backupKey(one) });

/** Reads the backups of these services. What fails is halved, so that one that can not be read leaves the others theirs. Never throws. */
const readPage = async (hunting: HuntStore, log: Log, all: Backups, page: readonly PagedService[], nowMs: number): Promise<void> => {
  if (all.failures >= mostFailures) {
    all.unread.push(...page);
    return;
  }
  try {
    const ids = page.map(({ serviceId }) => serviceId);
    all.silent.push(...(await hunting.silentBackups(ids, nowMs)));
  } catch (error) {
    all.failures += 1;
    if (page.length === 1 || all.failures >= mostFailures) {
      log.error("backups_unread", error, { services: page.length, serviceId: page[0]?.serviceId });
      all.unread.push(...page);
      return;
    }
    const middle = Math.ceil(page.length / 2);
    await readPage(hunting, log, all, page.slice(0, middle), nowMs);
    await readPage(hunting, log, all, page.slice(middle), nowMs);
  }
};

const readAll = async (hunting: HuntStore, log: Log, nowMs: number): Promise<Backups> => {
  const all: Backups = { silent: [], unread: [], isWhole: true, failures: 0 };
  for (let afterId: number | undefined = 0; afterId !== undefined;) {
    let page: readonly PagedService[];
    try {
      page = await hunting.services(afterId, perPage);
    } catch (error) {
      // What was read before it is known; of the others nobody knows.
      if (afterId === 0) throw error;
      log.error("backups_unread", error, { afterId });
      return { ...all, isWhole: false };
    }
    await readPage(hunting, log, all, page, nowMs);
    afterId = page.length < perPage ? undefined : page.at(-1)?.serviceId;
  }
  return all;
};

/** Backups that would not pay, of all customers: by the database alone, so that they are found within the hour. */
export const checkBackups = async ({ hunting, clock, log, tell }: HuntDeps, fence: Fence): Promise<JobReport> => {
  const nowMs = clock.nowMs();
  const { silent, unread, isWhole } = await readAll(hunting, log, nowMs);
  const dead = Map.groupBy(
    silent.filter(({ isKnown }) => isKnown),
    ({ customerId }) => customerId,
  );
  const unknown = Map.groupBy([...silent.filter(({ isKnown }) => !isKnown), ...unread], ({ customerId }) => customerId);
  const customers = new Set([...dead.keys(), ...(await hunting.customersWith(rule))]);
  const report = { silent: silent.filter(({ isKnown }) => isKnown).length, opened: 0, ended: 0, failed: 0 };
  for (const customerId of customers) {
    try {
      const found = (dead.get(customerId) ?? []).flatMap((one) => deadBackup(one, nowMs));
      const open = isWhole ? (unknown.get(customerId) ?? []).map(unknownOf) : [{ rule, account: null } as const];
      const done = await hunting.record(fence, customerId, [rule], { found, unknown: open, unread: [] }, false);
      if (done === null) break;
      report.opened += done.opened;
      report.ended += done.ended;
    } catch (error) {
      report.failed += 1;
      log.error("check_backups_failed", error, { customerId });
    }
  }
  if (report.opened + report.ended > 0) tell?.();
  return report;
};
