import { formatDuration } from "./figures.ts";
import type { IncidentKind } from "./incident.ts";
import type { NotificationKind, Severity } from "./kinds.ts";
import type { Action, Message, ToldService } from "./message.ts";

/** A service of an incident as it is at this moment, whatever was told of it before. */
export type IncidentService = {
  readonly id: number;
  readonly name: string;
  /** Of its latest storm in the incident; null: none, or it has ended. */
  readonly storm: "storm" | "recovering" | null;
  readonly monitorOnly: boolean;
  readonly shadow: boolean;
  /** Of `service_routing`; null: never steered. */
  readonly state: string | null;
  readonly reason: string | null;
  readonly backupCdn: string;
  readonly backupHealth: string | null;
};

/** An incident as a message tells of it: counts over all of its services, and the worst of them by name. */
export type IncidentView = {
  readonly id: number;
  readonly customerId: number | null;
  readonly cdn: string;
  readonly kind: IncidentKind;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly customers: number;
  readonly total: number;
  readonly failing: number;
  readonly recovering: number;
  readonly onBackup: number;
  readonly held: number;
  readonly backupsDown: number;
  /** At most 20. */
  readonly services: readonly IncidentService[];
};

const heldReasons: Readonly<Record<string, string>> = {
  backup_down: "the backup is down too",
  bad_backup: "the backup failed, back on the primary",
  backup_unknown: "nothing is known of the backup",
  latched: "the backup failed before",
};

const stateOf = (kind: IncidentKind, one: IncidentService): string => {
  if (kind === "backup") return one.backupHealth === "down" ? `${one.backupCdn} is down` : `${one.backupCdn} answers`;
  const reason = heldReasons[one.reason ?? ""];
  if (reason !== undefined) return `held: ${reason}`;
  if (one.shadow) return one.state === "shifted" ? `would be on ${one.backupCdn} (shadow)` : "shadow";
  if (one.monitorOnly) return "watched only";
  if (one.state === "frozen") return "frozen";
  if (one.state === "shifted") return one.storm === null ? `on ${one.backupCdn}, about to go back` : `on ${one.backupCdn}`;
  if (one.state === "partial") return `partly on ${one.backupCdn}: ${one.reason ?? "not all visitors follow"}`;
  if (one.state === "failback") return "going back in steps";
  return one.storm === null ? "normal" : "failing, not switched yet";
};

const services = (count: number): string => (count === 1 ? "1 service" : `${count} services`);

const nameOf = ({ total, services: [first] }: IncidentView): string => (total === 1 && first !== undefined ? first.name : services(total));

const stormTitle = (view: IncidentView, action: Action): string => {
  const { cdn } = view;
  if (action === "resolve") return `${cdn} is well again: ${nameOf(view)}`;
  if (action === "trigger") return `${cdn} is failing: ${nameOf(view)}`;
  const parts = [
    ...(view.held > 0 ? [`${view.held} held`] : []),
    ...(view.onBackup > 0 ? [`${view.onBackup} on backup`] : []),
    ...(view.failing > view.onBackup + view.held ? [`${view.failing - view.onBackup - view.held} failing`] : []),
  ];
  return `${cdn}: ${nameOf(view)}${parts.length === 0 ? ", recovering" : `, ${parts.join(", ")}`}`;
};

const stormSummary = (view: IncidentView, action: Action, nowMs: number): string => {
  const since = formatDuration((view.endedAtMs ?? nowMs) - view.startedAtMs);
  if (action === "resolve")
    return `The storm on ${view.cdn} is over after ${since}; ${view.total === 1 ? "the service is" : `${services(view.total)} are`} back to normal.`;
  const held = view.held > 0 ? ` ${services(view.held)} cannot be helped by a switch: see below.` : "";
  const moved = view.onBackup > 0 ? ` Traffic of ${services(view.onBackup)} is on the backup.` : "";
  const failing = view.failing === 0 ? `${view.cdn} answers again` : `${view.cdn} fails as the primary of ${services(view.failing)}`;
  return `${failing}, ${since} after the storm began.${moved}${held}`;
};

/**
 * A message about an incident, as its services are now.
 * @param about why it is made: kind, severity and action as they were planned
 */
export const incidentMessage = (
  view: IncidentView,
  about: {
    readonly kind: NotificationKind;
    readonly severity: Severity;
    readonly action: Action;
    readonly thread: string;
    readonly occurredAtMs: number;
  },
  customer: string | null,
  nowMs: number,
): Message => {
  const { kind } = view;
  const isBackup = kind === "backup";
  const label = isBackup ? `${view.cdn} does not answer as a backup` : stormTitle(view, about.action);
  const title = isBackup
    ? about.action === "resolve"
      ? `${view.cdn} is no longer down as a backup: ${nameOf(view)}`
      : `${label}: ${nameOf(view)}`
    : label;
  const summary = isBackup
    ? about.action === "resolve"
      ? `${view.cdn} answers again for ${services(view.total)}: a switch would help.`
      : `${view.cdn} does not answer for ${services(view.backupsDown)} that would need it in a storm. Nothing is switched while that is so.`
    : stormSummary(view, about.action, nowMs);
  const told: readonly ToldService[] = view.services.map((one) => ({ id: one.id, name: one.name, state: stateOf(kind, one) }));
  const count = (name: string, value: number) => (value > 0 ? [{ label: name, value: String(value) }] : []);
  return {
    kind: about.kind,
    action: about.action,
    severity: about.severity,
    thread: about.thread,
    title,
    summary,
    facts: [
      { label: "CDN", value: view.cdn },
      { label: "Services", value: String(view.total) },
      ...(view.customers > 1 ? [{ label: "Customers", value: String(view.customers) }] : []),
      ...(isBackup
        ? count("Backup down", view.backupsDown)
        : [
            ...count("Failing", view.failing),
            ...count("Recovering", view.recovering),
            ...count("On backup", view.onBackup),
            ...count("Held", view.held),
          ]),
      { label: about.action === "resolve" ? "Lasted" : "For", value: formatDuration((view.endedAtMs ?? nowMs) - view.startedAtMs) },
    ],
    services: told,
    servicesTotal: view.total,
    occurredAtMs: about.occurredAtMs,
    startedAtMs: view.startedAtMs,
    customer,
    ids: { incident_id: view.id, ...(view.total === 1 && view.services[0] !== undefined && { service_id: view.services[0].id }) },
    path: `${view.customerId === null ? "/v1/operator" : "/v1"}/incidents/${view.id}`,
  };
};
