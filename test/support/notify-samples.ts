import type { NotificationKind } from "../../src/domain/notify/kinds.ts";
import { kindNames, notificationKinds } from "../../src/domain/notify/kinds.ts";
import type { Action, Message, ToldService } from "../../src/domain/notify/message.ts";

const occurredAtMs = Date.UTC(2026, 10, 18, 11, 20, 5, 250);
const startedAtMs = Date.UTC(2026, 10, 18, 11, 19, 30);

type Told = Partial<Message> & Pick<Message, "title" | "summary">;
type Facts = Readonly<Record<string, string>>;

const factsOf = (facts: Facts): Message["facts"] => Object.entries(facts).map(([label, value]) => ({ label, value }));
const one = (state: string): readonly ToldService[] => [{ id: 3, name: "downloads", state }];

/** Of a service: a thread of its own, the service, where the API tells more. */
const ofService = (title: string, summary: string, state: string, facts: Facts, more: Partial<Message> = {}): Told => ({
  title, summary, facts: factsOf(facts), services: one(state), servicesTotal: 1, thread: "tranche-1:service:3", ids: { service_id: 3 }, path: "/v1/services/3", ...more,
});

/** Of an incident: several services on one CDN. */
const ofIncident = (title: string, summary: string, state: string, facts: Facts): Told => ({
  title, summary, facts: factsOf(facts), thread: "tranche-1:incident:42", ids: { incident_id: 42, storm_id: 7 }, path: "/v1/incidents/42",
  services: Array.from({ length: 20 }, (_, index) => ({ id: index + 1, name: index === 0 ? "downloads" : `edge-${index + 1}.example.com`, state })), servicesTotal: 1_000, startedAtMs,
});

const ofMoney = (title: string, summary: string, facts: Facts): Told =>
  ({ title, summary, facts: factsOf(facts), thread: "tranche-1:invoice:12", ids: { invoice_id: 12 }, path: "/v1/invoices/12" });

/** Of the installation itself, for its operator. */
const ofOperator = (title: string, summary: string, facts: Facts, thread: string): Told => ({ title, summary, facts: factsOf(facts), thread: `tranche-1:${thread}` });

const told: Readonly<Record<NotificationKind, Told>> = {
  "storm.started": ofIncident("Storm on cloudflare: 1,000 services", "cloudflare is failing for 1,000 services. 988 of them go to their backup now, 12 are held.", "going to backup", { "Primary CDN": "cloudflare", "Backup CDN": "fastly", Availability: "41.7 %", Held: "12" }),
  "storm.recovering": ofIncident("cloudflare is recovering: 1,000 services", "cloudflare answers again. Services go back when their cooldown is over.", "on backup", { "Primary CDN": "cloudflare", Availability: "99.2 %", Cooldown: "5m" }),
  "storm.relapsed": ofIncident("cloudflare is failing again: 1,000 services", "cloudflare fails again before its cooldown was over. Services stay on their backup.", "on backup", { "Primary CDN": "cloudflare", Relapses: "3" }),
  "storm.ended": ofIncident("Storm on cloudflare has ended: 1,000 services", "All services are back on cloudflare.", "on primary", { "Primary CDN": "cloudflare", Lasted: "42m 10s", "Downtime avoided": "38m" }),
  "switch.done": ofService("downloads is on fastly", "Route 53 has taken the new weights.", "on backup", { Domain: "app.example.com", Weights: "100/0 to 0/100", Reason: "storm" }),
  "switch.shadowed": ofService("downloads would go to fastly", "The service is in shadow mode: nothing was changed.", "on primary", { Domain: "app.example.com", Weights: "100/0 to 0/100" }),
  "switch.failed": ofService("downloads could not be switched", "Route 53 refused the change. It is tried again every round.", "on primary", { Domain: "app.example.com", Error: "AccessDenied: route53:ChangeResourceRecordSets" }),
  "switch.held": ofService("downloads is held on its failing primary", "The backup is down as well, so the switch is held.", "held", { Reason: "backup_down" }),
  "switch.released": ofService("downloads is no longer held", "The backup answers again.", "going to backup", { Reason: "backup_up" }),
  "failback.started": ofService("downloads goes back to cloudflare", "Its cooldown is over. Weights go back in steps.", "going back", { Steps: "10, 50, 100" }),
  "failback.done": ofService("downloads is back on cloudflare", "All weight is on the primary.", "on primary", { Weights: "100/0" }, { startedAtMs }),
  "backup.down": ofService("The backup of downloads is down", "fastly does not answer for downloads. A storm now could not be helped.", "on primary", { "Backup CDN": "fastly", Status: "503" }),
  "backup.up": ofService("The backup of downloads is up", "fastly answers again.", "on primary", { "Backup CDN": "fastly" }),
  "drift.healed": ofService("A record of downloads was put back", "Somebody changed the weights of app.example.com; they are as they should be again.", "on primary", { Domain: "app.example.com", Found: "50/50", Weights: "100/0" }),
  "drift.contested": ofService("A record of downloads is fought over", "The weights of app.example.com were changed three times. tranche leaves them alone.", "contested", { Domain: "app.example.com" }),
  "drift.resumed": ofService("A record of downloads is steered again", "The weights of app.example.com are left alone by others.", "on primary", { Domain: "app.example.com" }),
  "override.set": ofService("downloads is forced to its backup", "ops (token 5) set an override.", "on backup", { Mode: "backup", Reason: "maintenance of the primary", Until: "2026-11-18 14:00:00 UTC" }),
  "override.cleared": ofService("The override of downloads is lifted", "ops (token 5) lifted it.", "on primary", { Mode: "backup" }),
  "override.expired": ofService("The override of downloads has run out", "The service is steered again.", "on primary", { Mode: "backup" }),
  "freeze.set": ofOperator("Everything is frozen", "No weight is changed until the freeze is lifted.", { Actor: "admin alice", Reason: "migration of the zone" }, "freeze"),
  "freeze.lifted": ofOperator("The freeze is lifted", "Services are steered again.", { Actor: "admin alice" }, "freeze"),
  "freeze.expired": ofOperator("The freeze has run out", "Services are steered again.", { Set: "2026-11-18 09:00:00 UTC" }, "freeze"),
  takeover: ofOperator("vercel has taken over shard 0", "cloudflare was silent for 45 s.", { From: "cloudflare", To: "vercel", "Without a holder": "3.2 s" }, "takeover:9"),
  "readiness.failed": ofService("downloads is not ready for a storm", "The record set of app.example.com has no backup record.", "on primary", { Check: "dns.pair", "To mend it": "POST /v1/services/3/domains/4/provision" }),
  "readiness.passed": ofService("downloads is ready for a storm", "All checks pass.", "on primary", {}),
  "invoice.issued": ofMoney("Invoice TR-2026-000012: USD 1,204.20", "October 2026 is billed.", { Number: "TR-2026-000012", Total: "USD 1,204.20", "Storm discount": "USD 38.10" }),
  "invoice.adjusted": ofMoney("Invoice TR-2026-000012 is adjusted by USD -3.10", "Late usage of October changes what was billed; the next invoice has it.", { Number: "TR-2026-000012", Adjustment: "USD -3.10" }),
  "token.created": ofOperator("A token was created: deploy (editor)", "owner token 1 created it.", { Name: "deploy", Role: "editor" }, "token:6"),
  "account.failing": ofOperator("The AWS account prod can not be reached", "Assuming its role is refused. Its services can not be switched.", { Account: "prod", Error: "AccessDenied" }, "dns-account:2"),
  "account.recovered": ofOperator("The AWS account prod is reached again", "Its services can be switched.", { Account: "prod" }, "dns-account:2"),
  "job.failing": ofOperator("The job ingest-usage is failing", "It has failed three times.", { Job: "ingest-usage", Error: "TimeoutError" }, "job:ingest-usage"),
  "job.recovered": ofOperator("The job ingest-usage runs again", "Its last run succeeded.", { Job: "ingest-usage" }, "job:ingest-usage"),
  "job.overrun": ofOperator("A run took longer than its minute", "It went on for 71 s.", { Job: "tick", Took: "71 s" }, "job:tick:overrun"),
  "finding.opened": ofOperator("Reconciliation found a difference", "Bytes were pushed after their window was billed.", { Customer: "Example Downloads", Bytes: "1,048,576" }, "finding:8"),
  "finding.cleared": ofOperator("A difference is settled", "The adjustment is on the next invoice.", { Finding: "8" }, "finding:8"),
  "channel.failing": ofOperator("The channel ops-webhook is failing", "Nothing has arrived for 30 minutes; it is tried for a day.", { Channel: "ops-webhook", Answer: "HTTP 503" }, "channel:4"),
  "channel.recovered": ofOperator("The channel ops-webhook works again", "What was waiting has been sent.", { Channel: "ops-webhook" }, "channel:4"),
  "delivery.dead": ofOperator("A message could not be delivered: Storm on cloudflare", "It was tried for a day.", { Channel: "ops-webhook", Attempts: "12", Answer: "HTTP 503" }, "delivery:77"),
};

const actions: Readonly<Record<"open" | "close" | "more" | "event", Action>> = { open: "trigger", close: "resolve", more: "update", event: "event" };

const nothing: Omit<Message, "kind" | "action" | "severity" | "title" | "summary"> = {
  thread: "tranche-1:test", facts: [], services: [], servicesTotal: 0, occurredAtMs, startedAtMs: null, customer: null, ids: {}, path: null,
};

/** A message of a kind, with the action and severity of an ordinary one; `changes` is laid over it. */
export const sampleMessage = (kind: Message["kind"], changes: Partial<Message> = {}): Message => {
  if (kind === "test") return { ...nothing, kind, action: "event", severity: "info", title: "Test message of ops-webhook", summary: "Somebody asked for it. If you read this, the channel works.", ...changes };
  if (kind === "channel.confirm") return { ...nothing, kind, action: "event", severity: "info", title: "Confirm this address", summary: "Messages of Example Downloads are to be sent here.", facts: factsOf({ Code: "4F7K-22QX" }), ...changes };
  const { effect, severity } = notificationKinds[kind];
  return { ...nothing, kind, action: actions[effect], severity, ...told[kind], ...changes };
};

/** One of each kind; of a storm that begins also as an operator reads it, of a customer's. */
export const sampleMessages: Readonly<Record<string, Message>> = {
  ...Object.fromEntries([...kindNames, "test" as const, "channel.confirm" as const].map((kind) => [kind, sampleMessage(kind)])),
  "storm.started.operator": sampleMessage("storm.started", { customer: "Example Downloads" }),
};
