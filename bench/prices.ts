/**
 * List prices in US dollars, each with where it was read. Read in November 2026; correct them here and nowhere else.
 * A month is 30 days. `included` comes with the base price.
 */
export const prices = {
  workers: {
    source: "https://developers.cloudflare.com/workers/platform/pricing/",
    base: 5,
    requests: { included: 10_000_000, perMillion: 0.3 },
    cpuMs: { included: 30_000_000, perMillion: 0.02 },
  },
  durableObjects: {
    source: "https://developers.cloudflare.com/durable-objects/platform/pricing/",
    requests: { included: 1_000_000, perMillion: 0.15 },
    /** By the wall clock while an object is at work; each counts as 128 MB. */
    gbSeconds: { included: 400_000, perMillion: 12.5 },
    gigabytes: 0.128,
  },
  vercel: {
    source: "https://vercel.com/docs/functions/usage-and-pricing",
    /** One seat of the Pro plan, which crons once a minute need; the usage that comes with it is deducted. */
    base: 20,
    usageIncluded: 20,
    invocations: { included: 0, perMillion: 0.6 },
    perActiveCpuHour: 0.128,
    perGbHour: 0.0106,
    gigabytes: 2,
  },
  neon: {
    source: "https://neon.com/docs/introduction/plans",
    perCuHour: 0.106,
    smallestCu: 0.25,
    perGbMonth: 0.35,
    /** The change history of the restore window. */
    perHistoryGbMonth: 0.2,
    egress: { includedGb: 100, perGb: 0.1 },
  },
  route53: {
    source: "https://aws.amazon.com/route53/pricing/",
    /** Calls of the API are not charged; zones and health checks are the customer's own. */
    perCall: 0,
  },
} as const;
