import type { ChoiceContext, Origin } from "./choose.ts";
import { choose } from "./choose.ts";
import type { Authority } from "./delegation.ts";
import { canonicalName, InvalidNameError } from "./names.ts";
import type { RecordSet } from "./record-set.ts";

/** One resource record of an answer. `name` and, for CNAME, `data` with trailing dot. */
export interface DnsRecord {
  name: string;
  type: string;
  ttlSeconds: number;
  data: string;
}

/** `status` is a DNS RCODE: 0 NOERROR (maybe without answers), 2 SERVFAIL, 3 NXDOMAIN. */
export interface Resolution {
  status: 0 | 2 | 3;
  answers: DnsRecord[];
}

/** Who is asked and what they know. */
export interface ResolveOptions {
  /** In [0, 1). */
  random: () => number;
  isHealthy?: (healthCheckId: string) => boolean;
  isTargetHealthy?: (dnsName: string) => boolean;
  origin?: Origin;
}

const MAX_HOPS = 8;
/** What Route 53 answers for an alias to a resource of AWS. */
const ALIAS_TTL_SECONDS = 60;

/**
 * Answers a query from record sets as Route 53 does, all of them one zone's: wildcards, CNAMEs followed as far as the records
 * reach, aliases within them, and of several record sets the ones that their routing policy and their health choose.
 */
export function resolveWeighted(
  records: Iterable<RecordSet>,
  name: string,
  type: string,
  random: () => number,
  isHealthy?: (healthCheckId: string) => boolean,
): Resolution {
  const view = viewOf(records);
  return resolveName(() => view, name, type, { random, ...(isHealthy && { isHealthy }) });
}

/** A zone's record sets by their names. */
export type ZoneView = ReadonlyMap<string, readonly RecordSet[]>;

export function viewOf(records: Iterable<RecordSet>): ZoneView {
  const byName = new Map<string, RecordSet[]>();
  for (const set of records) {
    const known = byName.get(set.name);
    if (known) known.push(set);
    else byName.set(set.name, [set]);
  }
  return byName;
}

/**
 * Answers as a resolver does, which asks whoever is responsible for a name and, for a CNAME, whoever is for its target. Answers
 * NXDOMAIN where nobody is.
 * @param zoneOf who is responsible for a canonical name
 */
export function resolveName(
  zoneOf: (name: string) => ZoneView | Exclude<Authority, object>,
  name: string,
  type: string,
  options: ResolveOptions,
): Resolution {
  let owner: string;
  try {
    owner = canonicalName(name);
  } catch (error) {
    if (error instanceof InvalidNameError) return { status: 3, answers: [] };
    throw error;
  }
  const answers: DnsRecord[] = [];
  for (let hops = 0; ; hops += 1) {
    const zone = zoneOf(owner);
    if (zone === "lame") return { status: 2, answers };
    const found = zone === null ? undefined : answerFrom(zone, owner, type, options);
    // A chain that ends outside is followed by the caller, who knows the target.
    if (!found) return { status: hops === 0 ? 3 : 0, answers };
    answers.push(...found);
    const last = found.at(-1);
    if (!last || last.type !== "CNAME" || type === "CNAME" || hops === MAX_HOPS) return { status: 0, answers };
    owner = last.data;
  }
}

/** What a zone answers by itself; undefined: it has no such name. */
export function answerFrom(
  zone: ZoneView,
  owner: string,
  type: string,
  options: ResolveOptions,
  aliases = MAX_HOPS,
): DnsRecord[] | undefined {
  const sets = setsFor(zone, owner);
  if (!sets) return undefined;
  const { random, isHealthy = () => true, isTargetHealthy = () => true, origin = {} } = options;
  const context: ChoiceContext = { at: (name) => setsFor(zone, name) ?? [], random, isHealthy, isTargetHealthy, origin };
  const wanted = sets.filter((set) => set.type === type);
  return choose(wanted.length > 0 ? wanted : sets.filter((set) => set.type === "CNAME"), context).flatMap((set) => {
    if (set.aliasTarget) {
      const target = aliases === 0 ? [] : (answerFrom(zone, set.aliasTarget.dnsName, set.type, options, aliases - 1) ?? []);
      return target.map((record) => ({ ...record, name: owner, ttlSeconds: ALIAS_TTL_SECONDS }));
    }
    return set.values.map((value): DnsRecord => ({
      name: owner,
      type: set.type,
      ttlSeconds: set.ttlSeconds ?? ALIAS_TTL_SECONDS,
      data: set.type === "CNAME" ? canonicalName(value) : value,
    }));
  });
}

/** Record sets that answer for a name: its own, else those of the wildcard at the closest name that exists. */
function setsFor(byName: ZoneView, owner: string): readonly RecordSet[] | undefined {
  if (exists(byName, owner)) return byName.get(owner) ?? [];
  const labels = owner.slice(0, -1).split(".");
  for (let depth = 1; depth < labels.length; depth += 1) {
    const encloser = `${labels.slice(depth).join(".")}.`;
    if (exists(byName, encloser)) return byName.get(`\\052.${encloser}`);
  }
  return undefined;
}

/** A name exists when it, or a name below it, has records (RFC 4592). */
function exists(byName: ZoneView, name: string): boolean {
  return byName.has(name) || [...byName.keys()].some((other) => other.endsWith(`.${name}`));
}
