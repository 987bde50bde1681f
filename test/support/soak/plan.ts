import { seededRandom } from "../random.ts";

/** Half-open, epoch milliseconds. */
export type Span = { readonly fromMs: number; readonly toMs: number };

export const overlaps = (a: Span, b: Span): boolean => a.fromMs < b.toMs && b.fromMs < a.toMs;
export const holds = ({ fromMs, toMs }: Span, atMs: number): boolean => fromMs <= atMs && atMs < toMs;

export const providers = ["cloudflare", "vercel"] as const;
export type ProviderName = (typeof providers)[number];

/** How a host fails: with a 503, a refused connection, or silence. */
export type OutageKind = "status" | "refuse" | "hang";
export type Outage = Span & { readonly kind: OutageKind; readonly hosts: readonly string[] };

export type Fault = Span &
  (
    | { readonly kind: "dns_hang" | "dns_throttle" | "dns_denied"; /** 0: the operator's account. */ readonly account: number }
    | { readonly kind: "dark"; readonly provider: ProviderName }
    /** All its probes fail, whatever they ask: its network is gone, not what it asks. */
    | { readonly kind: "blind"; readonly provider: ProviderName }
    | { readonly kind: "db_away"; readonly how: "refused" | "silent" }
    | { readonly kind: "skew"; readonly provider: ProviderName; readonly ms: number }
    | { readonly kind: "cron_late"; readonly provider: ProviderName; readonly ms: number }
    | { readonly kind: "cron_doubled"; readonly provider: ProviderName; readonly afterMs: number }
    | { readonly kind: "shards"; readonly count: number }
  );
export type FaultKind = Fault["kind"];
export const faultKinds = [
  "dns_hang",
  "dns_throttle",
  "dns_denied",
  "dark",
  "blind",
  "db_away",
  "skew",
  "cron_late",
  "cron_doubled",
  "shards",
] as const satisfies readonly FaultKind[];

export type SoakDomain = { readonly name: string; readonly primary: string; readonly backup: string };
export type SoakService = {
  readonly customer: number;
  readonly name: string;
  readonly cdns: readonly [string, string];
  readonly failbackSteps: readonly number[];
  readonly domains: readonly SoakDomain[];
};

export type SoakPlan = Span & {
  readonly seed: number;
  readonly intervalMs: number;
  readonly ttlMs: number;
  readonly windowSeconds: number;
  readonly customers: number;
  /** Numbers of customers who have a DNS account of their own. */
  readonly ownAccounts: readonly number[];
  readonly services: readonly SoakService[];
  readonly outages: readonly Outage[];
  readonly faults: readonly Fault[];
  /** From then on nothing goes wrong any more: whatever is pending has the time to be settled. */
  readonly calmFromMs: number;
};

export type SoakOptions = {
  readonly seed: number;
  readonly minutes: number;
  readonly domains: number;
  readonly intervalMs: number;
  readonly startMs?: number;
};

/** The shortest lease that a cadence allows, and no shorter than by default (`config.ts`); a window of six rounds. */
const ttlOf = (intervalMs: number): number => Math.max(45_000, 3 * intervalMs);
const windowOf = (intervalMs: number): number => Math.max(60, (6 * intervalMs) / 1_000);

const minuteMs = 60_000;
const domainsPerService = 3;
const servicesPerCustomer = 5;
const cdnNames = ["alpha", "beta", "gamma", "delta", "cloudflare"] as const;
/** Long enough for a storm to end, its failback and the polls of its switches; and for the longest pause of a DNS account. */
const calmMs = 12 * minuteMs;
/** Before the first fault: a path has to be known to be up. */
const quietMs = 2 * minuteMs;

/** Everything that will be true in a run, and everything that will go wrong in it. The same for the same seed. */
export const planSoak = ({ seed, minutes, domains, intervalMs, startMs = Date.parse("2026-11-18T00:00:00Z") }: SoakOptions): SoakPlan => {
  const chance = seededRandom(seed);
  const below = (limit: number): number => Math.floor(chance() * limit);
  const between = (least: number, most: number): number => least + below(most - least + 1);
  const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const endMs = startMs + minutes * minuteMs;
  const calmFromMs = endMs - calmMs;

  const serviceCount = Math.ceil(domains / domainsPerService);
  const services = Array.from({ length: serviceCount }, (_, index): SoakService => {
    const cdns = [
      cdnNames[index % cdnNames.length] ?? "alpha",
      cdnNames[(index + 1 + (Math.floor(index / cdnNames.length) % 3)) % cdnNames.length] ?? "beta",
    ] as const;
    return {
      customer: 1 + Math.floor(index / servicesPerCustomer),
      name: `web-${index}`,
      cdns,
      failbackSteps: index % 4 === 3 ? [50, 100] : [100],
      domains: Array.from({ length: Math.min(domainsPerService, domains - index * domainsPerService) }, (__, own) => ({
        name: `d${own}.s${index}.example.test`,
        primary: `d${own}.s${index}.${cdns[0]}.net`,
        backup: `d${own}.s${index}.${cdns[1]}.net`,
      })),
    };
  });
  const customers = Math.max(...services.map(({ customer }) => customer));
  const ownAccounts = Array.from({ length: customers }, (_, index) => index + 1).filter(
    (customer) => customer % 3 === 0 || customer === customers,
  );
  const accounts = [0, ...ownAccounts];

  const primaries = (of: readonly SoakService[]) => of.flatMap((service) => service.domains.map(({ primary }) => primary));
  const backups = (of: readonly SoakService[]) => of.flatMap((service) => service.domains.map(({ backup }) => backup));

  /** Within what is not calm; the last outage ends a while before the last fault, so that it is a storm's end that calm begins with. */
  const spanIn = (fromMs: number, toMs: number, leastMs: number, mostMs: number): Span => {
    const lastMs = between(leastMs, mostMs);
    const beginMs = fromMs + below(Math.max(1, toMs - fromMs - lastMs));
    return { fromMs: beginMs, toMs: Math.min(beginMs + lastMs, calmFromMs) };
  };

  const outageOf = (span: Span): Outage => {
    const kind = pick(["status", "status", "refuse"] as const);
    const one = pick(services);
    const dice = chance();
    // A CDN in a region: a third of the services that have it as their primary.
    if (dice < 0.25) {
      const region = below(3);
      return { ...span, kind, hosts: primaries(services.filter(({ cdns }, index) => cdns[0] === one.cdns[0] && index % 3 === region)) };
    }
    // One service alone is all that may hang: what a round has to wait for must leave it its time.
    if (dice < 0.4) return { ...span, kind: "hang", hosts: primaries([one]) };
    if (dice < 0.55) return { ...span, kind, hosts: backups([one]) };
    // The origin: both sides at once, and one of the sides comes back first.
    if (dice < 0.65) return { ...span, kind, hosts: [...primaries([one]), ...backups([one])] };
    return { ...span, kind, hosts: primaries([one]) };
  };
  const outages: Outage[] = [];
  const outageEveryMs = Math.max(2, Math.min(6, 180 / serviceCount)) * minuteMs;
  for (let atMs = startMs + quietMs; atMs + outageEveryMs <= calmFromMs; atMs += outageEveryMs) {
    const isBlip = chance() < 0.15;
    const first = outageOf(
      isBlip ? spanIn(atMs, atMs + outageEveryMs, 4_000, 25_000) : spanIn(atMs, atMs + outageEveryMs, 90_000, 480_000),
    );
    outages.push(first);
    // The backup dies in the middle of a storm.
    if (!isBlip && chance() < 0.2) {
      const hosts = backups(services.filter(({ domains: own }) => own.some(({ primary }) => first.hosts.includes(primary))));
      if (hosts.length > 0) outages.push({ ...spanIn(first.fromMs, first.toMs, 60_000, 180_000), kind: "status", hosts });
    }
  }

  const faults: Fault[] = [];
  const isFree = (span: Span, kinds: readonly FaultKind[], marginMs: number): boolean =>
    !faults.some((fault) => kinds.includes(fault.kind) && overlaps(fault, { fromMs: span.fromMs - marginMs, toMs: span.toMs + marginMs }));
  // Of these no two at once: with one provider gone and the other blind there is nobody who could know anything.
  const heavy = ["dark", "blind", "db_away", "shards"] as const;
  const place = (make: () => Fault, kinds: readonly FaultKind[], marginMs: number): void => {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const fault = make();
      if (!isFree(fault, kinds, marginMs)) continue;
      faults.push(fault);
      return;
    }
  };
  const [fromMs, toMs] = [startMs + quietMs, calmFromMs];
  const spanMs = toMs - fromMs;
  const times = (perHour: number): number => Math.max(1, Math.round((spanMs / 3_600_000) * perHour));
  const many = (perHour: number, make: () => Fault, kinds: readonly FaultKind[], marginMs: number): void => {
    for (let count = times(perHour); count > 0; count -= 1) place(make, kinds, marginMs);
  };
  const scale = Math.min(1, minutes / 240);
  const long = (leastMs: number, mostMs: number): Span => spanIn(fromMs, toMs, leastMs, Math.max(leastMs, mostMs * scale));
  many(0.5, () => ({ ...long(240_000, 900_000), kind: "dark", provider: pick(providers) }), heavy, 60_000);
  many(0.5, () => ({ ...long(90_000, 300_000), kind: "blind", provider: pick(providers) }), heavy, 60_000);
  many(
    1,
    () => {
      const { fromMs: awayMs } = spanIn(fromMs, toMs, 20_000, 20_000);
      return { fromMs: awayMs, toMs: awayMs + 20_000, kind: "db_away", how: pick(["refused", "silent"] as const) };
    },
    heavy,
    60_000,
  );
  many(
    0.5,
    () => {
      const { fromMs: changedMs } = spanIn(fromMs, toMs, 1_000, 1_000);
      return { fromMs: changedMs, toMs: changedMs + 1, kind: "shards", count: 1 };
    },
    heavy,
    120_000,
  );
  const dnsKinds = ["dns_hang", "dns_throttle", "dns_denied"] as const;
  for (const kind of dnsKinds) many(1, () => ({ ...long(120_000, 600_000), kind, account: pick(accounts) }), dnsKinds, 0);
  many(
    0.7,
    () => ({ ...long(240_000, 1_800_000), kind: "skew", provider: pick(providers), ms: pick([-45_000, 45_000]) }),
    ["skew", "dark"],
    180_000,
  );
  const perMinute = (share: number, make: (span: Span, provider: ProviderName) => Fault): void => {
    for (let atMs = fromMs; atMs < toMs; atMs += minuteMs)
      for (const provider of providers) if (chance() < share) faults.push(make({ fromMs: atMs, toMs: atMs + minuteMs }, provider));
  };
  perMinute(0.25, (span, provider) => ({ ...span, kind: "cron_late", provider, ms: between(1_000, 50_000) }));
  perMinute(0.15, (span, provider) => ({ ...span, kind: "cron_doubled", provider, afterMs: between(0, 40_000) }));
  // Something goes wrong with a CDN in the middle of whatever else goes wrong: of each kind of fault every other one at least.
  for (const fault of faults) {
    if (fault.kind === "cron_late" || fault.kind === "cron_doubled" || chance() < 0.3) continue;
    const isOf = ({ customer }: SoakService): boolean =>
      !("account" in fault) || (ownAccounts.includes(customer) ? customer : 0) === fault.account;
    const one = pick(services.filter(isOf));
    const beginMs = fault.fromMs + between(-30_000, 60_000);
    outages.push({
      fromMs: beginMs,
      toMs: Math.min(calmFromMs, Math.max(beginMs + 150_000, fault.toMs - 60_000)),
      kind: "status",
      hosts: primaries([one]),
    });
  }

  // One shard, two, three, one: each change is one.
  let shards = 1;
  const inOrder = faults
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map((fault) => (fault.kind === "shards" ? { ...fault, count: (shards = 1 + (shards % 3)) } : fault));
  return {
    fromMs: startMs,
    toMs: endMs,
    seed,
    intervalMs,
    ttlMs: ttlOf(intervalMs),
    windowSeconds: windowOf(intervalMs),
    customers,
    ownAccounts,
    services,
    outages,
    faults: inOrder,
    calmFromMs,
  };
};
