import type { MetricsReading } from "../../adapters/ports/coordination/metrics.ts";
import { breakerKinds } from "../../domain/platform/breaker.ts";
import type { MetricFamily, Sample } from "../../http/prometheus.ts";
import { gauge } from "./metric-family.ts";

/** Circuit breakers of outside services. Kinds of which none is open are 0, so that an alert sees the first. */
export const breakerFamilies = ({ breakers }: Pick<MetricsReading, "breakers">): readonly MetricFamily[] => [
  gauge(
    "breakers_open",
    "Outside services, each by one account, that are not asked as they do not answer, by kind.",
    breakerKinds.map((kind): Sample => [{ kind }, breakers.find((one) => one.kind === kind)?.count ?? 0]),
  ),
];
