import type { NotificationKind, Severity } from "./kinds.ts";

/** What a message does at its receiver: opens an alert, changes it, closes it, or only tells. */
export type Action = "event" | "trigger" | "update" | "resolve";

/** A service as a message names it; `state` in a word or two, such as `on backup`. */
export type ToldService = { readonly id: number; readonly name: string; readonly state: string };

/**
 * One message, as every channel renders it. It is stored before it is first sent, so that each attempt says the same. All text
 * is one line without control or formatting characters (`visible`), and in no markup.
 */
export type Message = {
  readonly kind: NotificationKind | "test" | "channel.confirm";
  readonly action: Action;
  readonly severity: Severity;
  /** The same for all messages of one matter: what PagerDuty calls a dedup_key. Unique in this installation. */
  readonly thread: string;
  /** At most 150 characters: a mail's subject. */
  readonly title: string;
  /** One to three sentences. */
  readonly summary: string;
  /** Figures, in the order in which they are read; at most 12. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** At most 20, the worst first; `servicesTotal` says of how many. */
  readonly services: readonly ToldService[];
  readonly servicesTotal: number;
  /** When the newest change that it tells of happened; when the matter began, null: now. Epoch milliseconds. */
  readonly occurredAtMs: number;
  readonly startedAtMs: number | null;
  /** Of whom it is, for the operator's channels; null: the receiver's own, or nobody's. */
  readonly customer: string | null;
  /**
   * By snake_case name: `service_id`, `storm_id`, `incident_id`, `invoice_id`, `objective_id`, `alert_id`, `anomaly_id`, `zombie_id`,
   * `notification_id`.
   */
  readonly ids: Readonly<Record<string, number>>;
  /** Where the API, or the console, tells more, such as `/v1/incidents/42`; null: nowhere. */
  readonly path: string | null;
  /** Of a mail that some of its recipients were given: who is left. Absent: everybody. */
  readonly left?: readonly string[];
};
