import type { Weights } from "./steering.ts";

/** A weighted record set of a steered name and type that is not half of its pair. */
export type Member = { readonly type: string; readonly setIdentifier: string; readonly weight: number };

/** The members of a steered group with their own weights: those that their owner has set. */
export type OwnWeights = readonly Member[];

/** A member with its live weight and its own weight. */
export type StandingMember = Member & { readonly own: number };

const keyOf = ({ type, setIdentifier }: Pick<Member, "type" | "setIdentifier">): string => `${type}/${setIdentifier}`;

const byKey = (members: readonly Member[]): ReadonlyMap<string, number> => new Map(members.map((member) => [keyOf(member), member.weight]));

/** Members with their stored own weights; for a member that is not stored the live weight is its own. */
export const withOwn = (members: readonly Member[], remembered: OwnWeights | null): readonly StandingMember[] => {
  const own = byKey(remembered ?? []);
  return members.map((member) => ({ ...member, own: own.get(keyOf(member)) ?? member.weight }));
};

/** Route 53 takes 100 weighted record sets of a name and type, of which three are steered; more are stored only while they exist. */
const mostRemembered = 300;

/** Bounds the stored members where new ones keep appearing, as one per deployment: those deleted first are dropped. */
const bounded = (members: readonly Member[], isThere: (member: Member) => boolean): OwnWeights => {
  let beyond = members.length - mostRemembered;
  return beyond <= 0
    ? members
    : members.filter((member) => {
        const isKept = beyond <= 0 || isThere(member);
        if (!isKept) beyond -= 1;
        return isKept;
      });
};

/**
 * The own weights to store after the members were read again. A weight that somebody else has set since the last reading is its
 * new own weight, and so is that of a new member. A deleted one is kept for when it reappears.
 * @param known as they were last known, tranche's own switches included
 * @param isOurs a switch has taken effect whose members cannot be distinguished from others' changes
 */
export const rememberedAfter = (remembered: OwnWeights, known: readonly Member[], live: readonly Member[], isOurs: boolean): OwnWeights => {
  const [own, before, now] = [byKey(remembered), byKey(known), byKey(live)];
  const kept = remembered.map((member) => {
    const [last, found] = [before.get(keyOf(member)), now.get(keyOf(member))];
    if (found === undefined || isOurs) return member;
    // It reappeared with a weight; or its weight was changed.
    const isSet = last === undefined ? found > 0 : found !== last;
    return isSet ? { ...member, weight: found } : member;
  });
  return bounded([...kept, ...live.filter((member) => !own.has(keyOf(member)))], (member) => now.has(keyOf(member)));
};

/** The own weights still to be stored: none once every existing member has its own weight and the pair is at normal. */
export const stillRemembered = (remembered: OwnWeights | null, live: readonly Member[], isCalm: boolean): OwnWeights | null => {
  if (remembered === null || !isCalm) return remembered;
  const own = byKey(remembered);
  return live.every((member) => (own.get(keyOf(member)) ?? member.weight) === member.weight) ? null : remembered;
};

/** The first type whose members' weights somebody else has changed, as sums. */
export const memberDrift = (
  remembered: OwnWeights,
  known: readonly Member[],
  live: readonly Member[],
): { readonly recordType: string; readonly previous: number; readonly found: number } | null => {
  const [own, before] = [byKey(remembered), byKey(known)];
  const expected = (member: Member): number => before.get(keyOf(member)) ?? (own.has(keyOf(member)) ? 0 : member.weight);
  for (const [recordType, members] of Map.groupBy(live, ({ type }) => type)) {
    if (members.every((member) => expected(member) === member.weight)) continue;
    return {
      recordType,
      previous: members.reduce((sum, member) => sum + expected(member), 0),
      found: members.reduce((sum, { weight }) => sum + weight, 0),
    };
  }
  return null;
};

/** The same members, or records, with the weights that these have. */
export const withMemberWeights = <T extends { readonly type: string; readonly setIdentifier?: string; readonly weight?: number }>(
  records: readonly T[],
  set: readonly Member[],
): readonly T[] => {
  const weights = byKey(set);
  return records.map((record) => {
    const weight =
      record.setIdentifier === undefined || record.weight === undefined
        ? undefined
        : weights.get(keyOf({ type: record.type, setIdentifier: record.setIdentifier }));
    return weight === undefined ? record : { ...record, weight };
  });
};

/** Route 53's, for one record set. */
const mostWeight = 255;
/** The tolerated error of a share, where it allows weights that read as percent. */
const nearEnough = 0.005;
const usualSum = 100;
const mostSum = 1_000;

/**
 * Weights of a whole group during failback: the primary and every member have this share of their normal part, the backup
 * the rest, as nearly as integer weights allow.
 * @param share 0..1 @param members of all types, with their own weights
 * @param foreign for the type with most of them, the sum of weights that are not to be changed
 */
export const groupShares = (
  share: number,
  normal: Weights,
  members: readonly Member[],
  foreign: number,
): { readonly pair: Weights; readonly members: readonly Member[] } => {
  const sumOf = (some: readonly Member[]): number => some.reduce((sum, { weight }) => sum + weight, 0);
  // All types have the same pair of weights: the largest group decides.
  const largest = [...Map.groupBy(members, ({ type }) => type).values()].toSorted((a, b) => sumOf(b) - sumOf(a))[0] ?? [];
  const total = normal.primary + normal.backup + sumOf(largest) + foreign;
  const partOf = (own: number): number => (share * own) / total;
  const parts = [normal.primary, ...largest.map(({ weight }) => weight)].map(partOf);
  const wanted = parts.reduce((sum, part) => sum + part, 0);
  let best = { sum: usualSum, error: Number.POSITIVE_INFINITY };
  for (let sum = 1; sum <= mostSum; sum += 1) {
    const all = sum + foreign;
    const weights = parts.map((part) => Math.round(part * all));
    const moved = weights.reduce((done, weight) => done + weight, 0);
    if (weights.some((weight) => weight > mostWeight) || moved > sum || sum - moved > mostWeight) continue;
    const furthest = Math.max(Math.abs(moved / all - wanted), ...weights.map((weight, at) => Math.abs(weight / all - (parts[at] ?? 0))));
    const error = furthest <= nearEnough ? 0 : furthest;
    if (error < best.error || (error === best.error && Math.abs(sum - usualSum) < Math.abs(best.sum - usualSum))) best = { sum, error };
  }
  const weightOf = (own: number): number => Math.min(mostWeight, Math.round(partOf(own) * (best.sum + foreign)));
  const set = members.map((member) => ({ ...member, weight: weightOf(member.weight) }));
  const primary = weightOf(normal.primary);
  const backup = best.sum - primary - sumOf(set.filter(({ type }) => type === largest[0]?.type));
  return { pair: { primary, backup: Math.min(mostWeight, Math.max(0, backup)) }, members: set };
};
