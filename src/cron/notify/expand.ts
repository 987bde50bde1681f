import type { Fence } from "../../adapters/ports/coordination/lease.ts";
import type { Outbox } from "../../adapters/ports/notify/outbox.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import { groupIncidents } from "../../domain/notify/incident.ts";
import type { IncidentChanges, Notification } from "../../domain/notify/incident.ts";
import { planDeliveries } from "../../domain/notify/plan.ts";

/** Notifications whose messages are decided at once; what each of them says is small. */
const perBatch = 1_000;

/** Which log line stands for which change, beside the messages: one for whoever reads logs alone. */
const logged: Partial<Record<Notification["kind"], string>> = {
  "storm.started": "storm_started",
  "storm.recovering": "storm_recovering",
  "storm.relapsed": "storm_relapsed",
  "storm.ended": "storm_ended",
  "switch.done": "switch_done",
  "switch.failed": "switch_failed",
  "switch.held": "storm_held",
  "failback.started": "failback_started",
  "failback.done": "failback_done",
  "backup.down": "backup_down",
  "backup.up": "backup_up",
};

const tell = (log: Log, { id, kind, customerId, serviceId, stormId, facts }: Notification): void => {
  const event = logged[kind];
  if (event !== undefined)
    log.warn(event, {
      notification: id,
      customer: customerId,
      service: serviceId,
      storm: stormId,
      ...(typeof facts["reason"] === "string" && { reason: facts["reason"] }),
    });
};

const changes = ({ opened, joined, reopened, ended }: IncidentChanges): number =>
  opened.length + joined.length + reopened.size + ended.size;

/**
 * Decides the messages of everything that is new in the outbox, and which incidents begin and end.
 * @returns how many notifications there were; null: the lease is lost
 */
export const expandNews = async (outbox: Outbox, log: Log, fence: Fence, nowMs: () => number): Promise<number | null> => {
  let total = 0;
  for (;;) {
    const atMs = nowMs();
    const { notifications, surroundings, incidentIds, channels, threads } = await outbox.news(perBatch, atMs);
    const incidents = groupIncidents(notifications, surroundings, incidentIds, atMs);
    if (notifications.length + changes(incidents) === 0) return total;
    const known = new Map([...surroundings.incidents, ...incidents.opened].map((incident) => [incident.id, incident]));
    const plan = planDeliveries(notifications, channels, incidents, known, threads, atMs);
    if (!(await outbox.save(fence, notifications, incidents, plan, atMs))) return null;
    for (const one of notifications) tell(log, one);
    total += notifications.length;
    if (notifications.length < perBatch) return total;
  }
};
