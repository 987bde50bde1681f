import { groupIncidents, reopenedWithinMs } from "../../src/domain/notify/incident.ts";
import type { Incident, Notification } from "../../src/domain/notify/incident.ts";
import type { NotificationKind } from "../../src/domain/notify/kinds.ts";
import { planDeliveries } from "../../src/domain/notify/plan.ts";
import type { NewDelivery, Thread } from "../../src/domain/notify/thread.ts";
import type { Subscriber } from "../../src/domain/notify/subscription.ts";

export type Kept = NewDelivery & { readonly id: number; state: "pending" | "sent" | "folded"; tried: boolean; endedAtMs: number | null };

type Service = { storm: number | null; unsettled: boolean; backupDown: boolean };

/**
 * The outbox in memory, written anew after its description: what the database does for the plan. Services are driven by hand;
 * `expand` plans what is new, `send` sends what is due.
 */
export const createNotifyModel = (
  channels: readonly Subscriber[],
  customerOf: (serviceId: number) => number,
  cdnOf: (serviceId: number) => string,
) => {
  const news: Notification[] = [];
  const all: Notification[] = [];
  const incidents: (Incident & { open: boolean })[] = [];
  const members: { incidentId: number; serviceId: number; stormId: number }[] = [];
  const deliveries: Kept[] = [];
  const services = new Map<number, Service>();
  let nowMs = 1_000_000;
  let nextIncident = 1;

  const service = (id: number): Service => {
    const known = services.get(id) ?? { storm: null, unsettled: false, backupDown: false };
    services.set(id, known);
    return known;
  };
  const put = (kind: NotificationKind, serviceId: number, stormId: number | null, facts: Record<string, unknown> = {}): void => {
    const one: Notification = {
      id: all.length + 1,
      customerId: customerOf(serviceId),
      serviceId,
      stormId,
      kind,
      subject: `service:${serviceId}`,
      facts: { service: `s${serviceId}`, primaryCdn: cdnOf(serviceId), backupCdn: "backup", ...facts },
      occurredAtMs: nowMs,
    };
    all.push(one);
    news.push(one);
  };
  const isOn = ({ incidentId, serviceId, stormId }: (typeof members)[number]): boolean => {
    const { storm, unsettled, backupDown } = service(serviceId);
    return incidents.find(({ id }) => id === incidentId)?.kind === "backup" ? backupDown : storm === stormId || unsettled;
  };
  const threads = (): Thread[] => {
    const groups = Map.groupBy(
      deliveries.filter(({ state }) => state !== "folded"),
      ({ channelId, thread }) => `${channelId} ${thread}`,
    );
    return [...groups.values()].flatMap((own) => {
      const sorted = own.toSorted((a, b) => a.seq - b.seq);
      const last = sorted.at(-1);
      if (last === undefined) return [];
      const lastTrigger = sorted.findLastIndex(({ action }) => action === "trigger");
      const since = sorted.slice(Math.max(0, lastTrigger));
      return [
        {
          channelId: last.channelId,
          thread: last.thread,
          lastSeq: Math.max(
            ...deliveries.filter((one) => one.channelId === last.channelId && one.thread === last.thread).map(({ seq }) => seq),
          ),
          open: sorted.findLast(({ action }) => action === "trigger" || action === "resolve")?.action === "trigger",
          waiting:
            last.state === "pending" && !last.tried
              ? { deliveryId: last.id, action: last.action, kind: last.kind, severity: last.severity, nextAtMs: last.nextAtMs }
              : null,
          updates: since.filter(({ action }) => action === "update").length,
          lastAtMs: Math.max(...sorted.map((one) => one.endedAtMs ?? one.nextAtMs)),
          escalated: since.some(({ kind, severity }) => severity === "critical" && (kind === "switch.held" || kind === "switch.failed")),
          resolved: last.thread.startsWith("incident:") && sorted.some(({ action }) => action === "resolve"),
        },
      ];
    });
  };

  return {
    all,
    deliveries,
    incidents,
    service,
    now: () => nowMs,
    pass: (ms: number): void => void (nowMs += ms),
    put,
    begin: (serviceId: number): void => {
      const own = service(serviceId);
      if (own.storm !== null) return;
      own.storm = all.length + 1_000;
      own.unsettled = true;
      put("storm.started", serviceId, own.storm);
      put("switch.done", serviceId, own.storm);
    },
    relapse: (serviceId: number): void => {
      const { storm } = service(serviceId);
      if (storm !== null) put("storm.relapsed", serviceId, storm);
    },
    end: (serviceId: number): void => {
      const own = service(serviceId);
      if (own.storm === null) return;
      put("storm.ended", serviceId, own.storm);
      own.storm = null;
      own.unsettled = false;
      put("failback.done", serviceId, null);
    },
    hold: (serviceId: number): void => {
      if (service(serviceId).storm !== null) put("switch.held", serviceId, null, { reason: "backup_down" });
    },
    expand: (): void => {
      const fresh = news.splice(0);
      const live = incidents
        .filter((one) => one.open || (one.endedAtMs ?? 0) > nowMs - reopenedWithinMs)
        .map((one): Incident => ({
          ...one,
          endedAtMs: one.open ? null : one.endedAtMs,
          unfinished: members.filter((m) => m.incidentId === one.id && isOn(m)).length,
        }));
      const ids = Array.from({ length: 2 * fresh.length }, (_, index) => nextIncident + index);
      nextIncident += ids.length;
      const changes = groupIncidents(
        fresh,
        {
          incidents: live,
          members: members.filter((m) => live.some(({ id }) => id === m.incidentId)),
          openStorms: new Set([...services.values()].flatMap(({ storm }) => storm ?? [])),
          unsettled: new Set([...services].flatMap(([id, own]) => (own.unsettled ? [id] : []))),
          backupDown: new Set([...services].flatMap(([id, own]) => (own.backupDown ? [id] : []))),
        },
        ids,
        nowMs,
      );
      const customers = new Map([...live, ...changes.opened].map((incident) => [incident.id, incident]));
      const plan = planDeliveries(fresh, channels, changes, customers, threads(), nowMs);
      for (const one of changes.opened) incidents.push({ ...one, open: true });
      members.push(...changes.joined);
      for (const one of incidents) {
        if (changes.reopened.has(one.id)) one.open = true;
        if (!changes.ended.has(one.id)) continue;
        one.open = false;
        Object.assign(one, { endedAtMs: nowMs });
      }
      for (const id of plan.folded) Object.assign(deliveries.find((one) => one.id === id) ?? {}, { state: "folded", endedAtMs: nowMs });
      for (const one of plan.absorbed) Object.assign(deliveries.find(({ id }) => id === one.deliveryId) ?? {}, one);
      for (const one of plan.made) deliveries.push({ ...one, id: deliveries.length + 1, state: "pending", tried: false, endedAtMs: null });
    },
    /** Sends what is due, of each thread the first; `fails` are tried and stay. */
    send: (fails: (delivery: Kept) => boolean = () => false): Kept[] => {
      const due = deliveries.filter(
        (one) =>
          one.state === "pending" &&
          one.nextAtMs <= nowMs &&
          !deliveries.some(
            (other) => other.channelId === one.channelId && other.thread === one.thread && other.state === "pending" && other.seq < one.seq,
          ),
      );
      for (const one of due) {
        one.tried = true;
        if (fails(one)) continue;
        Object.assign(one, { state: "sent", endedAtMs: nowMs });
      }
      return due.filter(({ state }) => state === "sent");
    },
  };
};
