/** How urgent: `critical` wakes somebody, `warning` is looked at in working hours, `info` is for the record. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

export const isAtLeast = (severity: Severity, least: Severity): boolean => severities.indexOf(severity) >= severities.indexOf(least);

/** What a change does to its thread: opens it, closes it, tells more of it, or is complete by itself. */
export type Effect = "open" | "close" | "more" | "event";

type Kind = { readonly effect: Effect; readonly severity: Severity };

const of = (effect: Effect, severity: Severity): Kind => ({ effect, severity });

/**
 * Every kind of change that people are told of; triggers of the database write them (drizzle/0050, 0055, 0060, 0067). The severity is that of an
 * ordinary one: `severityOf` says which are less urgent.
 */
export const notificationKinds = {
  "storm.started": of("open", "critical"),
  "storm.recovering": of("more", "info"),
  "storm.relapsed": of("more", "critical"),
  "storm.ended": of("close", "info"),
  "switch.done": of("more", "warning"),
  "switch.shadowed": of("more", "info"),
  "switch.failed": of("more", "critical"),
  "switch.held": of("more", "critical"),
  "switch.released": of("more", "info"),
  "failback.started": of("more", "info"),
  "failback.done": of("close", "info"),
  "backup.down": of("open", "warning"),
  "backup.up": of("close", "info"),
  "drift.healed": of("event", "warning"),
  "drift.contested": of("open", "critical"),
  "drift.resumed": of("close", "info"),
  "override.set": of("open", "warning"),
  "override.cleared": of("close", "info"),
  "override.expired": of("close", "warning"),
  "freeze.set": of("open", "warning"),
  "freeze.lifted": of("close", "info"),
  "freeze.expired": of("close", "warning"),
  "panic.set": of("open", "critical"),
  "panic.lifted": of("close", "info"),
  takeover: of("event", "warning"),
  "readiness.failed": of("open", "warning"),
  "readiness.passed": of("close", "info"),
  "invoice.issued": of("event", "info"),
  "invoice.adjusted": of("event", "info"),
  "token.created": of("event", "info"),
  "account.failing": of("open", "critical"),
  "account.recovered": of("close", "info"),
  "job.failing": of("open", "warning"),
  "job.recovered": of("close", "info"),
  "job.overrun": of("event", "info"),
  "finding.opened": of("open", "warning"),
  "finding.cleared": of("close", "info"),
  "channel.failing": of("open", "warning"),
  "channel.recovered": of("close", "info"),
  "delivery.dead": of("event", "warning"),
  "slo.burn": of("open", "critical"),
  "slo.exhausted": of("open", "critical"),
  "slo.resolved": of("close", "info"),
  "slo.streak_broken": of("event", "info"),
  "slo.achievement": of("event", "info"),
  "digest.weekly": of("event", "info"),
  "cost.anomaly": of("open", "critical"),
  "cost.resolved": of("close", "info"),
  "zombie.found": of("open", "warning"),
  "zombie.gone": of("close", "info"),
} as const satisfies Readonly<Record<string, Kind>>;

export type NotificationKind = keyof typeof notificationKinds;

export const kindNames = Object.keys(notificationKinds) as readonly NotificationKind[];

/** Kinds that belong to the incident of their service, where there is one open. */
const ofIncidents = /^(storm|switch|failback|backup)\./;

export const isOfIncident = (kind: NotificationKind): boolean => ofIncidents.test(kind);

/** Kinds that mean nothing but in an incident: outside of one nobody is told. */
const bound: ReadonlySet<string> = new Set(["storm.recovering", "storm.relapsed", "storm.ended", "switch.released", "backup.up"]);

export const isBoundToIncident = (kind: NotificationKind): boolean => bound.has(kind);

/** Kinds of alerts of error budgets, which come and go with what they measure: one thread for each alert of an objective. */
const ofAlerts = /^slo\.(burn|exhausted|resolved)$/;

export const isOfAlert = (kind: NotificationKind): boolean => ofAlerts.test(kind);

/** Of what happens to a customer, what the operator's channels are told as well. */
export const concernsOperator = (kind: NotificationKind): boolean =>
  isOfIncident(kind) || kind === "drift.contested" || kind === "drift.resumed" || kind === "delivery.dead";

/** Burn that leaves time until somebody is at work. */
const slow: ReadonlySet<unknown> = new Set(["6h", "3d", "budget_warning"]);

/** How urgent an anomaly of cost is: in `audit` it is for the record, whatever it costs. */
const anomalySeverity = ({ mode, severity }: Readonly<Record<string, unknown>>): Severity => {
  if (mode !== "enforce") return "info";
  return severity === "critical" ? "critical" : severity === "high" ? "warning" : "info";
};

/** Insurance that would not pay wakes somebody, waste waits for working hours, and what costs nothing is for the record. */
const zombieSeverity = ({ severity, wasteCents, unpriced }: Readonly<Record<string, unknown>>): Severity => {
  if (severity === "critical") return "critical";
  return wasteCents === 0 && unpriced === undefined ? "info" : "warning";
};

/** What is only watched, or only recorded, wakes nobody. @param facts as the trigger wrote them */
export const severityOf = (kind: NotificationKind, facts: Readonly<Record<string, unknown>>): Severity => {
  const { severity } = notificationKinds[kind];
  if (facts["monitorOnly"] === true) return "info";
  // A budget is of what visitors get, whoever steers them.
  if (kind === "slo.burn") return slow.has(facts["alert"]) ? "warning" : "critical";
  if (kind === "slo.exhausted") return severity;
  if (kind === "cost.anomaly") return anomalySeverity(facts);
  if (kind === "zombie.found") return zombieSeverity(facts);
  // It may be known again with the next round, and traffic is where it was.
  if (kind === "switch.held" && facts["reason"] === "backup_unknown") return "warning";
  return facts["shadow"] === true && severity === "critical" ? "warning" : severity;
};
