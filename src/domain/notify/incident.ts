import type { NotificationKind } from "./kinds.ts";
import { isOfIncident } from "./kinds.ts";

/** A row of the outbox. `facts` are what its trigger wrote (drizzle/0050). */
export type Notification = {
  readonly id: number;
  /** Null: the operator's alone. */
  readonly customerId: number | null;
  readonly serviceId: number | null;
  readonly stormId: number | null;
  readonly kind: NotificationKind;
  readonly subject: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly occurredAtMs: number;
};

export type IncidentKind = "storm" | "backup";

/** An incident that is open, or ended so lately that it may be opened again. */
export type Incident = {
  readonly id: number;
  readonly customerId: number | null;
  readonly cdn: string;
  readonly kind: IncidentKind;
  readonly lastEdgeAtMs: number;
  readonly endedAtMs: number | null;
  /** Of its services as they are known to the database now: storms that have not ended, services that are not back to normal. */
  readonly unfinished: number;
};

/** A service's part in an incident. `stormId` is 0 in one of kind `backup`. */
export type Member = { readonly incidentId: number; readonly serviceId: number; readonly stormId: number; readonly atMs: number };

/** What the database knows of the services and storms that the news is about. */
export type Surroundings = {
  readonly incidents: readonly Incident[];
  readonly members: readonly { readonly incidentId: number; readonly serviceId: number; readonly stormId: number }[];
  /** Storms that have not ended. */
  readonly openStorms: ReadonlySet<number>;
  /** Services that are on their backup, on their way back, or held. */
  readonly unsettled: ReadonlySet<number>;
  /** Services whose backup is down. */
  readonly backupDown: ReadonlySet<number>;
};

/** What becomes of incidents by the news. */
export type IncidentChanges = {
  readonly opened: readonly Incident[];
  readonly joined: readonly Member[];
  /** Those that the news touched, with the time of their latest edge. */
  readonly touched: ReadonlyMap<number, number>;
  readonly reopened: ReadonlySet<number>;
  readonly ended: ReadonlySet<number>;
  /** Of each notification the incidents that it belongs to: the customer's and the installation's. */
  readonly of: ReadonlyMap<number, readonly number[]>;
};

/** An incident that ended is the same one again where its CDN fails within so long. */
export const reopenedWithinMs = 60_000;

const edges: ReadonlySet<NotificationKind> = new Set(["storm.started", "storm.relapsed", "storm.ended", "backup.down", "backup.up"]);

const cdnOf = ({ kind, facts }: Notification): string | null => {
  const cdn = facts[kind === "backup.down" ? "backupCdn" : "primaryCdn"];
  return typeof cdn === "string" ? cdn : null;
};

/**
 * Groups what happens to services by the CDN that it happens on: one incident of each customer, and one of the installation
 * (customer null). A storm joins the incident of its CDN that is open, or that ended within the last minute; there is at most one
 * open of each kind. It ends when all of its storms have ended and its services are back where they normally are.
 * @param news in the order of their ids
 * @param ids for incidents that are opened: two for each `storm.started` and `backup.down` are enough
 */
export const groupIncidents = (
  news: readonly Notification[],
  around: Surroundings,
  ids: readonly number[],
  nowMs: number,
): IncidentChanges => {
  const live = new Map<string, Incident>();
  const keyOf = (customerId: number | null, kind: IncidentKind, cdn: string): string => `${customerId ?? ""}/${kind}/${cdn}`;
  // By clocks that differ there may be one that ended just now beside the one that is open: that one it is.
  for (const incident of [...around.incidents].toSorted((a, b) => Number(a.endedAtMs === null) - Number(b.endedAtMs === null)))
    live.set(keyOf(incident.customerId, incident.kind, incident.cdn), incident);
  const byId = new Map(around.incidents.map((incident) => [incident.id, incident]));
  const memberKeys = new Set(around.members.map((m) => `${m.incidentId}/${m.serviceId}/${m.stormId}`));
  const ofService = new Map<number, Set<number>>();
  const ofStorm = new Map<number, Set<number>>();
  const note = (map: Map<number, Set<number>>, key: number, incidentId: number): void =>
    void map.set(key, (map.get(key) ?? new Set()).add(incidentId));
  for (const { incidentId, serviceId, stormId } of around.members) {
    note(ofService, serviceId, incidentId);
    if (stormId !== 0) note(ofStorm, stormId, incidentId);
  }
  const free = [...ids];
  const opened: Incident[] = [];
  const joined: Member[] = [];
  const touched = new Map<number, number>();
  const reopened = new Set<number>();
  const of = new Map<number, readonly number[]>();

  const join = (one: Notification, customerId: number | null, kind: IncidentKind, cdn: string, serviceId: number): number | null => {
    const key = keyOf(customerId, kind, cdn);
    let incident = live.get(key);
    if (incident === undefined) {
      const id = free.shift();
      if (id === undefined) return null;
      incident = { id, customerId, cdn, kind, lastEdgeAtMs: one.occurredAtMs, endedAtMs: null, unfinished: 0 };
      live.set(key, incident);
      byId.set(id, incident);
      opened.push(incident);
    } else if (incident.endedAtMs !== null) reopened.add(incident.id);
    const stormId = kind === "storm" ? (one.stormId ?? 0) : 0;
    // Of one that is opened again its services are part again.
    if (!memberKeys.has(`${incident.id}/${serviceId}/${stormId}`) || incident.endedAtMs !== null) {
      memberKeys.add(`${incident.id}/${serviceId}/${stormId}`);
      joined.push({ incidentId: incident.id, serviceId, stormId, atMs: one.occurredAtMs });
      note(ofService, serviceId, incident.id);
      if (stormId !== 0) note(ofStorm, stormId, incident.id);
    }
    return incident.id;
  };

  const isOpen = (id: number, kind: IncidentKind): boolean => {
    const incident = byId.get(id);
    return incident !== undefined && incident.kind === kind && (incident.endedAtMs === null || reopened.has(id));
  };

  for (const one of news) {
    const { serviceId, stormId, kind } = one;
    if (serviceId === null || !isOfIncident(kind)) continue;
    const cdn = cdnOf(one);
    const group: IncidentKind = kind.startsWith("backup.") ? "backup" : "storm";
    const found =
      kind === "storm.started" || kind === "backup.down"
        ? cdn === null
          ? []
          : [one.customerId, null].map((customerId) => join(one, customerId, group, cdn, serviceId)).filter((id) => id !== null)
        : [...((stormId === null ? undefined : ofStorm.get(stormId)) ?? ofService.get(serviceId) ?? [])].filter((id) => isOpen(id, group));
    if (found.length === 0) continue;
    of.set(one.id, found);
    for (const id of found) touched.set(id, edges.has(kind) ? Math.max(touched.get(id) ?? 0, one.occurredAtMs) : (touched.get(id) ?? 0));
  }

  const unfinished = new Map<number, number>();
  for (const { incidentId, serviceId, stormId } of joined) {
    const isBackup = byId.get(incidentId)?.kind === "backup";
    const on = isBackup ? around.backupDown.has(serviceId) : around.openStorms.has(stormId) || around.unsettled.has(serviceId);
    if (on) unfinished.set(incidentId, (unfinished.get(incidentId) ?? 0) + 1);
  }
  const ended = new Set<number>();
  for (const { id, endedAtMs, unfinished: known } of byId.values()) {
    const isLive = endedAtMs === null || reopened.has(id);
    if (isLive && known + (unfinished.get(id) ?? 0) === 0) ended.add(id);
  }
  for (const id of ended) if (!touched.has(id)) touched.set(id, nowMs);
  return { opened, joined, touched, reopened, ended, of };
};
