/** Route 53's status of a health check, or of an alias's target. `unknown`: it cannot be determined from here, or not now. */
export type CheckStatus = "healthy" | "unhealthy" | "unknown";

export type AnswerSide = "primary" | "backup";

/** A record set of a name, as far as it decides what Route 53 answers. */
export type AnsweringRecord = {
  readonly type: string;
  readonly setIdentifier?: string;
  /** 0..255; absent where the record is not routed by weight. */
  readonly weight?: number;
  /** Another routing policy; absent together with `weight`: simple. */
  readonly otherPolicy?: string;
  /** Of a failover record. */
  readonly failover?: "PRIMARY" | "SECONDARY";
  readonly values?: readonly string[];
  readonly alias?: { readonly dnsName: string; readonly evaluateTargetHealth: boolean };
  readonly healthCheckId?: string;
};

/** By `healthCheckId`, and for evaluated alias targets by `aliasKey`; missing ones are unknown. */
export type Health = Readonly<Record<string, CheckStatus>>;

/** Bounds of a share of the answers, 0..1. */
export type Share = { readonly least: number; readonly most: number };

/** The answers to queries for one type of a name: the primary, the backup, or something else. */
export type ExpectedAnswers = { readonly type: string; readonly primary: Share; readonly backup: Share; readonly other: Share };

/** The types that lead visitors to a CDN. */
const visitedTypes: readonly string[] = ["A", "AAAA", "CNAME"];

export const aliasKey = (dnsName: string): string => `alias ${dnsName.toLowerCase().replace(/\.$/, "")}`;

/** What the health of a record depends on; empty: it is always healthy. */
export const healthKeys = ({ healthCheckId, alias }: AnsweringRecord): readonly string[] => [
  ...(healthCheckId === undefined ? [] : [healthCheckId]),
  ...(alias?.evaluateTargetHealth === true ? [aliasKey(alias.dnsName)] : []),
];

const named = ({ setIdentifier, weight }: AnsweringRecord): AnswerSide | null => {
  const side = weight === undefined ? undefined : setIdentifier?.toLowerCase();
  return side === "primary" || side === "backup" ? side : null;
};

const targetOf = ({ values, alias }: AnsweringRecord): string =>
  alias === undefined
    ? [...(values ?? [])]
        .map((value) => value.toLowerCase().replace(/\.$/, ""))
        .toSorted()
        .join(" ")
    : aliasKey(alias.dnsName);

/** The side of a record: the half that it is, or the one whose target it has. `group`: the records of its type. */
export const answeredSide = (record: AnsweringRecord, group: readonly AnsweringRecord[]): AnswerSide | null =>
  named(record) ?? group.map((other) => (targetOf(other) === targetOf(record) ? named(other) : null)).find((side) => side !== null) ?? null;

type Part = { readonly record: AnsweringRecord; readonly share: Share };

const certain = (share: number): Share => ({ least: share, most: share });
const sum = (records: readonly AnsweringRecord[]): number => records.reduce((total, { weight = 0 }) => total + weight, 0);

/** Shares by weight; where all weights are 0, equal ones. */
const byWeight = (records: readonly AnsweringRecord[]): readonly Part[] => {
  const total = sum(records);
  return records.map((record) => ({ record, share: certain(total === 0 ? 1 / records.length : (record.weight ?? 0) / total) }));
};

/** One of them, by unknown criteria: the visitor's location, or chance. */
const anyOf = (records: readonly AnsweringRecord[]): readonly Part[] =>
  records.map((record) => ({ record, share: records.length === 1 ? certain(1) : { least: 0, most: 1 } }));

/**
 * How Route 53 chooses among the records of one name and type with known health. From the Developer Guide, "How Amazon
 * Route 53 chooses records when health checking is configured", "Weighted routing", and "Values specific for failover records":
 *
 * | records | answered |
 * |---|---|
 * | without a health check | always counted as healthy |
 * | an alias that evaluates its target's health | as healthy as its target, and as its health check where it has one as well |
 * | weighted, some healthy ones with a weight above 0 | these, weight / sum of their weights |
 * | weighted, all with a weight above 0 unhealthy | healthy ones of weight 0, each equally often |
 * | weighted, all weights 0 | the healthy ones, each equally often |
 * | none healthy | all count as healthy |
 * | failover | the primary record while it is healthy, else the secondary; the primary one where neither is |
 * | simple | the record, whatever its health |
 * | latency, geolocation, multivalue, IP-based, geoproximity | any healthy one: it depends on who asks |
 */
const choose = (records: readonly AnsweringRecord[], isHealthy: (record: AnsweringRecord) => boolean): readonly Part[] => {
  const simple = records.filter(({ weight, otherPolicy }) => weight === undefined && otherPolicy === undefined);
  if (simple.length > 0) return anyOf(simple);
  const healthy = records.filter(isHealthy);
  const counted = healthy.length === 0 ? records : healthy;
  if (records.every(({ weight }) => weight !== undefined)) {
    const weighty = counted.filter(({ weight = 0 }) => weight > 0);
    return byWeight(weighty.length > 0 ? weighty : counted);
  }
  const primary = counted.find(({ failover }) => failover === "PRIMARY");
  return primary === undefined ? anyOf(counted) : [{ record: primary, share: certain(1) }];
};

const sides = ["primary", "backup", "other"] as const;
type Shares = Omit<ExpectedAnswers, "type">;

const bySide = (parts: readonly Part[], group: readonly AnsweringRecord[]): Shares => {
  const shareOf = (side: (typeof sides)[number]): Share => {
    const own = parts.filter(({ record }) => (answeredSide(record, group) ?? "other") === side);
    // Where it depends on the client, a side that has all of the candidates has all of the answers.
    if (own.length === parts.length && own.length > 0) return certain(1);
    return {
      least: own.reduce((total, { share }) => total + share.least, 0),
      most: Math.min(
        1,
        own.reduce((total, { share }) => total + share.most, 0),
      ),
    };
  };
  return { primary: shareOf("primary"), backup: shareOf("backup"), other: shareOf("other") };
};

const widest = (all: readonly Shares[]): Shares => {
  const over = (side: (typeof sides)[number]): Share => ({
    least: Math.min(...all.map((shares) => shares[side].least)),
    most: Math.max(...all.map((shares) => shares[side].most)),
  });
  return { primary: over("primary"), backup: over("backup"), other: over("other") };
};

/** With more unknowns than this, no result. */
const mostUnknown = 10;

/** Every assignment of the unknowns. */
const assumptions = (unknown: readonly string[]): readonly ReadonlySet<string>[] =>
  Array.from({ length: 2 ** unknown.length }, (_, bits) => new Set(unknown.filter((_key, at) => (bits >> at) % 2 === 1)));

type Possible = { readonly group: readonly AnsweringRecord[]; readonly choices: readonly (readonly Part[])[] | null };

/** What Route 53 may choose from the records of one type, one list for each assignment of the unknowns; null: too many. */
const possibleChoices = (group: readonly AnsweringRecord[], health: Health): Possible => {
  const statusOf = (key: string): CheckStatus => health[key] ?? "unknown";
  const unknown = [...new Set(group.flatMap(healthKeys))].filter((key) => statusOf(key) === "unknown");
  if (unknown.length > mostUnknown) return { group, choices: null };
  const choices = assumptions(unknown).map((healthy) =>
    choose(group, (record) => healthKeys(record).every((key) => statusOf(key) === "healthy" || healthy.has(key))),
  );
  return { group, choices };
};

const anything: Share = { least: 0, most: 1 };

/** The expected answers for each type that leads visitors to a CDN, from all record sets of the name. */
export const expectedAnswers = (records: readonly AnsweringRecord[], health: Health): readonly ExpectedAnswers[] =>
  visitedTypes.flatMap((type): readonly ExpectedAnswers[] => {
    const own = records.filter((record) => record.type === type);
    if (own.length === 0) return [];
    const { group, choices } = possibleChoices(own, health);
    if (choices === null) return [{ type, primary: anything, backup: anything, other: anything }];
    return [{ type, ...widest(choices.map((parts) => bySide(parts, group))) }];
  });

/** Those of the records of one type that may be answered. */
export const mayAnswer = (group: readonly AnsweringRecord[], health: Health): readonly AnsweringRecord[] => {
  const { choices } = possibleChoices(group, health);
  const answering = new Set(choices?.flatMap((parts) => parts.flatMap(({ record, share }) => (share.most > 0 ? [record] : []))));
  return choices === null ? group : group.filter((record) => answering.has(record));
};
