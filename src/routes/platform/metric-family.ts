import type { MetricFamily, Sample } from "../../http/prometheus.ts";

export const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name: `tranche_${name}`,
  type: "gauge",
  help,
  samples,
});

export const counter = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name: `tranche_${name}`,
  type: "counter",
  help,
  samples,
});
