import { graceMs } from "../tenants/ownership.ts";
import { challengeName } from "../tenants/ownership-record.ts";
import type { RoleTrust } from "./role-trust.ts";
import { checkRoleTrust } from "./role-trust.ts";
import { mostHeaderChars } from "../detection/probe.ts";
import type { Verdict } from "../detection/probe.ts";
import type { AroundFacts } from "./readiness-around.ts";
import { checkAround } from "./readiness-around.ts";
import type { BesideRecord, WildcardFacts } from "./readiness-beside.ts";
import { checkBeside, checkProofRecord } from "./readiness-beside.ts";
import type { ToldFacts } from "./readiness-channels.ts";
import { checkChannels } from "./readiness-channels.ts";
import type { Check, CheckName, Finding } from "./readiness-finding.ts";
import { found, pass } from "./readiness-finding.ts";
import type { Weights } from "./steering.ts";

type LiveRecord = AroundFacts["records"][number] & { readonly ttl?: number };

/** The backup's samples of one vantage within the last 24 h. */
export type BackupHealth = { readonly vantage: string; readonly samples: number; readonly ok: number; readonly sinceMs: number };

/** The facts about a domain. */
export type DomainFacts = {
  readonly domainId: number;
  readonly name: string;
  readonly verified: boolean;
  /** The proof of a held name is missing; absent: it is there. */
  readonly lapse?: { readonly lapsedAtMs: number; readonly heldAtMs: number | null } | null;
  /** Its proof is valid besides the owner's. */
  readonly disputed?: boolean;
  /** It holds the name, and somebody else's proof is valid as well. */
  readonly rivalled?: boolean;
  /** How the zone of the name is bound to customers; absent: it is not in the operator's account, or was not checked. */
  readonly zoneBinding?: "bound" | "open";
  /** How far the customer's role trusts others; absent: there is no role. */
  readonly roleTrust?: RoleTrust;
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
  /** Null: no target is known. A null verdict: it answers, but not every vantage can read the answer. */
  readonly primary: { readonly url: string; readonly verdict: Verdict | null } | null;
  readonly backup: { readonly url: string; readonly verdict: Verdict | null } | null;
  /** Why a target was not probed though it is known; absent: it was, or is not known. */
  readonly unprobed?: { readonly [Side in "primary" | "backup"]?: "unverified" | "private" };
  readonly backupHealth: readonly BackupHealth[];
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

const dayMs = 86_400_000;
/** A day's samples may lack those lost to a restart or a late cron. */
const wholeDayMs = dayMs - 1_800_000;
const healthyFrom = 0.99;

const proofGone = (name: string, nowMs: number, { lapsedAtMs, heldAtMs }: NonNullable<DomainFacts["lapse"]>): Finding => {
  const mend = `publish the TXT record ${challengeName(name)} again and POST the domain's verification`;
  const hoursLeft = Math.max(0, Math.ceil((lapsedAtMs + graceMs - nowMs) / 3_600_000));
  return heldAtMs === null
    ? found(
        "owner",
        "warn",
        `the proof of the name is not seen any more: after ${hoursLeft} h nothing is switched but back to normal`,
        mend,
      )
    : found("owner", "fail", "the proof of the name has been gone for 72 h: nothing is switched but back to normal", mend);
};

const owner = ({ verified, name, lapse, disputed, rivalled }: DomainFacts, nowMs: number): Finding => {
  if (verified && lapse != null) return proofGone(name, nowMs, lapse);
  if (verified && rivalled === true)
    return found(
      "owner",
      "warn",
      "the name is proven to be yours, and somebody else's proof of it stands as well",
      `take down other TXT records ${challengeName(name)} than yours, or ask the operator`,
    );
  if (disputed === true)
    return found(
      "owner",
      "fail",
      "the name is proven by you and held by somebody else: it is disputed",
      "ask the operator, or wait until the owner's record is gone for 7 days",
    );
  return verified
    ? pass("owner", "the name is proven to be yours")
    : found(
        "owner",
        "fail",
        "nobody has proven that the name is theirs",
        `publish the TXT record _tranche-challenge.${name} and POST the domain's verification`,
      );
};

/** Zones of the operator's own account serve every customer with a proven name in them, unless bound to customers. */
const zoneBinding = ({ zoneBinding: binding }: DomainFacts): readonly Finding[] => {
  if (binding === undefined) return [];
  if (binding === "bound") return [pass("zone_binding", "the zone is bound to you")];
  return [
    found(
      "zone_binding",
      "unproven",
      "the operator's zone is bound to no customer: whoever proves a name in it has it steered",
      "none with one customer; else the operator binds zones with POST /v1/zone-grants",
    ),
  ];
};

const roleTrust = ({ roleTrust: trust }: DomainFacts): readonly Finding[] => (trust === undefined ? [] : [checkRoleTrust(trust)]);

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

const target = (side: "primary" | "backup", { [side]: seen, unprobed }: DomainFacts): Finding => {
  const check = `${side}_target` as const;
  if (unprobed?.[side] === "unverified")
    return found(check, "unproven", "the targets of a name are looked at once it is proven to be yours", "prove the ownership first");
  if (unprobed?.[side] === "private")
    return found(
      check,
      "fail",
      `the ${side} target leads to a private address: it is not probed`,
      "use a target that the public internet reaches",
    );
  if (seen === null)
    return found(check, "fail", `no ${side} target is known`, `PATCH the domain with a ${check}, or point its weighted CNAME at one`);
  const { url, verdict } = seen;
  if (verdict === null) {
    return found(
      check,
      "fail",
      `${url} answers with more headers than every vantage can read, or malformed: it can not be judged`,
      `set a probe_path that answers with well-formed headers of less than ${mostHeaderChars} characters`,
    );
  }
  if (!verdict.ok) {
    const why = verdict.status === null ? verdict.error : `status ${verdict.status}`;
    return found(
      check,
      "fail",
      `${url} does not answer as expected: ${why}`,
      `make the ${side} CDN serve this host, or correct the target, probe_path or expect_status`,
    );
  }
  if (!url.startsWith("https:")) return found(check, "warn", `${url} answers, without TLS`, "use a target that is reached over HTTPS");
  return pass(check, `${url} answers over valid TLS`);
};

const certificate = ({ name }: DomainFacts): Finding =>
  found(
    "certificate",
    "unproven",
    `whether the backup CDN holds a certificate for ${name} cannot be seen from the edge`,
    `openssl s_client -servername ${name} -connect <backup target>:443 must show a certificate for ${name}`,
  );

const backupHealth = ({ backupHealth: seen }: DomainFacts, nowMs: number): Finding => {
  const worst = seen.filter(({ samples }) => samples > 0).toSorted((a, b) => a.ok / a.samples - b.ok / b.samples)[0];
  if (worst === undefined) return found("backup_health", "unproven", "the backup has not been probed yet", "wait for a day of samples");
  const percent = ((100 * worst.ok) / worst.samples).toFixed(2);
  const said = `${percent} % of ${worst.samples} probes from ${worst.vantage} were good`;
  if (worst.ok / worst.samples < healthyFrom) {
    return found(
      "backup_health",
      "fail",
      `${said} in the last 24 h`,
      "mend the backup: in a storm tranche does not move to one that it does not know to be up",
    );
  }
  const oldest = seen.reduce((first, { sinceMs }) => Math.min(first, sinceMs), nowMs);
  if (nowMs - oldest < wholeDayMs)
    return found("backup_health", "unproven", `${said}, but it is watched for less than 24 h`, "wait for a day of samples");
  return pass("backup_health", `${said} in the last 24 h`);
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
    owner(facts, nowMs),
    ...(facts.verified ? [] : [checkProofRecord(facts.name, facts.wildcard)]),
    zone(facts),
    ...zoneBinding(facts),
    ...roleTrust(facts),
    records(facts),
    ttl(facts),
    weights(facts),
    ...around(facts),
    ...(facts.verified ? checkBeside(facts.name, facts.backupCdn, facts.beside) : []),
    target("primary", facts),
    target("backup", facts),
    certificate(facts),
    backupHealth(facts, nowMs),
    permission(facts),
    joint(facts),
    ...(facts.told === undefined ? [] : [checkChannels(facts.told)]),
  ].map((finding) => ({ domainId: facts.domainId, domain: facts.name, ...finding }));

/** The worst result; `unproven` does not count against readiness. */
export const overallResult = (checks: readonly Check[]): "pass" | "warn" | "fail" => {
  if (checks.length === 0 || checks.some(({ result }) => result === "fail")) return "fail";
  return checks.some(({ result }) => result === "warn") ? "warn" : "pass";
};
