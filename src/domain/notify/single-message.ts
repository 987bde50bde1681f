import { costFigures, costPath, costWordings, isOfCosts } from "./cost-message.ts";
import type { CostKind } from "./cost-message.ts";
import { formatDuration, formatTime } from "./figures.ts";
import type { Notification } from "./incident.ts";
import type { NotificationKind, Severity } from "./kinds.ts";
import type { Action, Message } from "./message.ts";
import { isOfObjectives, sloFigures, sloPath, sloWordings } from "./slo-message.ts";
import type { SloKind } from "./slo-message.ts";
import type { Facts, Figure, Wording, Words } from "./wording.ts";
import { amount, list, number, service, text, words } from "./wording.ts";

const weights = (facts: Facts, name: string): string | null => {
  const value = facts[name];
  return Array.isArray(value) && value.length === 2 ? `${String(value[0])} : ${String(value[1])}` : null;
};
const until = (facts: Facts): string => {
  const atMs = number(facts, "untilMs");
  return atMs === null ? "until it is lifted" : `until ${formatTime(atMs)}`;
};

const reasons: Readonly<Record<string, string>> = {
  calm: "back to normal",
  storm: "a storm",
  override: "a manual override",
  bad_backup: "the backup failed",
  failback: "failback",
  drift: "changed by somebody else",
  backup_down: "the backup is down too",
  backup_unknown: "nothing is known of the backup",
  latched: "the backup failed before",
  panic: "panic is on",
};
const reason = (facts: Facts): string => reasons[text(facts, "reason") ?? ""] ?? text(facts, "reason") ?? "no reason given";

/** Why a switch is made, as a sentence: `calm` is the return to normal weights, whatever they were changed for. */
const causes: Readonly<Record<string, string>> = {
  calm: "Because there is no storm.",
  storm: "Because of a storm.",
  override: "Because of a manual override.",
  bad_backup: "Because the backup failed.",
  failback: "As a step of failback.",
  drift: "Because somebody else had changed its weights.",
};
const cause = (facts: Facts): string => causes[text(facts, "reason") ?? ""] ?? `Reason: ${reason(facts)}.`;

/** How many domains all of it is about; one of them may be there several times. */
const domainsOf = (all: readonly Facts[]): number => new Set(all.map((facts) => text(facts, "domain"))).size;
const times = (count: number): string => (count === 2 ? "twice" : `${count} times`);

const modes: Readonly<Record<string, string>> = {
  primary: "kept on its primary",
  backup: "moved to its backup",
  frozen: "frozen where it is",
};
const mode = (facts: Facts): string => modes[text(facts, "mode") ?? ""] ?? "overridden";

const stormOf = (facts: Facts): string => (text(facts, "policy") === "http_latency" ? "slow" : "failing");

const wordings: Readonly<Record<Exclude<NotificationKind, SloKind | CostKind>, Wording>> = {
  "storm.started": (f) =>
    words(
      `${text(f, "primaryCdn") ?? "The primary"} is ${stormOf(f)}: ${service(f)}`,
      f["monitorOnly"] === true
        ? "The service is only watched: it has no domain that may be switched."
        : f["shadow"] === true
          ? "The service is in shadow mode: nothing is switched."
          : `Traffic is about to move to ${text(f, "backupCdn") ?? "the backup"}.`,
    ),
  "storm.recovering": (f) =>
    words(`${text(f, "primaryCdn") ?? "The primary"} answers again: ${service(f)}`, "The storm ends when that lasts."),
  "storm.relapsed": (f) =>
    words(
      `${text(f, "primaryCdn") ?? "The primary"} is ${stormOf(f)} again: ${service(f)}`,
      "It had answered for a while; the storm goes on.",
    ),
  "storm.ended": (f) => words(`The storm is over: ${service(f)}`, `${text(f, "primaryCdn") ?? "The primary"} answers as it should.`),
  "switch.done": (f, n, all) =>
    words(
      domainsOf(all) > 1
        ? `${domainsOf(all)} domains of ${service(f)} were switched`
        : `${text(f, "domain") ?? service(f)} was switched${n > 1 ? ` ${times(n)}` : ""}`,
      `${cause(f)} Route 53 has the new weights.`,
    ),
  "switch.shadowed": (f) =>
    words(
      `${text(f, "domain") ?? service(f)} would have been switched`,
      `${cause(f)} The service is in shadow mode, so nothing was changed.`,
    ),
  "switch.failed": (f) =>
    words(
      `${text(f, "domain") ?? service(f)} could not be switched`,
      `${text(f, "error") ?? "Route 53 did not take the change"}. It is tried again.`,
    ),
  "switch.held": (f) =>
    words(
      `${service(f)} is held: ${reason(f)}`,
      f["reason"] === "panic"
        ? "Nothing is written to DNS: traffic stays where it is until the panic is lifted."
        : "A switch would not help: traffic stays where it is until one of its CDNs is known to be up.",
    ),
  "switch.released": (f) => words(`${service(f)} is no longer held`, "It is steered again."),
  "failback.started": (f) =>
    words(
      `${service(f)} is going back to ${text(f, "primaryCdn") ?? "its primary"}`,
      "Traffic returns by the steps that are set for the service.",
    ),
  "failback.done": (f) =>
    words(`${service(f)} is back to normal`, `Traffic is where it normally is: ${text(f, "primaryCdn") ?? "the primary"}.`),
  "backup.down": (f) =>
    words(
      `${text(f, "backupCdn") ?? "The backup"} does not answer as a backup: ${service(f)}`,
      "In a storm nothing could be switched to it.",
    ),
  "backup.up": (f) =>
    words(`${text(f, "backupCdn") ?? "The backup"} answers again as a backup: ${service(f)}`, "A switch would help again."),
  "drift.healed": (f, n, all) =>
    words(
      domainsOf(all) > 1
        ? `Weights of ${domainsOf(all)} domains were changed by somebody else, and set back`
        : `Weights of ${text(f, "domain") ?? "a domain"} were changed by somebody else${n > 1 ? ` ${times(n)}` : ""}, and set back`,
      "If the change was meant, set an override or new normal weights; Terraform and the like should ignore weights.",
    ),
  "drift.contested": (f) =>
    words(
      `Somebody keeps changing the weights of ${text(f, "domain") ?? "a domain"}`,
      "tranche does not insist any more: find out who does, then resume.",
    ),
  "drift.resumed": (f) => words(`Weights of ${text(f, "domain") ?? "a domain"} are steered again`, "The dispute over its weights is over."),
  "override.set": (f) =>
    words(
      `${service(f)} is ${mode(f)} by ${text(f, "actor") ?? "somebody"}`,
      `Manual override, ${until(f)}: ${text(f, "reason") ?? "no reason given"}`,
    ),
  "override.cleared": (f) => words(`The override of ${service(f)} is cleared`, "It is steered by its policies again."),
  "override.expired": (f) => words(`The override of ${service(f)} has run out`, `It was ${mode(f)}, and is steered by its policies again.`),
  "freeze.set": (f) =>
    f["scope"] === "customer"
      ? words(
          `All services are frozen by ${text(f, "actor") ?? "somebody"}`,
          `None of them is switched, ${until(f)}: ${text(f, "reason") ?? "no reason given"}`,
        )
      : words(
          `Everything is frozen by ${text(f, "actor") ?? "somebody"}`,
          `Nothing is switched for anybody, ${until(f)}: ${text(f, "reason") ?? "no reason given"}`,
        ),
  "freeze.lifted": () => words("The freeze is lifted", "Every service is steered again."),
  "freeze.expired": () => words("The freeze has run out", "Every service is steered again."),
  "panic.set": (f) =>
    words(
      `Panic, by ${text(f, "actor") ?? "somebody"}: nothing is written to any outside system`,
      `No weight and no health check is changed for anybody until it is lifted: ${text(f, "reason") ?? "no reason given"}. Storms are still seen and told.`,
    ),
  "panic.lifted": () => words("The panic is over", "Every service is steered again."),
  takeover: (f) =>
    words(
      text(f, "how") === "hand_back"
        ? `${text(f, "lease") ?? "A shard"} was handed back to ${text(f, "to") ?? "the preferred provider"}`
        : `${text(f, "to") ?? "The other provider"} has taken over ${text(f, "lease") ?? "a shard"}`,
      text(f, "how") === "hand_back"
        ? `From ${text(f, "from") ?? "the other one"}, as planned.`
        : `${text(f, "from") ?? "The other one"} ${f["lapsed"] === true ? "fell silent" : "gave it back"}; nobody had the shard for ${formatDuration(number(f, "unheldMs") ?? 0)}.`,
    ),
  "readiness.failed": (f) =>
    words(`${service(f)} is not ready for a storm`, `Failed: ${list(f, "failed").join(", ") || "see the readiness report"}.`),
  "readiness.passed": (f) => words(`${service(f)} is ready again`, "No readiness check fails any more."),
  "invoice.issued": (f) =>
    words(
      `Invoice ${number(f, "number") ?? ""}: ${amount(f, "totalCents")}`,
      (number(f, "discountCents") ?? 0) > 0 ? `${amount(f, "discountCents")} were taken off for storms.` : "No storm earned a discount.",
    ),
  "invoice.adjusted": (f) =>
    words(
      `Invoice ${number(f, "number") ?? ""} adjusts earlier ones by ${amount(f, "differenceCents")}`,
      `${number(f, "lines") ?? 0} lines were recomputed from what is known now.`,
    ),
  "token.created": (f) =>
    words(
      `A credential was created: ${text(f, "name") ?? ""}`,
      `${text(f, "role") ?? list(f, "scopes").join(", ")}${text(f, "actor") === null ? "" : `, by ${text(f, "actor")}`}. If nobody of yours did that, revoke it.`,
    ),
  "account.failing": (f) =>
    words(
      `${text(f, "account") ?? "An account"} refuses`,
      `${text(f, "error") ?? "The latest calls failed"}. Nothing can be ${text(f, "account") === "Route 53" ? "switched" : "read"} with it until that is put right.`,
    ),
  "account.recovered": (f) =>
    words(`${text(f, "account") ?? "An account"} works again`, "The latest call succeeded, or the account was replaced."),
  "job.failing": (f) =>
    words(
      `${text(f, "job") ?? "A job"} fails on ${text(f, "provider") ?? "a provider"}`,
      "Its log lines say why; /v1/status says since when.",
    ),
  "job.recovered": (f) =>
    words(`${text(f, "job") ?? "A job"} works again on ${text(f, "provider") ?? "a provider"}`, "The latest run succeeded."),
  "job.overrun": (f, n) =>
    words(
      `${text(f, "job") ?? "A job"} overruns on ${text(f, "provider") ?? "a provider"}`,
      `${n > 1 ? `${n} runs` : "A run"} took longer than there is time for. More shards, or fewer services, would help.`,
    ),
  "finding.opened": (f) =>
    words(
      `Figures do not agree: ${text(f, "rule") ?? "a rule"}`,
      `${text(f, "object") ?? "An object"}: ${text(f, "expected") ?? "?"} was expected, ${text(f, "actual") ?? "?"} was found.`,
    ),
  "finding.cleared": (f) =>
    words(`Figures agree again: ${text(f, "rule") ?? "a rule"}`, `${text(f, "object") ?? "An object"} is as expected.`),
  "channel.failing": (f) =>
    words(
      `Messages do not arrive at ${text(f, "channel") ?? "a channel"}`,
      `${text(f, "error") ?? "The latest attempts failed"}. This is said on another channel; what waits is tried for a day.`,
    ),
  "channel.recovered": (f) => {
    const channel = text(f, "channel") ?? "a channel";
    if (text(f, "how") === "enabled") return words(`The channel ${channel} was switched on again`, "Messages are sent to it from now on.");
    return words(`Messages arrive again at ${channel}`, "The latest attempt succeeded.");
  },
  "delivery.dead": (f, n) =>
    words(
      n > 1
        ? `${n} messages to ${text(f, "channel") ?? "a channel"} were given up`
        : `A message to ${text(f, "channel") ?? "a channel"} was given up`,
      `"${text(f, "title") ?? text(f, "told") ?? "It"}" could not be delivered: ${text(f, "error") ?? "no answer"}.`,
    ),
};

const paths: readonly [RegExp, (one: Notification) => string | null][] = [
  [/^(storm)\./, (one) => (one.stormId === null ? null : `/v1/storms/${one.stormId}`)],
  [/^(switch|failback|backup|drift|override)\./, (one) => (one.serviceId === null ? null : `/v1/services/${one.serviceId}/routing`)],
  [/^readiness\./, (one) => (one.serviceId === null ? null : `/v1/services/${one.serviceId}/readiness`)],
  [/^invoice\./, (one) => (number(one.facts, "invoiceId") === null ? null : `/v1/invoices/${number(one.facts, "invoiceId")}`)],
  [
    /^(channel|delivery)\./,
    (one) =>
      number(one.facts, "channelId") === null
        ? null
        : `${one.customerId === null ? "/v1/operator" : "/v1"}/channels/${number(one.facts, "channelId")}`,
  ],
  [/^(takeover|job\.)/, () => "/v1/status"],
];

/** What ends because it was about something that is deleted. */
const deletion = (kind: NotificationKind, facts: Facts): Words | null => {
  if (facts["how"] !== "deleted") return null;
  const named = ["channel", "domain", "account", "service"].map((name) => [name, text(facts, name)]).find(([, value]) => value !== null);
  return words(`The ${named?.join(" ") ?? "matter"} was deleted`, `What was told of it is over (${kind}).`);
};

const figures: readonly Figure[] = [
  ["Service", (f) => text(f, "service")],
  ["Domain", (f) => text(f, "domain")],
  ["Primary", (f) => text(f, "primaryCdn")],
  ["Backup", (f) => text(f, "backupCdn")],
  ["Weights before", (f) => weights(f, "from")],
  ["Weights now", (f) => weights(f, "to")],
  ["By", (f) => text(f, "actor")],
  ["Error", (f) => text(f, "error")],
];

const wordingOf = (kind: NotificationKind): Wording => {
  if (isOfObjectives(kind)) return sloWordings[kind];
  return isOfCosts(kind) ? costWordings[kind] : wordings[kind];
};

const figuresOf = (kind: NotificationKind): readonly Figure[] => {
  if (isOfObjectives(kind)) return sloFigures[kind];
  return isOfCosts(kind) ? costFigures[kind] : figures;
};

const pathOf = (kind: NotificationKind, one: Notification): string | null => {
  if (isOfObjectives(kind)) return sloPath(kind, one);
  return isOfCosts(kind) ? costPath : (paths.find(([kinds]) => kinds.test(kind))?.[1](one) ?? null);
};

/**
 * A message about what belongs to no incident.
 * @param told what it tells of, the oldest first; the newest gives it its words, the number of those of its kind the plural
 */
export const singleMessage = (
  told: readonly [Notification, ...Notification[]],
  about: { readonly kind: NotificationKind; readonly severity: Severity; readonly action: Action; readonly thread: string },
  customer: string | null,
): Message => {
  const alike = told.filter(({ kind }) => kind === about.kind);
  const newest = alike.at(-1) ?? told.at(-1) ?? told[0];
  const { kind } = about;
  const wording = wordingOf(kind);
  const all = alike.map(({ facts }) => facts);
  const { title, summary } = deletion(kind, newest.facts) ?? wording(newest.facts, all.length, all);
  const path = pathOf(kind, newest);
  const ids: Readonly<Record<string, number | null>> = {
    notification_id: newest.id === 0 ? null : newest.id,
    service_id: newest.serviceId,
    storm_id: newest.stormId,
    invoice_id: number(newest.facts, "invoiceId"),
    channel_id: number(newest.facts, "channelId"),
    objective_id: number(newest.facts, "objectiveId"),
    alert_id: number(newest.facts, "alertId"),
    anomaly_id: number(newest.facts, "anomalyId"),
    zombie_id: number(newest.facts, "zombieId"),
  };
  return {
    kind,
    action: about.action,
    severity: about.severity,
    thread: about.thread,
    title,
    summary,
    facts: figuresOf(kind).flatMap(([label, value]) => {
      const shown = value(newest.facts);
      return shown === null ? [] : [{ label, value: shown }];
    }),
    services: [],
    servicesTotal: newest.serviceId === null ? 0 : 1,
    occurredAtMs: newest.occurredAtMs,
    startedAtMs: null,
    customer,
    ids: Object.fromEntries(Object.entries(ids).filter((entry): entry is [string, number] => entry[1] !== null)),
    path,
  };
};
