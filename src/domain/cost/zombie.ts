/** What idles, by which rule it was found. */
export const zombieRules = [
  "backup-would-not-pay",
  "health-check-on-no-record",
  "zone-without-records",
  "pair-without-service",
  "third-record",
  "cdn-without-traffic",
  "domain-unverified",
  "account-unused",
  "token-never-used",
  "token-unused",
  "service-incomplete",
  "customer-without-service",
  "address-unassociated",
  "volume-unattached",
  "stopped-instance-volumes",
  "load-balancer-idle",
] as const;
export type ZombieRule = (typeof zombieRules)[number];

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** After how long without activity each rule holds: from then on, to the millisecond. */
export const idleAfterMs: Readonly<Record<ZombieRule, number>> = {
  "backup-would-not-pay": 24 * hourMs,
  "health-check-on-no-record": 24 * hourMs,
  "zone-without-records": 7 * dayMs,
  "pair-without-service": 7 * dayMs,
  "third-record": 7 * dayMs,
  "cdn-without-traffic": 14 * dayMs,
  "domain-unverified": 30 * dayMs,
  "account-unused": 30 * dayMs,
  "token-never-used": 30 * dayMs,
  "token-unused": 90 * dayMs,
  "service-incomplete": 7 * dayMs,
  "customer-without-service": 7 * dayMs,
  "address-unassociated": 7 * dayMs,
  "volume-unattached": 7 * dayMs,
  "stopped-instance-volumes": 7 * dayMs,
  "load-balancer-idle": 7 * dayMs,
};

/** Something that idles, or that is insurance which would not pay. It is reported, never removed. */
export type Zombie = {
  readonly rule: ZombieRule;
  readonly severity: "critical" | "warning";
  /** With the rule, what it is known by, whatever it is called meanwhile: `service 12 on fastly`, `vol-0abc`. */
  readonly key: string;
  /** What people call it. */
  readonly resource: string;
  readonly account: string | null;
  /** The service that it belongs to; null: none. */
  readonly serviceId: number | null;
  /** Since when it idles: its last activity, or the time that it came to be so; epoch milliseconds. */
  readonly lastActivityMs: number;
  /** What it costs a month, in cents; null: no price is known. */
  readonly monthlyWasteCents: number | null;
  readonly reason: string;
  readonly remedy: string;
};

/** What a rule says of a resource, once it holds. Without a key of its own it is known by what it is called. */
type Said = Omit<Zombie, "rule" | "lastActivityMs" | "severity" | "key" | "serviceId"> &
  Partial<Pick<Zombie, "severity" | "key" | "serviceId">>;

/** What a month may waste, in cents: beyond it a figure is none. */
const mostCents = 1e12;

const priceOf = (cents: number | null): number | null =>
  cents !== null && Number.isSafeInteger(cents) && cents >= 0 && cents <= mostCents ? cents : null;

/** The zombie of a rule; none as long as the resource has not idled for long enough, or nobody knows since when. */
export const idle = (rule: ZombieRule, sinceMs: number, nowMs: number, said: () => Said): readonly Zombie[] => {
  if (!Number.isFinite(sinceMs) || nowMs - sinceMs < idleAfterMs[rule]) return [];
  const what = said();
  const price = priceOf(what.monthlyWasteCents);
  return [{ rule, lastActivityMs: sinceMs, severity: "warning", key: what.resource, serviceId: null, ...what, monthlyWasteCents: price }];
};

/** The latest of several times, of which some never were. */
export const latest = (...times: readonly (number | null)[]): number => Math.max(...times.map((time) => time ?? Number.NEGATIVE_INFINITY));
