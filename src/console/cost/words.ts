import type { AnomalyState, SeriesKind } from "../../adapters/ports/cost/anomalies.ts";
import type { FoundZombie, ZombieState } from "../../adapters/ports/cost/zombies.ts";
import type { CostMode } from "../../domain/cost/mode.ts";
import type { Severity } from "../../domain/cost/score.ts";
import type { ZombieRule } from "../../domain/cost/zombie.ts";
import type { Word } from "../words.ts";

export const severityWords: Readonly<Record<Severity, Word>> = {
  critical: { word: "Critical", tone: "bad" },
  high: { word: "High", tone: "warn" },
  medium: { word: "Medium", tone: "warn" },
  none: { word: "Usual", tone: "ok" },
};

/** How an anomaly stands, once somebody has answered it. */
const answered: Readonly<Record<Exclude<AnomalyState, "open">, Word>> = {
  acknowledged: { word: "Acknowledged", tone: "held" },
  snoozed: { word: "Snoozed", tone: "off" },
  expected: { word: "Expected", tone: "off" },
  resolved: { word: "Resolved", tone: "ok" },
};

/** How an anomaly stands: one that nobody has answered by how bad it is. */
export const anomalyWord = (state: AnomalyState, severity: Severity): Word =>
  state === "open" ? { word: "Open", tone: severityWords[severity].tone } : answered[state];

export const zombieWord = (state: ZombieState, severity: FoundZombie["severity"]): Word => {
  if (state === "open") return severity === "critical" ? { word: "Critical", tone: "bad" } : { word: "Idle", tone: "warn" };
  return state === "dismissed" ? { word: "Dismissed", tone: "off" } : { word: "Gone, or used again", tone: "ok" };
};

export const ruleWords: Readonly<Record<ZombieRule, string>> = {
  "backup-would-not-pay": "Insurance that would not pay",
  "health-check-on-no-record": "Health check on no record",
  "zone-without-records": "Hosted zone without records",
  "pair-without-service": "Weighted pair without its service",
  "third-record": "Third record in a steered set",
  "cdn-without-traffic": "CDN without traffic",
  "domain-unverified": "Domain never verified",
  "account-unused": "Account that no service uses",
  "token-never-used": "Token never used",
  "token-unused": "Token no longer used",
  "service-incomplete": "Service without domain or policy",
  "customer-without-service": "Customer without service",
  "address-unassociated": "Elastic IP without association",
  "volume-unattached": "Volume without attachment",
  "stopped-instance-volumes": "Volumes of a stopped instance",
  "load-balancer-idle": "Load balancer without requests",
};

export const modeWords: Readonly<Record<CostMode, Word & { readonly says: string }>> = {
  shadow: { word: "Shadow", tone: "off", says: "anomalies are recorded and shown, and nobody is told" },
  audit: { word: "Audit", tone: "held", says: "anomalies are told as information" },
  enforce: { word: "Enforce", tone: "ok", says: "anomalies are told as urgent as they are" },
};

export const kindWords: Readonly<Record<SeriesKind, string>> = {
  egress: "what a service sends, by the hour",
  priced: "events with a known cost, one by one",
  calls: "calls whose cost is not known, by the hour",
};
