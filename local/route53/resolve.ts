import { canonicalName, InvalidNameError } from "./names.ts";
import type { RecordSet } from "./record-set.ts";

/** One resource record of an answer. `name` and, for CNAME, `data` with trailing dot. */
export interface DnsRecord {
  name: string;
  type: string;
  ttlSeconds: number;
  data: string;
}

/** `status` is a DNS RCODE: 0 NOERROR (maybe without answers), 3 NXDOMAIN. */
export interface Resolution {
  status: 0 | 3;
  answers: DnsRecord[];
}

const MAX_HOPS = 8;
/** What Route 53 answers for an alias to a resource of AWS. */
const ALIAS_TTL_SECONDS = 60;

/**
 * Answers a query from record sets as Route 53 does: wildcards, CNAMEs followed as far as the records reach, aliases
 * within them, one of several weighted sets drawn by weight (all zero: with equal probability) among the healthy ones;
 * other routing policies draw evenly. `random` returns numbers in [0, 1), `isHealthy` judges a health check.
 */
export function resolveWeighted(
  records: Iterable<RecordSet>,
  name: string,
  type: string,
  random: () => number,
  isHealthy: (healthCheckId: string) => boolean = () => true,
): Resolution {
  const byName = new Map<string, RecordSet[]>();
  for (const set of records) byName.set(set.name, [...(byName.get(set.name) ?? []), set]);
  let owner: string;
  try {
    owner = canonicalName(name);
  } catch (error) {
    if (error instanceof InvalidNameError) return { status: 3, answers: [] };
    throw error;
  }
  const answering = (sets: readonly RecordSet[]) => draw(eligible(sets, isHealthy), random);
  return follow(byName, owner, type, answering, MAX_HOPS);
}

type ByName = ReadonlyMap<string, readonly RecordSet[]>;

type Choose = (sets: readonly RecordSet[]) => RecordSet | undefined;

function follow(byName: ByName, owner: string, type: string, choose: Choose, hops: number): Resolution {
  const sets = setsFor(byName, owner);
  if (!sets) return { status: 3, answers: [] };
  const wanted = sets.filter((set) => set.type === type);
  const drawn = choose(wanted.length > 0 ? wanted : sets.filter((set) => set.type === "CNAME"));
  if (!drawn) return { status: 0, answers: [] };
  if (drawn.aliasTarget) {
    if (hops === 0) return { status: 0, answers: [] };
    const target = follow(byName, drawn.aliasTarget.dnsName, type, choose, hops - 1).answers;
    return { status: 0, answers: target.map((record) => ({ ...record, name: owner, ttlSeconds: ALIAS_TTL_SECONDS })) };
  }
  const ttlSeconds = drawn.ttlSeconds ?? ALIAS_TTL_SECONDS;
  const answers = drawn.values.map((value): DnsRecord => {
    const data = drawn.type === "CNAME" ? canonicalName(value) : value;
    return { name: owner, type: drawn.type, ttlSeconds, data };
  });
  const [cname] = answers;
  if (drawn.type !== "CNAME" || type === "CNAME" || !cname || hops === 0) return { status: 0, answers };
  return { status: 0, answers: [...answers, ...follow(byName, cname.data, type, choose, hops - 1).answers] };
}

/** Record sets that answer for a name: its own, else those of the wildcard at the closest name that exists. */
function setsFor(byName: ByName, owner: string): readonly RecordSet[] | undefined {
  if (exists(byName, owner)) return byName.get(owner) ?? [];
  const labels = owner.slice(0, -1).split(".");
  for (let depth = 1; depth < labels.length; depth += 1) {
    const encloser = `${labels.slice(depth).join(".")}.`;
    if (exists(byName, encloser)) return byName.get(`\\052.${encloser}`);
  }
  return undefined;
}

/** A name exists when it, or a name below it, has records (RFC 4592). */
function exists(byName: ByName, name: string): boolean {
  return byName.has(name) || [...byName.keys()].some((other) => other.endsWith(`.${name}`));
}

/**
 * Which of a group may answer (Route 53 Developer Guide, "How Route 53 chooses records when health checking is
 * configured"): the healthy ones of non-zero weight; where there are none of these the healthy ones of zero weight; where
 * nothing is healthy all of them, as if all were. A record without a health check is always healthy.
 */
export function eligible(sets: readonly RecordSet[], isHealthy: (healthCheckId: string) => boolean): readonly RecordSet[] {
  const healthy = sets.filter(({ healthCheckId }) => healthCheckId === undefined || isHealthy(healthCheckId));
  if (healthy.length === 0) return sets;
  const weighty = healthy.filter(({ weight }) => weight === undefined || weight > 0);
  return weighty.length > 0 ? weighty : healthy;
}

function draw(sets: readonly RecordSet[], random: () => number): RecordSet | undefined {
  const total = sets.reduce((sum, set) => sum + (set.weight ?? 0), 0);
  if (total === 0) return sets[Math.floor(random() * sets.length)];
  let left = random() * total;
  for (const set of sets) {
    left -= set.weight ?? 0;
    if (left < 0) return set;
  }
  return sets.findLast((set) => (set.weight ?? 0) > 0);
}
