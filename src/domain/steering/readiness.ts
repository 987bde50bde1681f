import type { AroundFacts } from "./readiness-around.ts";
import { checkAround } from "./readiness-around.ts";
import type { BesideRecord, WildcardFacts } from "./readiness-beside.ts";
import { checkBeside, checkProofRecord } from "./readiness-beside.ts";
import type { ToldFacts } from "./readiness-channels.ts";
import { checkChannels } from "./readiness-channels.ts";
import type { Check, CheckName, Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";
import type { OwnerFacts } from "./readiness-owner.ts";
import { checkOwner, checkTrust, checkZoneBinding } from "./readiness-owner.ts";
import type { TargetFacts } from "./readiness-targets.ts";
import { checkBackupHealth, checkCertificate, checkTarget } from "./readiness-targets.ts";
import type { Weights } from "./steering.ts";

type LiveRecord = AroundFacts["records"][number] & { readonly ttl?: number };

/** The facts about a domain. */
export type DomainFacts = OwnerFacts &
  TargetFacts & {
    readonly domainId: number;
    readonly normal: Weights;
    /** Null: not read, as the name is not proven. */
    readonly reading:
      | {
          readonly status: "found";
          readonly zoneId: string;
          readonly records: readonly LiveRecord[];
          /** Absent: there is nothing besides the pair. */
          readonly surroundings?: Omit<AroundFacts, "name" | "records" | "ownChecks" | "steeredToo">;
        }
      | { readonly status: "unprovisioned"; readonly zoneId: string | null; readonly detail: string }
      | { readonly status: "error"; readonly detail: string }
      | null;
    /** Health checks of the name's own standing failover. */
    readonly ownChecks: readonly string[];
    /** Records besides the pair that are steered with it; null: the option is off. */
    readonly steeredToo?: AroundFacts["steeredToo"];
    readonly backupCdn: string;
    /** Records of other types at and above the name; null: they could not be read. */
    readonly beside: readonly BesideRecord[] | null;
    /** Of an unproven name; null: the DNS did not answer. */
    readonly wildcard: WildcardFacts | null;
    /** Why it may not be changed together with other names of its zone; null: it may; absent: it was not tried. */
    readonly refusedJointly?: string | null;
    /** The result of the no-op compare-and-set; null: it was not tried. */
    readonly permission:
      /** `unwatched`: why it cannot be polled. */
      | { readonly status: "accepted"; readonly unwatched?: string }
      | { readonly status: "stale" | "failed"; readonly detail: string; readonly retryable: boolean }
      | null;
    /** DNS is not written while frozen or in shadow mode. */
    readonly handsOff: "frozen" | "shadow" | null;
    /** Who is told of a storm of the service; absent: it was not looked at. */
    readonly told?: ToldFacts;
  };

/** How long resolvers may keep an old answer after a switch (semantics §6: a switch is to be felt within a minute). */
const longestTtlSeconds = 60;

const unread = (check: CheckName): Finding => found(check, "unproven", "the records were not read", "mend the checks before this one");

const zone = ({ reading }: DomainFacts): Finding => {
  if (reading === null)
    return found("zone", "unproven", "records of a name are read once it is proven to be yours", "prove the ownership first");
  if (reading.status === "error")
    return found("zone", "fail", reading.detail, "see the detail: credentials, permission or Route 53 itself");
  if (reading.status === "unprovisioned" && reading.zoneId === null)
    return found("zone", "fail", reading.detail, "create or delegate the zone in the account that tranche uses");
  return pass("zone", `zone ${reading.zoneId} serves the name`);
};

const records = ({ reading }: DomainFacts): Finding => {
  if (reading === null || reading.status === "error" || reading.zoneId === null) return unread("records");
  if (reading.status === "unprovisioned")
    return found("records", "fail", reading.detail, "create what is missing, or POST the domain's provision");
  const types = [...new Set(reading.records.map(({ type }) => type))].join(", ");
  return pass("records", `a weighted pair of type ${types}`);
};

const ttl = ({ reading }: DomainFacts): Finding => {
  if (reading?.status !== "found") return unread("ttl");
  const seconds = [...new Set(reading.records.flatMap((record) => record.ttl ?? []))].toSorted((a, b) => a - b);
  const [longest] = seconds.slice(-1);
  if (longest === undefined) return pass("ttl", "aliases are answered with 60 s at most");
  const mend = `give all of them one TTL of at most ${longestTtlSeconds} s`;
  if (seconds.length > 1) return found("ttl", "fail", `the records have different TTLs: ${seconds.join(" s, ")} s`, mend);
  if (longest > longestTtlSeconds)
    return found("ttl", "fail", `TTL ${longest} s: so long may a visitor stay on a dead CDN after a switch`, mend);
  return pass("ttl", `TTL ${longest} s`);
};

const weights = ({ reading, normal }: DomainFacts): Finding => {
  if (reading?.status !== "found") return unread("weights");
  const pairs = [...Map.groupBy(reading.records, ({ type }) => type)].map(([type, own]) => {
    const of = (side: string) => own.find(({ setIdentifier }) => setIdentifier.toLowerCase() === side)?.weight ?? 0;
    return { type, primary: of("primary"), backup: of("backup") };
  });
  const said = pairs.map(({ type, primary, backup }) => `${type} ${primary}/${backup}`).join(", ");
  const wanted = `${normal.primary}/${normal.backup}`;
  if (pairs.some(({ primary, backup }) => primary === 0 && backup === 0)) {
    return found("weights", "fail", `${said}: at 0/0 Route 53 answers either half at random`, `set them to ${wanted}`);
  }
  if (pairs.some(({ primary, backup }) => primary !== normal.primary || backup !== normal.backup)) {
    return found(
      "weights",
      "warn",
      `${said}, where ${wanted} is normal`,
      "none where a storm, an override or a failback is on; else the next round heals it",
    );
  }
  return pass("weights", said);
};

const permission = ({ permission: tried, reading, handsOff }: DomainFacts): Finding => {
  if (handsOff !== null)
    return found("permission", "unproven", `the service is ${handsOff}: nothing is written`, "check again once it is not");
  if (tried === null)
    return reading?.status === "found" ? found("permission", "unproven", "not tried", "check again") : unread("permission");
  if (tried.status === "accepted" && tried.unwatched !== undefined) {
    const detail = `a change is accepted, but nobody may ask whether it is on all servers: ${tried.unwatched}`;
    return found("permission", "warn", detail, "permit route53:GetChange as well, as the policy of GET /v1/services/{id}/iam-policy does");
  }
  if (tried.status === "accepted") return pass("permission", "a compare-and-set that changes nothing was accepted");
  if (tried.status === "stale")
    return found("permission", "unproven", `the records changed under the check: ${tried.detail}`, "check again");
  if (tried.retryable) return found("permission", "unproven", tried.detail, "check again later");
  return found("permission", "fail", tried.detail, "attach the policy that GET /v1/services/{id}/iam-policy gives");
};

const joint = ({ refusedJointly, reading }: DomainFacts): Finding => {
  if (reading?.status !== "found") return unread("joint_permission");
  if (refusedJointly === undefined)
    return found(
      "joint_permission",
      "unproven",
      "it was not tried whether the name may be changed together with others of its zone",
      "check again",
    );
  if (refusedJointly === null) return pass("joint_permission", "the names of its zone may be changed in one request");
  const detail = `the name may not be changed in one request with others of its zone, only apart, which costs time in a storm: ${refusedJointly}`;
  return found(
    "joint_permission",
    "fail",
    detail,
    "attach the policy that GET /v1/services/{id}/iam-policy gives: it holds all domains of the account",
  );
};

const around = ({ reading, name, ownChecks, steeredToo = null }: DomainFacts): readonly Finding[] => {
  if (reading?.status !== "found") return (["other_zones", "types_left_behind", "neighbours", "health_checks"] as const).map(unread);
  const { records: pair, surroundings } = reading;
  return checkAround({
    name,
    records: pair,
    ownChecks,
    steeredToo,
    ...(surroundings ?? { neighbours: [], health: {}, dangling: [], leftBehind: [], otherZones: [] }),
  });
};

/** Every check of one domain, in the order in which they build on each other. */
export const checkDomain = (facts: DomainFacts, nowMs: number): readonly Check[] =>
  [
    checkOwner(facts, nowMs),
    ...(facts.verified ? [] : [checkProofRecord(facts.name, facts.wildcard)]),
    zone(facts),
    ...checkZoneBinding(facts),
    ...checkTrust(facts),
    records(facts),
    ttl(facts),
    weights(facts),
    ...around(facts),
    ...(facts.verified ? checkBeside(facts.name, facts.backupCdn, facts.beside) : []),
    checkTarget("primary", facts),
    checkTarget("backup", facts),
    checkCertificate(facts),
    checkBackupHealth(facts, nowMs),
    permission(facts),
    joint(facts),
    ...(facts.told === undefined ? [] : [checkChannels(facts.told)]),
  ].map((finding) => ({ domainId: facts.domainId, domain: facts.name, ...finding }));

/** The worst result; `unproven` does not count against readiness. */
export const overallResult = (checks: readonly Check[]): "pass" | "warn" | "fail" => {
  if (checks.length === 0 || checks.some(({ result }) => result === "fail")) return "fail";
  return checks.some(({ result }) => result === "warn") ? "warn" : "pass";
};
