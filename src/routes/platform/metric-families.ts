import type { MetricsReading } from "../../adapters/ports/coordination/metrics.ts";
import { shardsWanted } from "../../domain/coordination/shard-load.ts";
import { sealCounts } from "../../domain/tenants/seals.ts";
import type { MetricFamily, Sample } from "../../http/prometheus.ts";
import { breakerFamilies } from "./breaker-metrics.ts";
import { costFamilies } from "./cost-metrics.ts";
import { counter, gauge } from "./metric-family.ts";
import { notifyFamilies } from "./notify-metrics.ts";
import { sloFamilies } from "./slo-metrics.ts";

const milli = 1_000;

/** Without what may stand behind a colon: the side, the CDN, or that it is of older windows. */
const reconciliationRules = [
  "host_unreadable",
  "invoice_numbers",
  "invoice_sums",
  "line_bytes",
  "reading_stranger",
  "side_incomplete",
  "window_bytes",
  "window_cents",
  "window_facts",
  "window_invoice",
  "window_line",
  "window_missing",
  "window_stranger",
] as const;

/** What steering makes of a service (`domain/steering/steering.ts`), and what is claimed of it (`pipeline/steering/claim.ts`). */
const routingStates = ["normal", "shifted", "partial", "failback", "held", "frozen", "unsteered"] as const;
/** The usual reasons why traffic that would have to move does not, or not all of it; what stands in the way in DNS has more. */
const holdReasons = [
  "backup_down",
  "backup_unknown",
  "bad_backup",
  "latched",
  "primary_not_known_up",
  "switch_failed",
  "contested",
  "unverified",
] as const;

const together = (all: readonly { readonly count: number }[]): number => all.reduce((total, { count }) => total + count, 0);

const heldServices = ({ services }: MetricsReading): readonly Sample[] => {
  const held = services.filter(({ state, reason }) => state === "held" || state === "partial" || reason === "bad_backup");
  const reasons = new Set([...holdReasons, ...held.map(({ reason }) => reason)]);
  return [...reasons].map((reason): Sample => [{ reason }, together(held.filter((one) => one.reason === reason))]);
};

/** From 0 on for every pair of providers: of a series that begins at 1 Prometheus would see no increase. */
const passings = ({ providers, takeovers }: MetricsReading): readonly Sample[] => {
  const names = [...new Set([...providers.map(({ name }) => name), ...takeovers.flatMap(({ from, to }) => [from, to])])];
  return ["takeover", "hand_back"].flatMap((kind) =>
    names.flatMap((from) =>
      names
        .filter((to) => to !== from)
        .map((to): Sample => [
          { kind, from, to },
          takeovers.find((one) => one.kind === kind && one.from === from && one.to === to)?.count ?? 0,
        ]),
    ),
  );
};

/** The metrics of a reading; `sealKeys` as of `Deps`. What is counted over time is kept in the database, so any worker may answer a scrape. */
export const metricFamilies = (
  reading: MetricsReading,
  sealKeys: readonly string[],
  build: { readonly version: string; readonly provider: string },
): readonly MetricFamily[] => {
  const { jobs, leases } = reading;
  const counted = (name: string): MetricsReading["counters"] => reading.counters.filter((one) => one.name === name);
  const rounds = (name: string, scale: number): readonly Sample[] =>
    counted(name).map(({ provider, value }) => [{ provider }, value / scale]);
  const ofProviders = (value: (one: MetricsReading["providers"][number]) => number | null): readonly Sample[] =>
    reading.providers.flatMap((one): Sample[] => {
      const found = value(one);
      return found === null ? [] : [[{ provider: one.name }, found]];
    });
  const kinds = ["http_availability", "http_latency"];
  const states = ["storm", "recovering"];
  return [
    gauge("build_info", "The deployment that answers.", [[{ ...build }, 1]]),
    gauge("shards", "Parts that the services are split into.", [[{}, reading.shards]]),
    gauge("shards_wanted", "Parts that the services had better be split into: other than tranche_shards for long is an alert.", [
      [{}, shardsWanted(reading.shards, reading.shardLoads)],
    ]),
    gauge(
      "shard_utilisation",
      "Of the time of a round's connections, the share that probing everything takes in calm; beyond 1 there is no time for all.",
      reading.shardLoads.map(({ shard, utilisation }) => [{ shard: String(shard) }, utilisation]),
    ),
    gauge(
      "shard_domains",
      "Domains of a shard.",
      reading.shardLoads.map(({ shard, domains }) => [{ shard: String(shard) }, domains]),
    ),
    gauge(
      "shard_domains_left_out",
      "Domains of a shard for which a round has no room, so that they take turns; anything but 0 is an alert.",
      reading.shardLoads.map(({ shard, leftOut }) => [{ shard: String(shard) }, leftOut]),
    ),
    counter("domains_left_out_total", "Domains left out of rounds, round by round.", rounds("domains_left_out", 1)),
    gauge(
      "clock_skew_seconds",
      "By how much a provider's own clock is ahead of the database's, by which it goes; beyond 2 either way is an alert.",
      ofProviders(({ clockSkewMs }) => (clockSkewMs === null ? null : clockSkewMs / milli)),
    ),
    gauge(
      "vantage_last_heard_age_seconds",
      "Time since a vantage last probed; place is its data centre or region where its platform tells.",
      reading.vantages.map(({ name, place, lastHeardAgeSeconds }) => [{ vantage: name, place: place ?? "" }, lastHeardAgeSeconds]),
    ),
    gauge(
      "probe_agent_last_sample_age_seconds",
      "Time since samples of a probe agent were last taken, or since it was made; beyond 120 is an alert.",
      reading.probeAgents.map(({ name, lastSampleAgeSeconds }) => [{ agent: name }, lastSampleAgeSeconds]),
    ),
    gauge(
      "storms_active",
      "Storms under way, by kind of policy and state.",
      kinds.flatMap((kind) =>
        states.map((state): Sample => [
          { kind, state },
          reading.storms.find((one) => one.kind === kind && one.state === state)?.count ?? 0,
        ]),
      ),
    ),
    gauge(
      "services",
      "Services by the state of their routing: normal, shifted (to the backup), partial (not all visitors), failback, held (an alert), frozen, unsteered (no round yet).",
      routingStates.map((state): Sample => [{ state }, together(reading.services.filter((one) => one.state === state))]),
    ),
    gauge(
      "services_held",
      "Services whose traffic is not moved, or not all of it, by why: all but primary_not_known_up are in a storm and not helped.",
      heldServices(reading),
    ),
    counter("storms_total", "Storms ever recorded.", [[{}, reading.stormsTotal]]),
    gauge(
      "probe_samples_5m",
      "Probe samples of the last five minutes; result is ok or the error.",
      reading.samples.map(({ path, vantage, result, count }) => [{ path, vantage, result }, count]),
    ),
    counter("rounds_total", "Probe rounds that were completed.", rounds("rounds", 1)),
    counter(
      "rounds_failed_total",
      "Probe rounds that failed, by role: any increase is an alert.",
      reading.providers.flatMap(({ name }) =>
        ["holder", "witness"].map((role): Sample => [
          { provider: name, role },
          counted("rounds_failed").find((one) => one.provider === name && one.label === role)?.value ?? 0,
        ]),
      ),
    ),
    counter("round_duration_seconds_total", "Time spent in completed rounds; by rounds_total, their mean.", rounds("round_ms", milli)),
    counter("witness_rounds_total", "Probe rounds that were completed as the witness of the other provider.", rounds("witness_rounds", 1)),
    counter(
      "unreadable_probes_total",
      "Probes whose answer not every provider can read (more than 16 KB of headers, or malformed): no samples, so their paths stay unknown.",
      rounds("unreadable_probes", 1),
    ),
    counter(
      "probes_over_budget_total",
      "Probes that were not sent, as the platform lets one invocation send no more requests (REQUESTS_PER_INVOCATION).",
      rounds("probes_over_budget", 1),
    ),
    counter(
      "round_overruns_total",
      "Rounds that took longer than their slot.",
      jobs.filter(({ job }) => job.startsWith("tick:")).map(({ job, provider, overruns }) => [{ job, provider }, overruns]),
    ),
    counter(
      "route53_calls_total",
      "Requests to Route 53, retries included, by result.",
      counted("route53_calls").map(({ provider, label, value }) => [{ provider, result: label }, value]),
    ),
    counter(
      "abandoned_calls_total",
      "Calls that did not even end when their time was over; of what they were for.",
      counted("abandoned_calls").map(({ provider, label, value }) => [{ provider, lane: label }, value]),
    ),
    gauge(
      "dns_accounts_in_trouble",
      "DNS accounts that are left alone: after failures in a row, or because changes may not be asked after.",
      [
        [{ trouble: "paused" }, reading.dnsAccounts.paused],
        [{ trouble: "polls_refused" }, reading.dnsAccounts.pollsRefused],
      ],
    ),
    gauge("pending_changes", "Accepted switches that are not known to be on all servers.", [[{}, reading.pendingChanges.count]]),
    gauge(
      "pending_changes_oldest_age_seconds",
      "Since when the oldest of them has been so; absent: there is none.",
      reading.pendingChanges.oldestAgeSeconds === null ? [] : [[{}, reading.pendingChanges.oldestAgeSeconds]],
    ),
    gauge(
      "routing_changes",
      "Switches of the last 24 hours and those still under way, by what has become of them so far.",
      reading.routingChanges.map(({ result, count }) => [{ result }, count]),
    ),
    gauge(
      "switch_proofs",
      "Switches of the last 24 hours by whether visitors follow them: observed, diverged, unknown.",
      reading.switchProofs.map(({ proof, count }) => [{ proof }, count]),
    ),
    gauge(
      "domains",
      "Domains by the status of their records: found, unprovisioned, error, contested, unread.",
      reading.domains.map(({ status, count }) => [{ status }, count]),
    ),
    counter(
      "drifts_total",
      "Weights that somebody else changed, by what was done about it.",
      reading.drifts.map(({ outcome, count }) => [{ outcome }, count]),
    ),
    gauge("frozen", "Whether an admin has frozen everything.", [[{}, Number(reading.frozen)]]),
    gauge("panic", "Whether nothing is written to any outside system, by an admin's order.", [[{}, Number(reading.panic)]]),
    gauge("customer_freezes", "Customers all of whose services are frozen by one order.", [[{}, reading.customerFreezes]]),
    counter(
      "job_runs_total",
      "Finished runs of a job by result.",
      jobs.flatMap(({ job, provider, successes, failures }): Sample[] => [
        [{ job, provider, result: "ok" }, successes],
        [{ job, provider, result: "failed" }, failures],
      ]),
    ),
    counter(
      "billing_runs_total",
      "Finished billing runs by result, all providers together.",
      (["successes", "failures"] as const).map((result): Sample => [
        { result: result === "successes" ? "ok" : "failed" },
        jobs.filter(({ job }) => job === "bill").reduce((sum, run) => sum + run[result], 0),
      ]),
    ),
    gauge(
      "job_last_duration_seconds",
      "How long the last run of a job took.",
      jobs.flatMap(({ job, provider, lastDurationMs }): Sample[] =>
        lastDurationMs === null ? [] : [[{ job, provider }, lastDurationMs / milli]],
      ),
    ),
    gauge(
      "job_last_success_age_seconds",
      "Time since a job last succeeded; absent: it never has.",
      jobs.flatMap(({ job, provider, lastSuccessAgeSeconds: age }): Sample[] => (age === null ? [] : [[{ job, provider }, age]])),
    ),
    gauge(
      "lease_held",
      "Whether the provider that last took a lease holds it now.",
      leases.map(({ name, provider, held }) => [{ name, provider }, Number(held)]),
    ),
    gauge(
      "lease_age_seconds",
      "Time since a lease was last taken, whether it is still held or not.",
      leases.map(({ name, provider, ageSeconds }) => [{ name, provider }, ageSeconds]),
    ),
    gauge(
      "lease_epoch",
      "How often a lease has been taken.",
      leases.map(({ name, provider, epoch }) => [{ name, provider }, epoch]),
    ),
    gauge(
      "provider_heartbeat_age_seconds",
      "Time since a provider's latest round, as the holder or as the witness.",
      ofProviders(({ heartbeatAgeSeconds }) => heartbeatAgeSeconds),
    ),
    gauge(
      "provider_last_round_age_seconds",
      "Time since a provider's latest round as the holder of shard 0; absent: there was none.",
      ofProviders(({ lastRoundAgeSeconds }) => lastRoundAgeSeconds),
    ),
    gauge(
      "provider_public_ok",
      "Whether a provider's /healthz was good when the other one last looked; absent: it never has.",
      ofProviders(({ publicOk }) => (publicOk === null ? null : Number(publicOk))),
    ),
    counter("takeovers_total", "Shards that passed to the other provider: any increase is an alert.", passings(reading)),
    gauge(
      "reconciliation_differences",
      "Figures that do not agree, by rule; anything but 0 is an alert. The rows are in reconciliation_findings.",
      reconciliationRules.map((rule) => [{ rule }, reading.findings.find((one) => one.rule === rule)?.count ?? 0]),
    ),
    gauge("adjustment_causes", "Corrections and storm edits that wait for the next billing run.", [[{}, reading.adjustmentCauses]]),
    gauge(
      "sealed_secrets",
      "Kept secrets of customers by the key that sealed them: current, previous (to be resealed), unknown (an alert: they do not open).",
      Object.entries(sealCounts(sealKeys, reading.seals)).map(([key, count]) => [{ key }, count]),
    ),
    counter("invoices_issued_total", "Invoices ever issued.", [[{}, reading.invoices]]),
    ...notifyFamilies(reading),
    ...sloFamilies(reading),
    ...costFamilies(reading),
    ...breakerFamilies(reading),
  ];
};
