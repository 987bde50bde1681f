import type { Clock } from "../ports/platform/clock.ts";
import type { DnsAccess } from "../ports/steering/dns-access.ts";
import type { ZoneBindings, ZoneGrantStore } from "../ports/steering/zone-grants.ts";

/** How long a new or removed grant may go unnoticed. */
const ttlMs = 30_000;
/** The longest wait for a concurrent reading: the invocation that began it may have ended (workerd). */
const sharedMs = 3_000;

/** Reads the grants at most every half minute, one reading at a time. */
export const createZoneBindings = (grants: Pick<ZoneGrantStore, "all">, clock: Clock): ZoneBindings => {
  let known: { readonly byZone: ReadonlyMap<string, ReadonlySet<number>>; readonly atMs: number } | null = null;
  let underway: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    const atMs = clock.nowMs();
    const all = await grants.all();
    const byZone = new Map(
      [...Map.groupBy(all, ({ zoneId }) => zoneId)].map(([zoneId, own]) => [zoneId, new Set(own.map(({ customerId }) => customerId))]),
    );
    known = { byZone, atMs };
  };

  return {
    refresh: async () => {
      if (known !== null && clock.nowMs() - known.atMs < ttlMs) return;
      const reading = (underway ??= read()
        .catch(() => undefined)
        .finally(() => {
          underway = null;
        }));
      const done = new AbortController();
      await Promise.race([reading, clock.sleep(sharedMs, done.signal)]);
      done.abort();
    },
    refusalOf: (customerId, zoneId) => {
      if (known === null) return { detail: "the database did not say whom the operator's zone serves", passing: true };
      const served = known.byZone.get(zoneId);
      if (served === undefined || served.has(customerId)) return null;
      return {
        detail: `the zone ${zoneId} of the operator's account serves other customers: ask the operator, or bring an AWS account of your own`,
        passing: false,
      };
    },
    isBound: (zoneId) => known?.byZone.has(zoneId) ?? false,
  };
};

type Refusal = NonNullable<ReturnType<ZoneBindings["refusalOf"]>>;

/**
 * The operator's account as customers may use it: names in zones that serve others are neither read nor changed.
 * @param ownerOf the customer of a name
 */
export const boundToZones = (dns: DnsAccess, bindings: ZoneBindings, ownerOf: (name: string) => number): DnsAccess => {
  const refusalOf = (domain: string, zoneId: string) => bindings.refusalOf(ownerOf(domain), zoneId);
  /** Permitted ones are done, the others get the reason, in the order given. */
  const guarded = async <Work extends { readonly domain: string; readonly zoneId: string }, Result>(
    work: readonly Work[],
    act: (allowed: readonly Work[]) => Promise<readonly Result[]>,
    refuse: (one: Work, refusal: Refusal) => Result,
  ): Promise<readonly Result[]> => {
    const refusals = work.map((one) => refusalOf(one.domain, one.zoneId));
    const allowed = work.filter((_, at) => refusals[at] === null);
    const done = (allowed.length === 0 ? [] : await act(allowed))[Symbol.iterator]();
    return work.map((one, at): Result => {
      const refusal = refusals[at] ?? null;
      if (refusal !== null) return refuse(one, refusal);
      const next = done.next();
      if (next.done === true) throw new Error("a result is missing");
      return next.value;
    });
  };
  const refused = ({ domain }: { readonly domain: string }, { detail, passing }: Refusal) =>
    ({ domain, status: "failed", detail, retryable: passing, effect: passing ? "unsent" : "none" }) as const;
  return {
    ...dns,
    read: async (domains, budget, zoneIds) => {
      const readings = await dns.read(domains, budget, zoneIds);
      return new Map(
        [...readings].map(([domain, reading]) => {
          const refusal = reading.status === "error" || reading.zoneId === null ? null : refusalOf(domain, reading.zoneId);
          if (refusal === null) return [domain, reading];
          const { detail, passing } = refusal;
          return [domain, passing ? { status: "error", detail, retryable: true } : { status: "unprovisioned", zoneId: null, detail }];
        }),
      );
    },
    apply: async (changes, budget) => await guarded(changes, async (allowed) => await dns.apply(allowed, budget), refused),
    rewrite: async (rewrites, budget) => await guarded(rewrites, async (allowed) => await dns.rewrite(allowed, budget), refused),
    provision: async (wish, budget) => {
      const reading = (await dns.read([wish.domain], budget)).get(wish.domain);
      if (reading === undefined || reading.status === "error")
        return {
          status: "failed",
          detail: reading?.detail ?? "there was no time to read the name",
          retryable: reading?.status !== "error" || reading.retryable,
        };
      const refusal = reading.zoneId === null ? null : refusalOf(wish.domain, reading.zoneId);
      if (refusal === null) return await dns.provision(wish, budget);
      const { detail, passing } = refusal;
      return passing ? { status: "failed", detail, retryable: true } : { status: "refused", detail };
    },
  };
};
