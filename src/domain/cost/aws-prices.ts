/**
 * List prices in thousandths of a cent a month (730 hours), of us-east-1, November 2026. Elsewhere prices differ, and none is better than
 * a wrong one.
 */
const monthly = {
  /** $0.005 an hour. */
  address: 365_000,
  /** $0.0225 an hour, without what it carries. */
  "load-balancer": 1_642_500,
} as const;

/** The same for a GiB. */
const monthlyPerGib: Readonly<Record<string, number>> = {
  standard: 5_000,
  gp2: 10_000,
  gp3: 8_000,
  io1: 12_500,
  io2: 12_500,
  st1: 4_500,
  sc1: 1_500,
};

const pricedRegion = "us-east-1";

/** Half a cent and more is a cent. */
const wholeCents = (thousandths: number): number => Math.floor((thousandths + 500) / 1_000);

/** What one costs a month, in cents; null: the price is not known. */
export const monthlyCents = (resource: keyof typeof monthly, region: string): number | null =>
  region === pricedRegion ? wholeCents(monthly[resource]) : null;

/** What volumes cost a month together, in cents, without provisioned throughput; null: the price of one is not known. */
export const volumesCents = (volumes: readonly { readonly type: string; readonly gib: number }[], region: string): number | null => {
  if (region !== pricedRegion) return null;
  const parts = volumes.flatMap(({ type, gib }) => (Object.hasOwn(monthlyPerGib, type) ? [(monthlyPerGib[type] ?? 0) * gib] : []));
  return parts.length < volumes.length ? null : wholeCents(parts.reduce((sum, part) => sum + part, 0));
};

/** A hosted zone's, of the first 25 of an account. Everywhere the same, as Route 53 has no regions. */
export const hostedZoneCents = 50;

/** A health check's: of an endpoint on AWS or elsewhere, and for each of HTTPS, text matching, a short interval, latency. */
export const healthCheckCents = ({ isOnAws, options }: { readonly isOnAws: boolean; readonly options: number }): number =>
  isOnAws ? 50 + 100 * options : 75 + 200 * options;
