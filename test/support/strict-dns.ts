import type { Clock } from "../../src/adapters/ports/platform/clock.ts";
import type {
  ChangeStatus,
  Dns,
  PairReading,
  WeightChange,
  WeightChangeResult,
  WeightedRecord,
} from "../../src/adapters/ports/steering/dns.ts";

const cname = (name: string, setIdentifier: string, weight: number, value: string, type: string): WeightedRecord => ({
  name,
  type,
  setIdentifier,
  weight,
  ttl: 60,
  values: [value],
});

/** Compare-and-set as Route 53 does it: a change whose records are not to the letter what is held is refused as stale. */
export const createStrictDns = (clock: Clock) => {
  const held = new Map<string, readonly WeightedRecord[]>();
  const changes: WeightChange[] = [];
  const made: WeightChange[] = [];
  const statuses = new Map<string, ChangeStatus>();
  const reads: string[][] = [];
  const hooks: {
    /** Before a change is looked at, and after it was made. Throwing is a crash. */
    before: (change: WeightChange) => void | Promise<void>;
    after: (change: WeightChange) => void | Promise<void>;
    reading: (name: string) => PairReading | null;
    /** Why a change is not made; null where it is. */
    refuse: (change: WeightChange) => string | null;
    /** Whether the answer to a change that was made gets lost. */
    lose: (change: WeightChange) => boolean;
    /** Between the request for a change and its effect, and between that and the answer. */
    latencyMs: () => number;
  } = { latencyMs: () => 0, before: () => undefined, after: () => undefined, reading: () => null, refuse: () => null, lose: () => false };

  const canonical = (records: readonly WeightedRecord[]) =>
    JSON.stringify([...records].map((record) => JSON.stringify(record, Object.keys(record).sort())).sort());

  const apply = async (change: WeightChange, untilMs: number): Promise<WeightChangeResult> => {
    await hooks.before(change);
    if (clock.nowMs() > untilMs) return { domain: change.domain, status: "failed", detail: "too late to be sent", retryable: true };
    await clock.sleep(hooks.latencyMs());
    changes.push(change);
    const { domain, records, to } = change;
    const detail = hooks.refuse(change);
    if (detail !== null) return { domain, status: "failed", detail, retryable: false };
    const live = held.get(domain);
    if (live === undefined || canonical(live) !== canonical(records)) {
      return {
        domain,
        status: "stale",
        detail: "InvalidChangeBatch: Tried to delete resource record set but the values provided do not match",
      };
    }
    for (const weight of [to.primary, to.backup])
      if (!Number.isInteger(weight) || weight < 0 || weight > 255) throw new RangeError(`weight ${weight}`);
    held.set(
      domain,
      live.map((record) => ({ ...record, weight: record.setIdentifier.toLowerCase() === "primary" ? to.primary : to.backup })),
    );
    const changeId = `C${changes.length}`;
    statuses.set(changeId, "pending");
    made.push(change);
    await hooks.after(change);
    await clock.sleep(hooks.latencyMs());
    if (hooks.lose(change)) return { domain, status: "failed", detail: "no answer in time", retryable: true };
    return { domain, status: "accepted", changeId, acceptedAtMs: clock.nowMs() };
  };

  const dns: Dns = {
    provider: "route53",
    read: async (names) => {
      reads.push([...names]);
      return new Map(
        names.map((name): [string, PairReading] => {
          const records = held.get(name);
          const reading: PairReading =
            records === undefined
              ? { status: "unprovisioned", zoneId: "Z1", detail: `create two weighted record sets named ${name}` }
              : { status: "found", zoneId: "Z1", records };
          return [name, hooks.reading(name) ?? reading];
        }),
      );
    },
    apply: async (all, { untilMs }) => {
      const results: WeightChangeResult[] = [];
      for (const change of all) results.push(await apply(change, untilMs));
      return results;
    },
    status: async (ids) => new Map(ids.flatMap((id) => (statuses.has(id) ? [[id, statuses.get(id) ?? "unknown"] as const] : []))),
  };

  return {
    dns,
    changes,
    reads,
    hooks,
    /** Those that took effect, in that order. */
    made,
    /** Forgets a change, as Route 53 does after a while. */
    forget: () => {
      for (const id of statuses.keys()) statuses.set(id, "unknown");
    },
    /** Creates or replaces a pair, as somebody with a console would. */
    put: (name: string, primary = 100, backup = 0, options: { targets?: readonly [string, string]; type?: string } = {}) => {
      const { targets: [a, b] = ["a.cdn.net", "b.cdn.net"], type = "CNAME" } = options;
      const others = (held.get(name) ?? []).filter((record) => record.type !== type);
      held.set(name, [...others, cname(name, "Primary", primary, `${a}.`, type), cname(name, "backup", backup, `${b}.`, type)]);
    },
    remove: (name: string) => void held.delete(name),
    weights: (name: string, type = "CNAME"): string =>
      (held.get(name) ?? [])
        .filter((record) => record.type === type)
        .map(({ weight }) => weight)
        .join("/"),
    settle: () => {
      for (const id of statuses.keys()) statuses.set(id, "insync");
    },
  };
};

export type StrictDns = ReturnType<typeof createStrictDns>;
