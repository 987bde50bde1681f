import { prices } from "./prices.ts";

/** What one domain leaves behind in a day, by table, indexes and all, and for how many days that is kept. */
export type Stored = { readonly table: string; readonly bytesPerDomainDay: number; readonly keptDays: number };

/** A round of one provider, for a shard of `domains`: means over rounds in calm. */
export type RoundFigures = {
  readonly domains: number;
  readonly requests: number;
  readonly statements: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How long the database was at work for it. */
  readonly databaseMs: number;
  readonly cpuMs: number;
  readonly probes: number;
  readonly walBytes: number;
};

/** What was measured: once for the present code, and once for the baseline. */
export type Figures = {
  readonly acted: RoundFigures;
  readonly watched: RoundFigures;
  readonly stored: readonly Stored[];
  readonly stormBytes: number;
  /** What the first rounds of a new instance of each provider receive, of a domain. */
  readonly freshBytes: number;
};

/** What is assumed where nothing can be measured here; printed with the table. */
export const assumed = {
  roundsPerMonth: 30 * 8_640,
  domainsPerShard: 200,
  /** How long a probe waits for its answer; six wait at once. */
  probeMs: 100,
  connections: 6,
  stormsPerDomainMonth: 0.5,
  /** How often a provider puts a new instance in the place of one that knows its shard. */
  freshInstancesPerDay: 24,
  /** The share of a core that Neon's autoscaling leaves idle. */
  databaseBusy: 0.5,
  restoreDays: 1,
} as const;

const gb = 1e9;
const billable = (used: number, { included, perMillion }: { included: number; perMillion: number }): number =>
  (Math.max(0, used - included) / 1e6) * perMillion;

export type Month = {
  readonly domains: number;
  readonly shards: number;
  readonly probes: number;
  readonly egressGb: number;
  readonly storageGb: number;
  readonly databaseCores: number;
  readonly route53Calls: number;
  readonly workers: { readonly requests: number; readonly cpuHours: number; readonly objectGbSeconds: number; readonly cost: number };
  readonly vercel: { readonly invocations: number; readonly cpuHours: number; readonly gbHours: number; readonly cost: number };
  readonly neon: {
    readonly cu: number;
    readonly compute: number;
    readonly storage: number;
    readonly history: number;
    readonly egress: number;
    readonly cost: number;
  };
  readonly cost: number;
};

/** Crons of a deployment in a month, from src/cron/schedule.ts: every minute, every five, and three an hour or rarer. */
const cronsPerMonth = 43_200 + 8_640 + 720 + 720 + 30;

const storageGb = (stored: readonly Stored[], domains: number): number =>
  (domains * stored.reduce((sum, { bytesPerDomainDay, keptDays }) => sum + bytesPerDomainDay * keptDays, 0)) / gb;

/** A month of that many domains, with both providers at work and the Worker as the holder, for a year of books. */
export const monthOf = ({ acted, watched, stored, stormBytes, freshBytes }: Figures, domains: number): Month => {
  const { roundsPerMonth, domainsPerShard, probeMs, connections } = assumed;
  const shards = Math.ceil(domains / domainsPerShard);
  const each = (figure: (round: RoundFigures) => number) =>
    [acted, watched].map((round) => (figure(round) * domains * roundsPerMonth) / round.domains);
  const sum = (figure: (round: RoundFigures) => number) => each(figure).reduce((a, b) => a + b, 0);
  // A round of a single domain is no hundredth of a round of a hundred: what every round has is in `requests`.
  const [actedCpuMs = 0, watchedCpuMs = 0] = each(({ cpuMs }) => cpuMs);
  const busySeconds = Math.min(roundsPerMonth * 10 * shards, (domains * 3 * probeMs * roundsPerMonth) / 1_000 / connections);

  const alarms = shards === 1 ? 0 : roundsPerMonth * shards;
  const arms = shards === 1 ? 0 : 43_200 * shards;
  const workers = {
    requests: cronsPerMonth,
    cpuHours: actedCpuMs / 3_600_000,
    objectGbSeconds: shards === 1 ? 0 : busySeconds * prices.durableObjects.gigabytes,
    cost: 0,
  };
  workers.cost =
    prices.workers.base +
    billable(workers.requests, prices.workers.requests) +
    billable(actedCpuMs, prices.workers.cpuMs) +
    billable(alarms + arms, prices.durableObjects.requests) +
    billable(workers.objectGbSeconds, prices.durableObjects.gbSeconds);

  const invocations = cronsPerMonth + (shards === 1 ? 0 : 43_200 * shards);
  // One instance is there all the time, for a tick lasts its minute; those of all shards share it while they wait.
  const gbHours = 720 * prices.vercel.gigabytes * Math.ceil(shards / 25);
  const vercelUsage =
    billable(invocations, prices.vercel.invocations) +
    (watchedCpuMs / 3_600_000) * prices.vercel.perActiveCpuHour +
    gbHours * prices.vercel.perGbHour;
  const vercel = {
    invocations,
    cpuHours: watchedCpuMs / 3_600_000,
    gbHours,
    cost: prices.vercel.base + Math.max(0, vercelUsage - prices.vercel.usageIncluded),
  };

  const databaseCores = sum(({ databaseMs }) => databaseMs) / (roundsPerMonth * 10_000);
  const cu = Math.max(
    prices.neon.smallestCu,
    Math.ceil(databaseCores / assumed.databaseBusy / prices.neon.smallestCu) * prices.neon.smallestCu,
  );
  const egressGb = (sum(({ bytesOut }) => bytesOut) + freshBytes * domains * 30 * assumed.freshInstancesPerDay) / gb;
  const totalGb = storageGb(stored, domains) + (domains * assumed.stormsPerDomainMonth * 12 * stormBytes) / gb;
  const neon = {
    cu,
    compute: cu * 720 * prices.neon.perCuHour,
    storage: totalGb * prices.neon.perGbMonth,
    history: ((sum(({ walBytes }) => walBytes) / 30) * assumed.restoreDays * prices.neon.perHistoryGbMonth) / gb,
    egress: Math.max(0, egressGb - prices.neon.egress.includedGb) * prices.neon.egress.perGb,
    cost: 0,
  };
  neon.cost = neon.compute + neon.storage + neon.history + neon.egress;
  return {
    domains,
    shards,
    egressGb,
    storageGb: totalGb,
    databaseCores,
    workers,
    vercel,
    neon,
    cost: workers.cost + vercel.cost + neon.cost,
    probes: sum(({ probes }) => probes),
    route53Calls: domains * 2 * 8_640,
  };
};
