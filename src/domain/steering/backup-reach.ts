import type { AnsweringRecord, AnswerSide, ExpectedAnswers, Health, Share } from "./dns-answers.ts";
import { answeredSide, expectedAnswers, healthKeys } from "./dns-answers.ts";

/** From this share of the answers on, visitors count as reaching a side. */
const reachedFrom = 0.99;

/** Why visitors are not expected to reach a side, whatever its weights are. */
export type Obstacle = {
  readonly reason: "health_check" | "target_evaluation" | "neighbour" | "type_left_behind" | "weights";
  /** In prose: which record of which type. */
  readonly detail: string;
};

/** Whether visitors are expected to reach a side: the least share of the answers for any type, 0..1, and the obstacle. */
export type Reach = { readonly share: Share; readonly obstacle: Obstacle | null };

const percent = ({ least, most }: Share): string => {
  const [low, high] = [least, most].map((part) => String(Math.round(part * 1_000) / 10));
  return low === high ? `${low} %` : `${low} to ${high} %`;
};

const label = ({ setIdentifier, otherPolicy }: AnsweringRecord): string =>
  setIdentifier === undefined ? `the ${otherPolicy ?? "simple"} record` : `"${setIdentifier}"`;

const statusOf = (record: AnsweringRecord, health: Health): string => {
  const states = healthKeys(record).map((key) => health[key] ?? "unknown");
  return states.includes("unhealthy") ? "unhealthy" : "unknown";
};

/** A half that is not known to be healthy, and what its health depends on. */
const byHealth = (type: string, side: AnswerSide, half: AnsweringRecord, health: Health, share: string): Obstacle => {
  const blamed = healthKeys(half).find((key) => (health[key] ?? "unknown") !== "healthy");
  const own = blamed === half.healthCheckId;
  const what = own ? `its health check ${half.healthCheckId}` : `the target that it evaluates, ${half.alias?.dnsName}`;
  return {
    reason: own ? "health_check" : "target_evaluation",
    detail: `${type}: ${what} is ${statusOf(half, health)}, so Route 53 answers the ${side} with ${share}`,
  };
};

const obstacleOf = (answers: ExpectedAnswers, side: AnswerSide, group: readonly AnsweringRecord[], health: Health): Obstacle => {
  const { type } = answers;
  const share = percent(answers[side]);
  const isHalf = ({ setIdentifier, weight }: AnsweringRecord, name: string) =>
    weight !== undefined && setIdentifier?.toLowerCase() === name;
  const half = group.find((record) => isHalf(record, side));
  if (half === undefined || !group.some((record) => isHalf(record, side === "backup" ? "primary" : "backup"))) {
    return {
      reason: "type_left_behind",
      detail: `${type} is not a whole weighted pair and is not switched: the ${side} has ${share} of its answers`,
    };
  }
  const allHealthy = Object.fromEntries(group.flatMap(healthKeys).map((key) => [key, "healthy"] as const));
  const [unhindered] = expectedAnswers(group, allHealthy);
  if ((unhindered?.[side].least ?? 0) >= reachedFrom) return byHealth(type, side, half, health, share);
  const isOther = (record: AnsweringRecord): boolean => !isHalf(record, "primary") && !isHalf(record, "backup");
  const neighbours = group.filter((record) => isOther(record) && answeredSide(record, group) !== side && (record.weight ?? 0) > 0);
  if (neighbours.length > 0) {
    const said = neighbours.map((record) => `${label(record)} with weight ${record.weight}`).join(", ");
    return { reason: "neighbour", detail: `${type}: ${said} answers beside the pair: the ${side} has ${share} of the answers` };
  }
  return { reason: "weights", detail: `${type}: by its weights the ${side} has ${share} of the answers` };
};

/** Whether visitors are expected to reach a side of a name, from all of its records. No records: none do. */
export const reachOf = (side: AnswerSide, records: readonly AnsweringRecord[], health: Health): Reach => {
  const all = expectedAnswers(records, health);
  const worst = all.toSorted((a, b) => a[side].least - b[side].least)[0];
  if (worst === undefined)
    return { share: { least: 0, most: 0 }, obstacle: { reason: "weights", detail: "no records of the name are known" } };
  if (worst[side].least >= reachedFrom) return { share: worst[side], obstacle: null };
  const group = records.filter(({ type }) => type === worst.type);
  return { share: worst[side], obstacle: obstacleOf(worst, side, group, health) };
};

/** The answers expected for visitors of a name, and the obstacle on the side that its weights favour. */
export type VisitorAnswers = { readonly types: readonly ExpectedAnswers[]; readonly obstacle: Obstacle | null };

/** @param records the steered pair; null: there is none @param around the other records of the name, and the health of all of them */
export const visitorAnswers = (
  records: readonly (AnsweringRecord & { readonly weight: number })[] | null,
  around: { readonly neighbours: readonly AnsweringRecord[]; readonly health: Health } | null,
): VisitorAnswers | null => {
  if (records === null) return null;
  const [all, health] = [[...records, ...(around?.neighbours ?? [])], around?.health ?? {}];
  const weightOf = (side: AnswerSide): number => records.find(({ setIdentifier }) => setIdentifier?.toLowerCase() === side)?.weight ?? 0;
  const { obstacle } = reachOf(weightOf("backup") > weightOf("primary") ? "backup" : "primary", all, health);
  // Weights that split the answers are intended.
  return { types: expectedAnswers(all, health), obstacle: obstacle?.reason === "weights" ? null : obstacle };
};
