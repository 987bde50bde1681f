import type { BesideRecord } from "../../domain/steering/readiness-beside.ts";
import type { Clock } from "../ports/platform/clock.ts";
import type { DnsBudget, WeightChangeResult, WeightedRecord } from "../ports/steering/dns.ts";
import type { CreatedRecord, DnsSetupWriter, PairWish, ProvisionResult } from "../ports/steering/dns-access.ts";
import { type BatchItem, byZone, groupBatches } from "./api/batches.ts";
import { applyBatch, type Outcome } from "./change.ts";
import { describe, failureOf, isUnsent } from "./api/error.ts";
import { readBeside } from "./inspect.ts";
import { bareId, type RecordSet, type Zone } from "./api/messages.ts";
import { canonicalName } from "./names.ts";
import { sideOf } from "./pair.ts";
import { findZone, readOnce } from "./read.ts";
import { readName } from "./records.ts";
import type { Call } from "./api/send.ts";
import { type ZoneDirectory, zonesAround } from "./zones.ts";

/** Setting up names. `open` gives access to the API for the duration of one call. */
export const createSetupWriter = (open: (budget: DnsBudget) => Call, clock: Clock, directory: ZoneDirectory): DnsSetupWriter => ({
  rewrite: async (rewrites, budget) => {
    const call = open(budget);
    const items = rewrites.map(({ domain, zoneId, records, after }, index): BatchItem => ({
      index,
      zoneId: bareId(zoneId),
      name: canonicalName(domain),
      changes: records.flatMap((record, at) => {
        const next = after[at];
        return next === undefined ? [] : [{ action: "DELETE", record } as const, { action: "CREATE", record: next } as const];
      }),
    }));
    const outcomes = new Map<number, Outcome>();
    for (const batches of byZone(groupBatches(items)).values()) {
      for (const batch of batches) for (const [index, outcome] of await applyBatch(call, clock, batch)) outcomes.set(index, outcome);
    }
    return rewrites.map(({ domain }, index): WeightChangeResult => ({ domain, ...(outcomes.get(index) ?? unsent) }));
  },

  inspect: async (domains, budget) => {
    const [call, seen] = [open(budget), new Map<string, readonly BesideRecord[]>()];
    const at = readOnce(call);
    for (const domain of domains) {
      try {
        const serving = await findZone(call, directory, canonicalName(domain));
        if ("detail" in serving) continue;
        const { zone } = serving;
        const above = zonesAround(await directory.zones(call), zone.name).flatMap(([one]) =>
          one !== undefined && one.name !== zone.name ? [one] : [],
        );
        seen.set(domain, await readBeside(at, zone, above.toReversed(), canonicalName(domain)));
      } catch (thrown) {
        if (isUnsent(failureOf(thrown))) break;
      }
    }
    return seen;
  },

  provision: async (wish, budget) => {
    const call = open(budget);
    try {
      const name = canonicalName(wish.domain);
      const found = await findZone(call, directory, name);
      if ("detail" in found) return { status: "refused", detail: found.detail };
      const { zone } = found;
      const planned = planPair(name, zone, await readName(call, zone, name), wish);
      if (planned.status !== "create") return planned;
      const created = await create(call, clock, zone, name, planned.records);
      return created.status === "created" && planned.question !== undefined ? { ...created, question: planned.question } : created;
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (failure.code === "NoSuchHostedZone") directory.forget();
      return { status: "failed", detail: describe(failure), retryable: failure.retryable };
    }
  },
});

const unsent: Outcome = { status: "failed", detail: "the change was not sent", retryable: true, effect: "unsent" };

const create = async (call: Call, clock: Clock, zone: Zone, name: string, records: readonly WeightedRecord[]): Promise<ProvisionResult> => {
  const changes = records.map((record) => ({ action: "CREATE", record }) as const);
  const outcome =
    (await applyBatch(call, clock, { zoneId: zone.id, items: [{ index: 0, zoneId: zone.id, name, changes }] })).get(0) ?? unsent;
  if (outcome.status === "accepted") {
    return { status: "created", zoneId: zone.id, changeId: outcome.changeId, records: records.map(shown) };
  }
  // Created by somebody else in the meantime, or not permitted by the zone: nothing was written.
  if (outcome.status === "stale") return { status: "refused", detail: outcome.detail };
  return { status: "failed", detail: outcome.detail, retryable: outcome.retryable };
};

const shown = ({ type, setIdentifier, weight, ttl, values }: WeightedRecord): CreatedRecord => ({
  type,
  setIdentifier,
  weight,
  ttlSeconds: ttl ?? 0,
  value: values?.[0] ?? "",
});

type Plan =
  | { readonly status: "create"; readonly records: readonly WeightedRecord[]; readonly question?: string }
  | Extract<ProvisionResult, { status: "exists" | "refused" }>;

/** What is to be created so that the name has its CNAME pair; refuses where something would have to be deleted first. */
const planPair = (name: string, zone: Zone, recordSets: readonly RecordSet[], wish: PairWish): Plan => {
  const refused = (detail: string): Plan => ({ status: "refused", detail: `zone ${zone.name} (${zone.id}): ${detail}` });
  const wanted = `two weighted CNAME record sets, SetIdentifier "primary" to ${wish.targets.primary} and "backup" to ${wish.targets.backup}`;
  if (name === zone.name) {
    return refused(
      `${name} is the zone's own name, which takes no CNAME: create two weighted alias records by hand, "primary" and "backup"`,
    );
  }
  const foreign = recordSets.find(({ type }) => type !== "CNAME");
  if (foreign !== undefined) {
    return refused(
      `${name} has a record of type ${foreign.type}, beside which there can be no CNAME: move it to another name, or make ${
        ["A", "AAAA"].includes(foreign.type) ? `it one of two weighted ${foreign.type} record sets, "primary" and "backup"` : "room by hand"
      }`,
    );
  }
  const unweighted = recordSets.find(({ weight }) => weight === undefined);
  if (unweighted !== undefined) {
    const target = unweighted.values?.[0] ?? "an alias";
    return refused(
      `${name} has an unweighted CNAME (to ${target}): in one change, delete it and create ${wanted}, so that the name never goes dark`,
    );
  }
  const sides = recordSets.map(({ setIdentifier }) => sideOf(setIdentifier));
  const missing = (["primary", "backup"] as const).filter((side) => !sides.includes(side));
  if (missing.length === 0) return { status: "exists", zoneId: zone.id };
  // Where all weights are 0 all records answer equally often: a new one beside them gets its share of the visitors at once.
  if (recordSets.length > 0 && recordSets.every(({ weight }) => weight === 0)) {
    const all = recordSets.map(({ setIdentifier }) => `"${setIdentifier}"`).join(", ");
    return refused(
      `${name} is answered by ${all} with weight 0, beside which a new record would be answered at once: give what is to go on answering a weight above 0 first`,
    );
  }
  // Weighted record sets of one name must share their TTL (Route 53 API reference).
  const ttl = recordSets[0]?.ttl ?? wish.ttlSeconds;
  const others = recordSets.filter(({ setIdentifier }) => sideOf(setIdentifier) === null);
  const list = others.map(({ setIdentifier, weight }) => `"${setIdentifier}" with weight ${weight}`).join(", ");
  const [present] = recordSets;
  const alone = others.length === 0 && present !== undefined && missing.some((side) => wish.weights[side] > 0);
  return {
    status: "create",
    // Beside records that answer already, the pair's other half included, a new one gets weight 0.
    records: missing.map((side) => ({
      name,
      type: "CNAME",
      setIdentifier: side,
      weight: recordSets.length > 0 ? 0 : wish.weights[side],
      ttl,
      values: [wish.targets[side]],
    })),
    ...(others.length > 0 && {
      question:
        `${name} is answered by ${list}: what was created has weight 0 and answers nobody. Take it into service by PUT of a ` +
        `routing override with mode primary, or by a weight of its own; then set the weight of the others to 0, or delete them, or PATCH the domain with steer_group: true`,
    }),
    ...(alone && {
      question:
        `${name} is answered by "${present.setIdentifier ?? ""}" alone: what was created has weight 0 and answers nobody. In calm, ` +
        `rounds set the pair to ${wish.weights.primary}/${wish.weights.backup} once the primary is known to be up; PUT a routing override with mode frozen before, if that is not wanted`,
    }),
  };
};
