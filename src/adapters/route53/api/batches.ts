import type { WeightChange } from "../../ports/steering/dns.ts";
import type { RecordChange } from "./messages.ts";
import { canonicalName } from "../names.ts";
import { sideOf } from "../pair.ts";

/** What one ChangeBatch may hold (Route 53 API reference, ChangeResourceRecordSets; semantics §7). */
export const maxRecords = 1_000;
export const maxValueCharacters = 32_000;

/** One domain's part of a batch; `index` is its place among the changes asked for. */
export type BatchItem = {
  readonly index: number;
  readonly zoneId: string;
  /** Canonical. */
  readonly name: string;
  readonly changes: readonly RecordChange[];
  /** Whether health checks that are gone may be left out. */
  readonly mayDropChecks?: boolean;
};

export type Batch = { readonly zoneId: string; readonly items: readonly BatchItem[] };

/**
 * The compare-and-set of one domain: DELETE of exactly what was read and CREATE of the same with the new weight, for
 * those records whose weight differs. Everything else is carried over.
 */
export const recordChanges = ({ records, to, members = [] }: WeightChange): readonly RecordChange[] =>
  [
    ...records.flatMap((record) => {
      const side = sideOf(record.setIdentifier);
      return side === null ? [] : [{ record, weight: to[side] }];
    }),
    ...members,
  ].flatMap(({ record, weight }): readonly RecordChange[] =>
    record.weight === weight
      ? []
      : [
          { action: "DELETE", record },
          { action: "CREATE", record: { ...record, weight } },
        ],
  );

/** Why a change cannot be sent at all; null where it can. */
export const refusal = ({ domain, records, to, members = [] }: WeightChange): string | null => {
  const valid = (weight: number): boolean => Number.isInteger(weight) && weight >= 0 && weight <= 255;
  if (!valid(to.primary) || !valid(to.backup)) {
    return `weights must be whole numbers from 0 to 255, not ${to.primary}/${to.backup}`;
  }
  const odd = members.find(({ weight }) => !valid(weight));
  if (odd !== undefined) return `weights must be whole numbers from 0 to 255, not ${odd.weight} ("${odd.record.setIdentifier}")`;
  const stray = [...records, ...members.map(({ record }) => record)].find((record) => record.name !== canonicalName(domain));
  return stray === undefined ? null : `the records to change include one of another name, ${stray.name}`;
};

/** Things of zones, grouped by zone in the order in which the zones first appear. */
export const byZone = <T extends { readonly zoneId: string }>(things: readonly T[]): ReadonlyMap<string, readonly T[]> => {
  const grouped = new Map<string, T[]>();
  for (const thing of things) {
    const known = grouped.get(thing.zoneId);
    if (known === undefined) grouped.set(thing.zoneId, [thing]);
    else known.push(thing);
  }
  return grouped;
};

/**
 * Groups domains per zone into batches within Route 53's limits, in the order given; a domain is never split, one too
 * large by itself stays alone.
 */
export const groupBatches = (items: readonly BatchItem[]): readonly Batch[] =>
  [...byZone(items)].flatMap(([zoneId, own]) => {
    const batches: BatchItem[][] = [];
    let records = 0;
    let characters = 0;
    for (const item of own) {
      const size = sizeOf(item.changes);
      records += size.records;
      characters += size.characters;
      const open = batches.at(-1);
      if (open !== undefined && records <= maxRecords && characters <= maxValueCharacters) {
        open.push(item);
      } else {
        batches.push([item]);
        ({ records, characters } = size);
      }
    }
    return batches.map((part) => ({ zoneId, items: part }));
  });

// Route 53 counts values; an alias has none but is still a record that changes.
const sizeOf = (changes: readonly RecordChange[]): { records: number; characters: number } => {
  const values = changes.map(({ record }) => record.values ?? []);
  return {
    records: values.reduce((sum, own) => sum + Math.max(1, own.length), 0),
    characters: values.flat().reduce((sum, value) => sum + value.length, 0),
  };
};
