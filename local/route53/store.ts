import { randomBytes } from "node:crypto";
import { ApiError, invalidChangeBatch } from "./api-error.ts";
import { canonicalName, compareAscii, isWithinZone, reversedName } from "./names.ts";
import type { Change, RecordSet } from "./record-set.ts";
import { canonicalRecordSet, isSameSet } from "./record-set.ts";
import type { RuleContext } from "./record-rules.ts";
import { checkBatch, checkChange } from "./record-rules.ts";

/** A hosted zone. `id` is bare (`Z...`), `name` canonical. */
export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly private: boolean;
  readonly callerReference: string;
  /** Whose it is. */
  readonly accountId: string;
  /** The registry names its name servers; of several public zones of one name, one at a time is. */
  readonly registered: boolean;
  readonly comment?: string;
}

/** What a zone is made of. */
export interface ZoneDefinition {
  name: string;
  private?: boolean;
  accountId: string;
  callerReference?: string;
  comment?: string;
}

/** An accepted change batch. Times are epoch ms of the server's clock. */
export interface AcceptedChange {
  readonly changeId: string;
  readonly zoneId: string;
  readonly acceptedAtMs: number;
  readonly comment?: string;
  readonly changes: readonly Change[];
}

type Records = Map<string, readonly RecordSet[]>;

export interface Store {
  readonly zones: readonly Zone[];
  readonly accepted: readonly AcceptedChange[];
  /** Throws ApiError NoSuchHostedZone. */
  zone(id: string): Zone;
  /** All record sets in the order of ListResourceRecordSets; frozen, a change replaces them. */
  sorted(zoneId: string): readonly RecordSet[];
  /** All or nothing. Throws ApiError InvalidChangeBatch with one message per fault, and then nothing has changed. */
  apply(zoneId: string, batch: { comment?: string; changes: Change[] }, nowMs: number): AcceptedChange;
  /** Puts record sets in place (UPSERT) under the same rules, but without batch limits and without a trace. */
  seed(zoneId: string, recordSets: readonly RecordSet[]): void;
  deleteZone(zoneId: string): void;
  /** A new zone with its SOA and NS records. */
  createZone(definition: ZoneDefinition): Zone;
  /** A change of a zone itself, which is polled like one of its records. */
  noteZoneChange(zoneId: string, nowMs: number, comment?: string): AcceptedChange;
  /** A change of either kind. */
  change(changeId: string): AcceptedChange | undefined;
  /** The registry, or the public zone above it here, delegates its name to the name servers of this zone and to no others. */
  delegate(zoneId: string): void;
}

/** Zones in the order given. Of public ones of one name the first is the one that the registry knows. */
export function createStore(definitions: readonly ZoneDefinition[]): Store {
  const zones: Zone[] = [];
  const records = new Map<string, Records>();
  const listings = new Map<string, readonly RecordSet[]>();
  const accepted: AcceptedChange[] = [];
  const ofZones: AcceptedChange[] = [];

  const zone = (id: string): Zone => {
    const found = zones.find((candidate) => candidate.id === id);
    if (!found) throw new ApiError(404, "NoSuchHostedZone", `No hosted zone found with ID: ${id}`);
    return found;
  };
  const recordsOf = (zoneId: string): Records => records.get(zone(zoneId).id) ?? new Map();
  const commit = (zoneId: string, changes: readonly Change[]) => {
    const working: Records = new Map(recordsOf(zoneId));
    const context: RuleContext = {
      zoneName: zone(zoneId).name,
      at: (name) => working.get(name) ?? [],
      zone: (id) => {
        const target = zones.find((candidate) => candidate.id === id);
        const view = id === zoneId ? working : records.get(id);
        return target && { name: target.name, at: (name) => view?.get(name) ?? [] };
      },
    };
    // In sequence: each change is judged on the outcome of those before it, as Route 53 does.
    const messages = changes.flatMap((change) => {
      const faults = checkChange(change, context);
      if (faults.length === 0) applyTo(working, change);
      return faults;
    });
    if (messages.length > 0) throw invalidChangeBatch(messages);
    records.set(zoneId, working);
    listings.delete(zoneId);
  };

  const seed: Store["seed"] = (zoneId, recordSets) =>
    commit(
      zoneId,
      recordSets.map((set): Change => ({ action: "UPSERT", recordSet: canonicalRecordSet(set) })),
    );

  const createZone: Store["createZone"] = ({ name, private: isPrivate = false, accountId, callerReference, comment }) => {
    const canonical = canonicalName(name);
    const made: Zone = {
      id: `Z${identifier(20)}`,
      name: canonical,
      private: isPrivate,
      callerReference: callerReference ?? `local-${zones.length + 1}`,
      accountId,
      registered: !isPrivate && !zones.some((other) => other.name === canonical && other.registered),
      ...(comment !== undefined && { comment }),
    };
    zones.push(made);
    records.set(made.id, initialRecords(made));
    return made;
  };
  for (const definition of definitions) createZone(definition);

  return {
    zones,
    accepted,
    createZone,
    seed,
    noteZoneChange(zoneId, nowMs, comment) {
      const change = {
        changeId: `C${identifier(20)}`,
        zoneId,
        acceptedAtMs: nowMs,
        changes: [],
        ...(comment !== undefined && { comment }),
      };
      ofZones.push(change);
      return change;
    },
    change: (changeId) => [...accepted, ...ofZones].find((change) => change.changeId === changeId),
    delegate(zoneId) {
      const { name } = zone(zoneId);
      for (const [index, other] of zones.entries()) if (other.name === name) zones[index] = { ...other, registered: other.id === zoneId };
      const above = zones.filter((other) => !other.private && other.name !== name && isWithinZone(name, other.name));
      const parent = above.sort((a, b) => b.name.length - a.name.length)[0];
      const servers = recordsOf(zoneId)
        .get(name)
        ?.find(({ type }) => type === "NS");
      if (parent && servers) seed(parent.id, [{ name, type: "NS", ttlSeconds: 172_800, values: [...servers.values] }]);
    },
    zone,
    sorted(zoneId) {
      const known = listings.get(zoneId);
      if (known) return known;
      const listing = Object.freeze(sortRecordSets([...recordsOf(zoneId).values()].flat()));
      listings.set(zoneId, listing);
      return listing;
    },
    apply(zoneId, batch, nowMs) {
      zone(zoneId);
      const messages = checkBatch(batch.changes);
      if (messages.length > 0) throw invalidChangeBatch(messages);
      commit(zoneId, batch.changes);
      const change = { changeId: `C${identifier(20)}`, zoneId, acceptedAtMs: nowMs, ...structuredClone(batch) };
      accepted.push(change);
      return change;
    },
    deleteZone(zoneId) {
      zones.splice(zones.indexOf(zone(zoneId)), 1);
      records.delete(zoneId);
      listings.delete(zoneId);
    },
  };
}

/** Order of ListResourceRecordSets: name with its labels reversed, type, set identifier. */
function sortRecordSets(sets: readonly RecordSet[]): RecordSet[] {
  const keyed = sets.map((set) => ({ set, key: sortKey(set) }));
  return keyed.sort((left, right) => compareSortKeys(left.key, right.key)).map(({ set }) => set);
}

/** Key for `compareSortKeys`; a missing type or identifier comes before all others. */
export function sortKey(set: { name: string; type?: string; setIdentifier?: string }): readonly string[] {
  return [reversedName(set.name), set.type ?? "", set.setIdentifier ?? ""];
}

export function compareSortKeys(left: readonly string[], right: readonly string[]): number {
  return left.reduce((order, part, index) => order || compareAscii(part, right[index] ?? ""), 0);
}

function applyTo(working: Records, { action, recordSet }: Change): void {
  const rest = (working.get(recordSet.name) ?? []).filter((other) => !isSameSet(other, recordSet));
  const next = action === "DELETE" ? rest : [...rest, frozen(recordSet)];
  if (next.length === 0) working.delete(recordSet.name);
  else working.set(recordSet.name, next);
}

function frozen(recordSet: RecordSet): RecordSet {
  const copy = structuredClone(recordSet);
  Object.freeze(copy.values);
  Object.freeze(copy.aliasTarget);
  return Object.freeze(copy);
}

/** Every zone has four name servers of its own, as hosted zones have without a reusable delegation set. */
function initialRecords({ id, name }: Zone): Records {
  const values = [1, 2, 3, 4].map((number) => `ns-${number}.${id.toLowerCase()}.local-dns.example.`);
  const soa = `${values[0]} hostmaster.local-dns.example. 1 7200 900 1209600 86400`;
  return new Map([
    [name, [frozen({ name, type: "NS", ttlSeconds: 172_800, values }), frozen({ name, type: "SOA", ttlSeconds: 900, values: [soa] })]],
  ]);
}

function identifier(length: number): string {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join("");
}
