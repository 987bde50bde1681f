import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { DnsAccess } from "../../adapters/ports/steering/dns-access.ts";
import type { DnsBudget, PairReading, WeightChangeResult } from "../../adapters/ports/steering/dns.ts";
import type { DnsSetup, DnsSetupDomain } from "../../adapters/ports/steering/dns-setup.ts";
import type { Prober } from "../../adapters/ports/detection/probe.ts";
import type { Random } from "../../adapters/ports/platform/random.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import type { Verdict } from "../../domain/detection/probe.ts";
import { judgeProbe, parseStatusRanges, probeUrls } from "../../domain/detection/probe.ts";
import type { Check } from "../../domain/steering/readiness-finding.ts";
import type { RoleTrust } from "../../domain/steering/role-trust.ts";
import type { BackupHealth } from "../../domain/steering/readiness-targets.ts";
import type { DomainFacts } from "../../domain/steering/readiness.ts";
import { checkDomain } from "../../domain/steering/readiness.ts";
import { reachOf } from "./channel-reach.ts";
import { memberRecords } from "./members.ts";
import type { ProbeSettings } from "../detection/probing.ts";
import { wildcardsOf } from "./wildcards.ts";
import { requestBudget } from "../request-budget.ts";
import type { Connections } from "../connection-slots.ts";
import { createConnections, nobody } from "../connection-slots.ts";

export type ReadinessDeps = {
  readonly dns: DnsAccess;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly lookup: Lookup;
  readonly random: Random;
  readonly probe: Pick<ProbeSettings, "path" | "timeoutMs" | "restrainsUnverified">;
  /** How far the customer's own role trusts others; absent: they have none. */
  readonly trust?: RoleTrust;
  /** Whether a zone of the operator's account is bound to the customer; absent: they have an account of their own. */
  readonly isBound?: (zoneId: string) => boolean;
};

const bindingOf = ({ isBound }: ReadinessDeps, reading: PairReading | undefined): Pick<DomainFacts, "zoneBinding"> =>
  isBound === undefined || !isFound(reading) ? {} : { zoneBinding: isBound(reading.zoneId) ? "bound" : "open" };

type Seen = { readonly url: string; readonly verdict: Verdict | null };

const isFound = (reading: PairReading | undefined): reading is Extract<PairReading, { status: "found" }> => reading?.status === "found";

/** The value of a live CNAME half, where the domain names no target of its own. */
const targetOf = (domain: DnsSetupDomain, reading: PairReading | undefined, side: "primary" | "backup"): string | null => {
  const given = side === "primary" ? domain.primaryTarget : domain.backupTarget;
  const discovered = side === "primary" ? domain.discoveredPrimaryTarget : domain.discoveredBackupTarget;
  if (given !== null || !isFound(reading)) return given ?? discovered;
  const record = reading.records.find(({ type, setIdentifier }) => type === "CNAME" && setIdentifier.toLowerCase() === side);
  return record?.values?.[0]?.replace(/\.$/, "").toLowerCase() ?? discovered;
};

/** For this long targets have their full time-out; later ones get less, so that the check ends in time. */
const patientMs = 10_000;
const impatientTimeoutMs = 2_000;

/** Why the targets of a domain are not probed, regardless of their state. */
const unprobedOf = ({ verified, privatePaths }: DnsSetupDomain, restrains: boolean): NonNullable<DomainFacts["unprobed"]> => {
  if (!verified && restrains) return { primary: "unverified", backup: "unverified" };
  return Object.fromEntries((privatePaths ?? []).map((path) => [path, "private"]));
};

const probeAll = async (
  { prober, probe, clock }: ReadinessDeps,
  connections: Connections,
  domains: readonly DnsSetupDomain[],
  readings: ReadonlyMap<string, PairReading>,
): Promise<ReadonlyMap<string, Seen>> => {
  const patientUntilMs = clock.nowMs() + patientMs;
  const probed = domains.flatMap((domain) => {
    const unprobed = unprobedOf(domain, probe.restrainsUnverified === true);
    const reading = readings.get(domain.name);
    const [primaryTarget, backupTarget] = [targetOf(domain, reading, "primary"), targetOf(domain, reading, "backup")];
    const expected = parseStatusRanges(domain.expectStatus) ?? [[200, 399]];
    return probeUrls({ name: domain.name, primaryTarget, backupTarget, probePath: domain.probePath ?? probe.path })
      .filter(({ path }) => path !== "direct" && unprobed[path] === undefined)
      .map(async ({ path, url }): Promise<[string, Seen]> => {
        const timeoutMs = () => (clock.nowMs() < patientUntilMs ? probe.timeoutMs : Math.min(impatientTimeoutMs, probe.timeoutMs));
        const answer = await connections.probes(nobody, false, () => prober.probe({ url, timeoutMs: timeoutMs() }));
        return [`${domain.domainId}/${path}`, { url, verdict: judgeProbe(answer, expected) }];
      });
  });
  return new Map(await Promise.all(probed));
};

/**
 * Checks everything that has to be right before a storm: reads the live pairs, probes both targets, and proves the
 * permission by a no-op compare-and-set, except where nothing may be written.
 */
export const checkReadiness = async (
  deps: ReadinessDeps,
  setup: DnsSetup,
  backupHealth: ReadonlyMap<number, readonly BackupHealth[]>,
  nowMs: number,
): Promise<readonly Check[]> => {
  const { dns, clock } = deps;
  const connections = createConnections(clock);
  const budget = requestBudget(clock, connections);
  // An unverified claim is not read: it must not reveal anybody's records.
  const verified = setup.domains.filter((domain) => domain.verified);
  const handsOff = setup.frozen ? "frozen" : setup.shadow ? "shadow" : null;
  const mates = handsOff !== null || verified.length === 0 ? [] : setup.mates;
  const names = verified.map(({ name }) => name);
  const readings =
    verified.length === 0
      ? new Map<string, PairReading>()
      : await dns.read([...names, ...mates.map(({ name }) => name)], budget, zoneIdsOf(verified, mates));
  const [seen, beside, wildcards, reach] = await Promise.all([
    probeAll(deps, connections, setup.domains, readings),
    dns.inspect(
      verified.flatMap(({ name }) => (isFound(readings.get(name)) ? [name] : [])),
      budget,
    ),
    wildcardsOf(
      deps,
      setup.domains.filter((domain) => !domain.verified),
      budget,
    ),
    reachOf(
      deps.lookup,
      setup.channels,
      setup.domains.flatMap((domain) => targetOf(domain, readings.get(domain.name), "primary") ?? []),
      budget,
    ),
  ]);
  const { primaryCdn, backupCdn, insured } = setup;
  const told = { primaryCdn, backupCdn, insured: new Set(insured), ...reach };
  const steersGroup = new Set(verified.filter((domain) => domain.steerGroup).map(({ name }) => name));
  // Together with names of other services in the same zones: rounds send one batch per zone, across services.
  const pairs =
    handsOff !== null
      ? []
      : [...names, ...mates.map(({ name }) => name)].flatMap((name) => {
          const reading = readings.get(name);
          if (!isFound(reading)) return [];
          const records = [...reading.records, ...(steersGroup.has(name) ? membersIn(reading) : [])];
          return [{ domain: name, zoneId: reading.zoneId, records, after: records }];
        });
  const proofs = pairs.length === 0 ? [] : await dns.rewrite(pairs, budget);
  const unwatched = await refusalToBeWatched(dns, proofs, budget);
  const proven = new Map<string, WeightChangeResult>(proofs.map((proof) => [proof.domain, proof]));
  return setup.domains.flatMap((domain) => {
    const facts: DomainFacts = {
      domainId: domain.domainId,
      name: domain.name,
      verified: domain.verified,
      lapse: domain.lapse,
      disputed: domain.disputed,
      rivalled: domain.rivalled,
      ...(domain.verified && deps.trust !== undefined && { roleTrust: deps.trust }),
      ...bindingOf(deps, readings.get(domain.name)),
      normal: domain.normal,
      ownChecks: domain.ownChecks,
      steeredToo: domain.steerGroup ? membersIn(readings.get(domain.name)) : null,
      backupCdn: setup.backupCdn,
      beside: beside.get(domain.name) ?? null,
      wildcard: wildcards.get(domain.name) ?? null,
      ...jointOf(proven.get(domain.name)),
      reading: readings.get(domain.name) ?? (domain.verified ? notInTime : null),
      primary: seen.get(`${domain.domainId}/primary`) ?? null,
      backup: seen.get(`${domain.domainId}/backup`) ?? null,
      unprobed: unprobedOf(domain, deps.probe.restrainsUnverified === true),
      backupHealth: backupHealth.get(domain.domainId) ?? [],
      permission: permissionOf(proven.get(domain.name), unwatched),
      handsOff,
      told,
    };
    return checkDomain(facts, nowMs);
  });
};

/** The records besides a pair that can be steered with it. */
const membersIn = (reading: PairReading | undefined) =>
  isFound(reading) ? memberRecords(reading.records, reading.surroundings?.neighbours ?? []) : [];

const zoneIdsOf = (domains: readonly DnsSetupDomain[], mates: DnsSetup["mates"]): ReadonlyMap<string, string> =>
  new Map([...domains, ...mates].flatMap(({ name, zoneId }): [string, string][] => (zoneId === null ? [] : [[name, zoneId]])));

/** Whether the name was changed together with others of its zone; empty where it was not changed. */
const jointOf = (proof: WeightChangeResult | undefined): Pick<DomainFacts, "refusedJointly"> =>
  proof?.status === "accepted" ? { refusedJointly: proof.refusedJointly ?? null } : {};

const notInTime = { status: "error", detail: "there was no time to read it: check again" } as const;

/** Why GetChange is refused for an account: one change is enough to test it. */
const refusalToBeWatched = async (dns: DnsAccess, proofs: readonly WeightChangeResult[], budget: DnsBudget): Promise<string | null> => {
  const proof = proofs.find(({ status }) => status === "accepted");
  if (proof?.status !== "accepted") return null;
  const status = (await dns.status([proof.changeId], budget)).get(proof.changeId);
  return typeof status === "object" ? status.refused : null;
};

const permissionOf = (proof: WeightChangeResult | undefined, unwatched: string | null): DomainFacts["permission"] => {
  if (proof === undefined) return null;
  if (proof.status === "accepted") return { status: "accepted", ...(unwatched !== null && { unwatched }) };
  return { status: proof.status, detail: proof.detail, retryable: proof.status === "failed" && proof.retryable };
};
