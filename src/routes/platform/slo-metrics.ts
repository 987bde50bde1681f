import type { MetricsReading } from "../../adapters/ports/coordination/metrics.ts";
import type { MetricFamily, Sample } from "../../http/prometheus.ts";
import { gauge } from "./metric-family.ts";

const alerts = ["1h", "6h", "3d", "fast_burn", "budget_warning", "budget_critical", "exhausted"] as const;
const states = ["healthy", "at_risk", "degraded", "breaching", "insufficient_data", "new"] as const;

/** How objectives stand. Gauges of what may not be there are 0, so that an alert sees the first. */
export const sloFamilies = ({ sloAlerts, objectives }: Pick<MetricsReading, "sloAlerts" | "objectives">): readonly MetricFamily[] => [
  gauge(
    "slo_alerts_open",
    "Alerts of error budgets that are open, by alert: burn (1h, 6h, 3d, fast_burn), the budget spent in part or wholly.",
    alerts.map((alert): Sample => [{ alert }, sloAlerts.find((one) => one.alert === alert)?.count ?? 0]),
  ),
  gauge(
    "slo_objectives",
    "Objectives by their state at the end of the last closed day; new: none is closed yet.",
    states.map((state): Sample => [{ state }, objectives.find((one) => one.state === state)?.count ?? 0]),
  ),
];
