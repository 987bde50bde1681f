import type { MetricsReading } from "../../adapters/ports/coordination/metrics.ts";
import { zombieRules } from "../../domain/cost/zombie.ts";
import type { MetricFamily, Sample } from "../../http/prometheus.ts";
import { gauge } from "./metric-family.ts";

const severities = ["medium", "high", "critical"] as const;
const batchStates = ["queued", "dead"] as const;

/** How the cost watch stands. Gauges of what may not be there are 0, so that an alert sees the first. */
export const costFamilies = ({
  costAnomalies,
  zombies,
  costBatches,
}: Pick<MetricsReading, "costAnomalies" | "zombies" | "costBatches">): readonly MetricFamily[] => [
  gauge(
    "cost_anomalies_open",
    "Anomalies of cost that are not resolved, by severity.",
    severities.map((severity): Sample => [{ severity }, costAnomalies.find((one) => one.severity === severity)?.count ?? 0]),
  ),
  gauge(
    "zombies_open",
    "What is paid for, or kept, without being used, by the rule that found it.",
    zombieRules.map((rule): Sample => [{ rule }, zombies.find((one) => one.rule === rule)?.count ?? 0]),
  ),
  gauge(
    "zombies_waste_cents",
    "What that is known to cost a month, by rule.",
    zombieRules.map((rule): Sample => [{ rule }, zombies.find((one) => one.rule === rule)?.wasteCents ?? 0]),
  ),
  gauge(
    "cost_batches",
    "Batches of cost events that wait to be scored (queued), and those that could not be (dead).",
    batchStates.map((state): Sample => [{ state }, costBatches.find((one) => one.state === state)?.count ?? 0]),
  ),
  gauge("cost_queue_oldest_age_seconds", "Since when the oldest batch of cost events has been waiting to be scored; 0: none waits.", [
    [{}, Math.max(0, costBatches.find((one) => one.state === "queued")?.oldestAgeSeconds ?? 0)],
  ]),
];
