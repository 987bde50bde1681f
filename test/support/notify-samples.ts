import { incidentMessage } from "../../src/domain/notify/incident-message.ts";
import type { IncidentService, IncidentView } from "../../src/domain/notify/incident-message.ts";
import type { Notification } from "../../src/domain/notify/incident.ts";
import type { NotificationKind } from "../../src/domain/notify/kinds.ts";
import { kindNames, notificationKinds, severityOf } from "../../src/domain/notify/kinds.ts";
import type { Action, Message } from "../../src/domain/notify/message.ts";
import { threadOf } from "../../src/domain/notify/plan.ts";
import { singleMessage } from "../../src/domain/notify/single-message.ts";

const startedAtMs = Date.UTC(2026, 10, 18, 11, 19, 30);
const occurredAtMs = Date.UTC(2026, 10, 18, 11, 20, 5, 250);
const endedAtMs = Date.UTC(2026, 10, 18, 12, 1, 40);

type Facts = Notification["facts"];
type Subject = Pick<Notification, "customerId" | "serviceId" | "stormId" | "subject" | "facts">;

/** Facts as the triggers of the database write them. */
const ofService = (facts: Facts, subject = "service:3", stormId: number | null = null): Subject => ({
  customerId: 1,
  serviceId: 3,
  stormId,
  subject,
  facts: { service: "downloads", primaryCdn: "cloudflare", backupCdn: "fastly", ...facts },
});
const ofSwitch = (facts: Facts): Subject =>
  ofService(
    { changeId: 77, domain: "app.example.com", reason: "storm", actor: "cron", from: [100, 0], to: [0, 100], ...facts },
    "service:3",
    7,
  );
const ofCustomer = (subject: string, facts: Facts): Subject => ({ customerId: 1, serviceId: null, stormId: null, subject, facts });
const ofOperator = (subject: string, facts: Facts): Subject => ({ customerId: null, serviceId: null, stormId: null, subject, facts });

const override = { mode: "backup", reason: "maintenance of the primary", actor: "token ops", untilMs: endedAtMs };
const freeze = { reason: "migration of the zone", actor: "admin alice", untilMs: endedAtMs };
const invoice = {
  invoiceId: 12,
  number: 42,
  totalCents: 120_420,
  discountCents: 3_810,
  currency: "USD",
  periodStartMs: Date.UTC(2026, 9, 1),
  periodEndMs: Date.UTC(2026, 10, 1),
};
const channel = { channelId: 4, channel: "ops-webhook", channelKind: "webhook", error: "HTTP 503" };
const finding = { rule: "bytes of a window", object: "window 8812", expected: "1048576", actual: "2097152" };

const objective = { objectiveId: 9, objective: "availability", target: 99.9, windowDays: 30 };
const us = (minutes: number): number => Math.round(minutes * 60_000_000);
const burnt = {
  ...objective,
  alertId: 31,
  alert: "1h",
  firedAtMs: occurredAtMs,
  threshold: 14.4,
  burn: 15.8333,
  shortBurn: 190,
  allowedUs: us(43.2),
  consumedUs: us(12.3),
  remainingUs: us(30.9),
  downUs: us(32.3),
};
const overspent = {
  ...burnt,
  alert: "exhausted",
  threshold: 100,
  shortBurn: undefined,
  consumedUs: us(50),
  remainingUs: us(-6.8),
};
const ranked = (objectiveId: number, state: string, leftMinutes: number, availability: number, weekDownMinutes: number) => ({
  objectiveId,
  name: "availability",
  serviceId: objectiveId,
  service: `edge-${objectiveId}`,
  target: 99.9,
  state,
  availability,
  remainingUs: us(leftMinutes),
  remainingPercent: Math.floor((leftMinutes / 43.2) * 1e7) / 1e5,
  weekDownUs: us(weekDownMinutes),
  weekConsumedUs: us(weekDownMinutes),
});
const week = {
  week: "2026-W53",
  objectives: 12,
  states: { healthy: 9, at_risk: 1, degraded: 0, breaching: 1, insufficient_data: 1 },
  worst: [ranked(4, "breaching", -6.8, 99.88425, 21), ranked(7, "at_risk", 5.1, 99.9118, 14.5), ranked(2, "healthy", 40, 99.99259, 3.2)],
  best: [ranked(1, "healthy", 43.2, 100, 0), ranked(3, "healthy", 43.2, 100, 0)],
  storms: 2,
  switches: 3,
  avoidedUs: us(44),
  avoidedCents: 66_000,
  discountCents: 3_810,
  currency: "USD",
};

const anomaly = {
  anomalyId: 17,
  series: "egress",
  resourceType: "egress",
  service: "downloads",
  cdn: "fastly",
  unit: "cents",
  severity: "critical",
  mode: "enforce",
  score: 88.4,
  explanation:
    "$1,234.50 an hour, where $240.10 is usual on a Wednesday at 10:00 UTC, by 6 weeks: 20.1 deviations of $49.47 above. 5.1 times the hour before.",
  value: 123_450,
  usual: 24_010,
  firstHourMs: Date.UTC(2026, 10, 18, 9),
  lastHourMs: Date.UTC(2026, 10, 18, 10),
  hours: 2,
};
const ofCost = (facts: Facts): Subject => ({
  customerId: 1,
  serviceId: 3,
  stormId: null,
  subject: "cost-anomaly:17",
  facts: { ...anomaly, ...facts },
});
const moreOdd = { mode: "enforce", severity: "high", mostTold: 20 };
const deadBackup = {
  zombieId: 23,
  rule: "backup-would-not-pay",
  resource: "service 3 on fastly",
  service: "downloads",
  severity: "critical",
  reason: "The backup of downloads on fastly has carried no byte and answered no probe: in a storm nothing could be switched to it.",
  remedy: "Find out why fastly does not answer (its probes say how), or choose another backup.",
  wasteCents: 20_000,
  sinceMs: Date.UTC(2026, 10, 16, 11),
};
const idling = {
  severity: "warning",
  found: 9,
  wasteCents: 4_230,
  unpriced: 1,
  listed: [
    {
      zombieId: 24,
      rule: "load-balancer-idle",
      resource: "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/old/50dc6c495c0c9188",
      account: "123456789012",
      wasteCents: 1_971,
      reason: "It has had no request.",
      remedy: "Delete it.",
    },
    {
      zombieId: 25,
      rule: "volume-unattached",
      resource: "vol-0abc1234",
      account: "123456789012",
      wasteCents: 800,
      reason: "It is attached to no instance.",
      remedy: "Take a snapshot if its data matters, then delete it.",
    },
    {
      zombieId: 26,
      rule: "token-never-used",
      resource: "token deploy",
      wasteCents: 0,
      reason: "The token deploy was never used.",
      remedy: "Revoke it: whoever finds it could.",
    },
    {
      zombieId: 27,
      rule: "cdn-without-traffic",
      resource: "old.example.com",
      account: "fastly",
      reason: "Nothing went through it.",
      remedy: "Remove it.",
    },
  ],
};

type Single = Exclude<NotificationKind, Incidental>;
const singles: Readonly<Record<Single, Subject>> = {
  "switch.done": ofSwitch({}),
  "switch.shadowed": ofSwitch({ shadow: true }),
  "switch.failed": ofSwitch({ error: "AccessDenied: not authorized to perform route53:ChangeResourceRecordSets" }),
  "switch.released": ofService({ reason: "storm", state: "shifted" }),
  "failback.started": ofService({ reason: "failback", state: "failback" }),
  "failback.done": ofService({ reason: "calm", state: "normal" }),
  "drift.healed": ofSwitch({ reason: "drift", from: [50, 50], to: [100, 0] }),
  "drift.contested": ofService({ domain: "app.example.com" }, "domain:5:drift"),
  "drift.resumed": ofService({ domain: "app.example.com" }, "domain:5:drift"),
  "override.set": ofService(override, "service:3:override"),
  "override.cleared": ofService(override, "service:3:override"),
  "override.expired": ofService(override, "service:3:override"),
  "freeze.set": ofOperator("freeze", freeze),
  "freeze.lifted": ofOperator("freeze", freeze),
  "freeze.expired": ofOperator("freeze", freeze),
  "panic.set": ofOperator("panic", { reason: "weights are written that nobody wanted", actor: "admin:alice" }),
  "panic.lifted": ofOperator("panic", { reason: "weights are written that nobody wanted", actor: "admin:alice" }),
  takeover: ofOperator("takeover", {
    seq: 9,
    how: "takeover",
    lease: "shard:0",
    from: "cloudflare",
    to: "vercel",
    lapsed: true,
    unheldMs: 3_200,
  }),
  "readiness.failed": ofService({ actor: "cron", failed: ["dns_pair", "backup_answers"] }, "service:3:readiness"),
  "readiness.passed": ofService({ actor: "cron" }, "service:3:readiness"),
  "invoice.issued": ofCustomer("invoice:12", invoice),
  "invoice.adjusted": ofCustomer("invoice:12", { ...invoice, lines: 3, differenceCents: -310 }),
  "token.created": ofCustomer("token:6", { tokenId: 6, name: "deploy", role: "editor" }),
  "account.failing": ofCustomer("dns-account", { account: "Route 53", error: "AccessDenied" }),
  "account.recovered": ofCustomer("dns-account", { account: "Route 53" }),
  "job.failing": ofOperator("job:ingest-usage:vercel", { job: "ingest-usage", provider: "vercel" }),
  "job.recovered": ofOperator("job:ingest-usage:vercel", { job: "ingest-usage", provider: "vercel" }),
  "job.overrun": ofOperator("overrun:tick:vercel", { job: "tick", provider: "vercel", overruns: 1, durationMs: 71_000 }),
  "finding.opened": ofOperator("finding:8", finding),
  "finding.cleared": ofOperator("finding:8", finding),
  "channel.failing": ofCustomer("channel:4", channel),
  "channel.recovered": ofCustomer("channel:4", { ...channel, error: undefined }),
  "delivery.dead": ofCustomer("channel:4", {
    ...channel,
    deliveryId: 81,
    told: "storm.started",
    title: "cloudflare is failing: 1000 services",
  }),
  "slo.burn": ofService(burnt, "objective:9:1h"),
  "slo.exhausted": ofService(overspent, "objective:9:exhausted"),
  "slo.resolved": ofService({ ...burnt, burn: 15.2, shortBurn: 0 }, "objective:9:1h"),
  "slo.streak_broken": ofService({ ...objective, day: "2026-11-17", days: 23, dayDownUs: us(50) }, "objective:9"),
  "slo.achievement": ofService(
    { objectiveId: 9, objective: "availability", achievement: "iron_uptime", day: "2026-11-17" },
    "service:3:achievements",
  ),
  "digest.weekly": ofCustomer("digest:2026-W53", week),
  "cost.anomaly": ofCost({}),
  "cost.resolved": ofCost({}),
  "zombie.found": ofCustomer("zombies", idling),
  "zombie.gone": ofCustomer("zombies", { severity: "warning", gone: 3 }),
};

const served: IncidentService = {
  id: 3,
  name: "downloads",
  storm: "storm",
  monitorOnly: false,
  shadow: false,
  state: "shifted",
  reason: "storm",
  backupCdn: "fastly",
  backupHealth: "up",
};
const cloudflare: IncidentView = {
  id: 42,
  customerId: 1,
  cdn: "cloudflare",
  kind: "storm",
  startedAtMs,
  endedAtMs: null,
  customers: 1,
  total: 1_000,
  failing: 1_000,
  recovering: 0,
  onBackup: 988,
  held: 12,
  backupsDown: 12,
  services: Array.from({ length: 20 }, (_, index) => ({
    ...served,
    id: index + 1,
    name: index === 0 ? "downloads" : `edge-${index + 1}.example.com`,
    ...(index < 12 && { state: "normal", reason: "backup_down", backupHealth: "down" }),
  })),
};
const alone: IncidentView = {
  ...cloudflare,
  total: 1,
  failing: 1,
  onBackup: 0,
  held: 1,
  services: [{ ...served, state: "normal", reason: "backup_down" }],
};
const fastly: IncidentView = {
  ...alone,
  id: 43,
  cdn: "fastly",
  kind: "backup",
  failing: 0,
  held: 0,
  backupsDown: 1,
  services: [{ ...served, storm: null, state: "normal", reason: "calm", backupHealth: "down" }],
};

type Incidental = "storm.started" | "storm.recovering" | "storm.relapsed" | "storm.ended" | "switch.held" | "backup.down" | "backup.up";
const incidents: Readonly<Record<Incidental, IncidentView>> = {
  "storm.started": cloudflare,
  "storm.recovering": { ...cloudflare, failing: 0, recovering: 1_000 },
  "storm.relapsed": cloudflare,
  "storm.ended": {
    ...cloudflare,
    endedAtMs,
    failing: 0,
    onBackup: 0,
    held: 0,
    services: cloudflare.services.map((one) => ({ ...one, storm: null, state: "normal", reason: "calm" })),
  },
  "switch.held": alone,
  "backup.down": fastly,
  "backup.up": { ...fastly, endedAtMs, backupsDown: 0, services: [{ ...served, storm: null, state: "normal", reason: "calm" }] },
};

const isIncidental = (kind: NotificationKind): kind is Incidental => Object.hasOwn(incidents, kind);
const actions: Readonly<Record<"open" | "close" | "more" | "event", Action>> = {
  open: "trigger",
  close: "resolve",
  more: "update",
  event: "event",
};

const builtOf = (kind: NotificationKind): Message => {
  const { effect, severity } = notificationKinds[kind];
  const action = actions[effect];
  if (isIncidental(kind)) {
    const view = incidents[kind];
    return incidentMessage(
      view,
      { kind, action, severity, thread: `incident:${view.id}`, occurredAtMs: view.endedAtMs ?? occurredAtMs },
      null,
      view.endedAtMs ?? occurredAtMs,
    );
  }
  const told: Notification = { id: 1_207, kind, occurredAtMs, ...singles[kind as Single] };
  return singleMessage([told], { kind, action, severity: severityOf(kind, told.facts), thread: threadOf(told) }, null);
};

const bare: Message = {
  kind: "test",
  action: "event",
  severity: "info",
  thread: "test:4",
  title: "Test message of ops-webhook",
  summary: "Somebody asked for it. If you read this, the channel works.",
  facts: [],
  services: [],
  servicesTotal: 0,
  occurredAtMs,
  startedAtMs: null,
  customer: null,
  ids: {},
  path: null,
};

/** A message of a kind as it is built, with the action and severity of an ordinary one; `changes` is laid over it. */
export const sampleMessage = (kind: Message["kind"], changes: Partial<Message> = {}): Message => {
  if (kind === "test") return { ...bare, ...changes };
  if (kind === "channel.confirm")
    return {
      ...bare,
      kind,
      title: "Confirm this address",
      summary: "Messages of Example Downloads are to be sent here.",
      facts: [{ label: "Code", value: "4F7K-22QX" }],
      ...changes,
    };
  return { ...builtOf(kind), ...changes };
};

const variant = (kind: Single, facts: Facts, count = 1, of: Subject = singles[kind]): Message => {
  const told: Notification = { id: 1_207, kind, occurredAtMs, ...of, facts: { ...of.facts, ...facts } };
  const about = { kind, action: actions[notificationKinds[kind].effect], severity: severityOf(kind, told.facts), thread: threadOf(told) };
  const before = Array.from({ length: count - 1 }, () => ({ ...told, facts: singles[kind].facts }));
  return singleMessage([...before, told] as unknown as [Notification], about, null);
};

/** One of each kind; of a storm that begins also as an operator reads it, of a customer's; of objectives the other alerts. */
export const sampleMessages: Readonly<Record<string, Message>> = {
  ...Object.fromEntries([...kindNames, "test" as const, "channel.confirm" as const].map((kind) => [kind, sampleMessage(kind)])),
  "storm.started.operator": sampleMessage("storm.started", { customer: "Example Downloads" }),
  "switch.done.back": variant("switch.done", { reason: "calm", from: [0, 100], to: [100, 0] }),
  "switch.done.step": variant("switch.done", { reason: "failback", from: [0, 100], to: [10, 90] }),
  "switch.done.twice": variant("switch.done", { reason: "override", from: [0, 100], to: [100, 0] }, 2),
  "switch.done.two": variant("switch.done", { domain: "www.example.com" }, 3),
  "drift.healed.again": variant("drift.healed", {}, 3),
  "slo.burn.short": variant("slo.burn", {
    alert: "6h",
    windowDays: 3,
    threshold: 6,
    burn: 6.5,
    shortBurn: 8.25,
    allowedUs: us(4.32),
    consumedUs: us(1.008),
  }),
  "slo.burn.budget": variant("slo.burn", {
    alert: "budget_warning",
    threshold: 50,
    shortBurn: undefined,
    windowDays: undefined,
    calendar: "month",
    consumedUs: us(21.6),
  }),
  "slo.resolved.budget": variant("slo.resolved", {
    alert: "budget_warning",
    threshold: 50,
    shortBurn: undefined,
    consumedUs: us(21.5),
  }),
  "slo.resolved.deleted": variant("slo.resolved", {
    ...Object.fromEntries(Object.keys(burnt).map((name) => [name, undefined])),
    ...objective,
    alert: "1h",
    reason: "objective_deleted",
  }),
  "slo.achievement.two": variant("slo.achievement", { achievement: "budget_miser" }, 2),
  "cost.anomaly.worse": variant("cost.anomaly", { was: "high" }),
  "cost.anomaly.audit": variant("cost.anomaly", {
    mode: "audit",
    severity: "medium",
    series: "calls",
    service: undefined,
    cdn: undefined,
    account: "123456789012",
    resourceType: "route53:record",
    unit: "calls",
    value: 41,
    usual: undefined,
    explanation: "41 is beyond all that this series has been before.",
    lastHourMs: Date.UTC(2026, 10, 18, 9),
    hours: 1,
  }),
  "cost.anomaly.bytes": variant("cost.anomaly", {
    severity: "high",
    cdn: undefined,
    unit: "bytes",
    value: 41_234_567_890_123,
    usual: 1_234_567_890_123,
    explanation:
      "41200000000000, where it was 1230000000000 at this hour of the day: this series is so far off about once in 4,000 values; it is a record as well.",
  }),
  "cost.anomaly.more": variant("cost.anomaly", {}, 1, ofCustomer("cost-anomalies", moreOdd)),
  "cost.resolved.more": variant("cost.resolved", {}, 1, ofCustomer("cost-anomalies", moreOdd)),
  "cost.resolved.person": variant("cost.resolved", { actor: "token:3", note: "the launch, until Friday" }),
  "cost.resolved.deleted": variant("cost.resolved", { how: "deleted" }),
  "zombie.found.backup": variant("zombie.found", {
    ...Object.fromEntries(Object.keys(idling).map((name) => [name, undefined])),
    ...deadBackup,
  }),
  "zombie.found.one": variant("zombie.found", { found: 1, unpriced: undefined, wasteCents: 800, listed: idling.listed.slice(1, 2) }),
  "zombie.gone.backup": variant("zombie.gone", { ...deadBackup, gone: undefined, state: "remediated" }),
  "zombie.gone.dismissed": variant("zombie.gone", {
    ...deadBackup,
    gone: undefined,
    state: "dismissed",
    actor: "token:3",
    note: "it is being replaced",
  }),
  "digest.weekly.bare": variant("digest.weekly", {
    objectives: 0,
    states: {},
    best: [],
    worst: [],
    avoidedUs: 0,
    avoidedCents: undefined,
    discountCents: 0,
    storms: 1,
  }),
};
