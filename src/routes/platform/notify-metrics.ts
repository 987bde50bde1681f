import type { MetricsReading } from "../../adapters/ports/coordination/metrics.ts";
import { channelKinds } from "../../adapters/ports/notify/channel.ts";
import type { MetricFamily, Sample } from "../../http/prometheus.ts";
import { gauge } from "./metric-family.ts";

const channelStates = ["active", "unconfirmed", "paused", "disabled"] as const;
const incidentScopes = ["customer", "installation"] as const;

/** How the telling of people stands: incidents, channels, messages. Gauges of what may not be there are 0, so that an alert sees the first. */
export const notifyFamilies = ({
  incidents,
  channels,
  pendingDeliveries,
  deadDeliveries,
  outboxLagSeconds,
}: MetricsReading): readonly MetricFamily[] => {
  const ofKinds = <T extends { readonly kind: string }>(all: readonly T[], value: (one: T) => number | null): readonly Sample[] =>
    channelKinds.map((kind) => {
      const one = all.find((found) => found.kind === kind);
      return [{ kind }, one === undefined ? 0 : (value(one) ?? 0)];
    });
  return [
    gauge(
      "incidents_open",
      "Incidents that are open, by kind (storm, backup) and scope: each customer's, or the installation's, one a CDN.",
      ["storm", "backup"].flatMap((kind) =>
        incidentScopes.map((scope): Sample => [
          { kind, scope },
          incidents.find((one) => one.kind === kind && one.scope === scope)?.count ?? 0,
        ]),
      ),
    ),
    gauge(
      "channels",
      "Channels by kind and state; paused: after failures in a row, disabled: the receiver wants no more, or an editor.",
      channelKinds.flatMap((kind) =>
        channelStates.map((state): Sample => [
          { kind, state },
          channels.find((one) => one.kind === kind && one.state === state)?.count ?? 0,
        ]),
      ),
    ),
    gauge(
      "deliveries_pending",
      "Messages that wait to be delivered, by kind of channel.",
      ofKinds(pendingDeliveries, ({ count }) => count),
    ),
    gauge(
      "deliveries_pending_oldest_age_seconds",
      "Since when the oldest of them has been waiting, retries and updates that are not due included.",
      ofKinds(pendingDeliveries, ({ oldestAgeSeconds }) => oldestAgeSeconds),
    ),
    gauge(
      "deliveries_overdue_seconds",
      "For how long the message that is due longest has not been tried, of channels that are not paused.",
      ofKinds(pendingDeliveries, ({ overdueSeconds }) => overdueSeconds),
    ),
    gauge(
      "deliveries_dead",
      "Messages of the last 24 hours that were given up; anything but 0 is an alert.",
      ofKinds(deadDeliveries, ({ count }) => count),
    ),
    gauge("outbox_lag_seconds", "How long the oldest notification has been waiting for its messages to be decided; 0: none waits.", [
      [{}, Math.max(0, outboxLagSeconds ?? 0)],
    ]),
  ];
};
