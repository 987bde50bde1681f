import type { AnsweringRecord, AnswerSide, Health } from "./dns-answers.ts";
import { answeredSide, healthKeys } from "./dns-answers.ts";
import type { Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";

/** A steered name with everything besides its weights that decides the DNS answers. */
export type AroundFacts = {
  readonly name: string;
  /** The steered pair. */
  readonly records: readonly (AnsweringRecord & { readonly setIdentifier: string; readonly weight: number })[];
  readonly neighbours: readonly AnsweringRecord[];
  readonly health: Health;
  /** Deleted health checks. */
  readonly dangling: readonly string[];
  readonly leftBehind: readonly string[];
  readonly otherZones: readonly string[];
  /** Health checks of the name's own standing failover. */
  readonly ownChecks: readonly string[];
  /** Records besides the pair that are steered with it (`steer_group`), by type and SetIdentifier; null: the option is off. */
  readonly steeredToo?: readonly { readonly type: string; readonly setIdentifier: string }[] | null;
};

const sideOf = ({ setIdentifier }: AnsweringRecord): AnswerSide => (setIdentifier?.toLowerCase() === "backup" ? "backup" : "primary");

const worst = (findings: readonly Finding[]): Finding | undefined =>
  (["fail", "warn", "pass"] as const).map((result) => findings.find((one) => one.result === result)).find((one) => one !== undefined);

const ofHalf = (facts: AroundFacts, record: AroundFacts["records"][number], key: string): Finding => {
  const [side, isCheck] = [sideOf(record), key === record.healthCheckId];
  const what = isCheck ? `health check ${key}` : `the health of its target ${record.alias?.dnsName ?? ""}`;
  const where = `${record.type} "${record.setIdentifier}"`;
  const drop = isCheck ? "take the health check off the record set" : "set EvaluateTargetHealth to false";
  if (facts.dangling.includes(key)) {
    return found(
      "health_checks",
      "fail",
      `${where} names ${what}, which does not exist: Route 53 refuses every change of the record set; only a storm's switch leaves it out`,
      `${drop} of ${facts.name}`,
    );
  }
  const status = facts.health[key] ?? "unknown";
  const said = `${where} hangs on ${what}, which is ${status}`;
  if (status === "unknown") {
    const asking = isCheck ? ", or permit route53:GetHealthCheck and route53:GetHealthCheckStatus" : "";
    return found("health_checks", "warn", `${said}: whether visitors follow a switch cannot be told`, `${drop} of ${facts.name}${asking}`);
  }
  if (status === "unhealthy" && side === "backup")
    return found(
      "health_checks",
      "fail",
      `${said}: Route 53 answers the primary whatever the weights are`,
      `mend what it checks, or ${drop} of ${facts.name}`,
    );
  if (status === "unhealthy")
    return found(
      "health_checks",
      "warn",
      `${said}: Route 53 answers the backup even now`,
      `mend what it checks, or ${drop} of ${facts.name}`,
    );
  if (facts.ownChecks.includes(key))
    return pass("health_checks", `${where} has the health check of its standing failover, which is healthy`);
  return found(
    "health_checks",
    "warn",
    `${said}: whoever made it decides beside tranche where visitors go`,
    `${drop} of ${facts.name} unless that is wanted`,
  );
};

const healthChecks = (facts: AroundFacts): Finding =>
  worst(facts.records.flatMap((record) => healthKeys(record).map((key) => ofHalf(facts, record, key)))) ??
  pass("health_checks", "nothing but the weights decides between the halves");

const neighbours = ({ name, records, neighbours: others, steeredToo = null }: AroundFacts): Finding => {
  const types = new Set(records.map(({ type }) => type));
  const beside = others.filter(({ type }) => types.has(type));
  const answering = beside.filter((record) => (record.weight ?? 0) > 0 && answeredSide(record, [...records, ...beside]) !== "backup");
  const list = (all: readonly AnsweringRecord[]) =>
    all.map(({ type, setIdentifier, weight }) => `${type} "${setIdentifier ?? ""}" with weight ${weight ?? "none"}`).join(", ");
  const isSteered = ({ type, setIdentifier }: AnsweringRecord): boolean =>
    (steeredToo ?? []).some((one) => one.type === type && one.setIdentifier === setIdentifier);
  const staying = answering.filter((record) => !isSteered(record));
  if (staying.length > 0) {
    const each = staying
      .map(({ type, setIdentifier }) => `set the weight of ${name} ${type} "${setIdentifier ?? ""}" to 0, or delete it`)
      .join("; ");
    const mend = steeredToo === null ? `${each}; or PATCH the domain with steer_group: true, and they are switched with the pair` : each;
    return found("neighbours", "fail", `${list(staying)} answers beside the pair, and goes on doing so after a switch`, mend);
  }
  if (answering.length > 0)
    return pass("neighbours", `${list(answering)} answers beside the pair, and is set to 0 and back with it (steer_group)`);
  return pass("neighbours", beside.length === 0 ? "nothing else answers for the name" : `${list(beside)} keeps nobody from the backup`);
};

const types = ({ leftBehind }: AroundFacts): Finding =>
  leftBehind.length === 0
    ? pass("types_left_behind", "every type of the name is a whole pair")
    : found(
        "types_left_behind",
        "fail",
        `visitors of these types stay where they are in a switch: ${leftBehind.join("; ")}`,
        "do as it says; the other types are switched without it",
      );

const otherZones = ({ otherZones: others }: AroundFacts): Finding =>
  others.length === 0
    ? pass("other_zones", "no other zone of the account could be taken for the one that serves the name")
    : found("other_zones", "warn", others.join("; "), "delete the zones that are not delegated, or delegate them");

/** Checks of what besides its weights decides a name's DNS answers. */
export const checkAround = (facts: AroundFacts): readonly Finding[] => [
  otherZones(facts),
  types(facts),
  neighbours(facts),
  healthChecks(facts),
];
