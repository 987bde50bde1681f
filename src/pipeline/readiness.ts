import type { Clock } from "../adapters/ports/clock.ts";
import type { DnsAccess } from "../adapters/ports/dns-access.ts";
import type { DnsBudget, PairReading, WeightChangeResult } from "../adapters/ports/dns.ts";
import type { DnsSetup, DnsSetupDomain } from "../adapters/ports/dns-setup.ts";
import type { Prober } from "../adapters/ports/probe.ts";
import type { Verdict } from "../domain/probe.ts";
import { judgeProbe, parseStatusRanges, probeUrls } from "../domain/probe.ts";
import type { BackupHealth, Check, DomainFacts } from "../domain/readiness.ts";
import { checkDomain } from "../domain/readiness.ts";
import { requestBudget } from "./request-budget.ts";
import type { Connections } from "./slots.ts";
import { createConnections, nobody } from "./slots.ts";

export type ReadinessDeps = {
  readonly dns: DnsAccess;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly probe: { readonly path: string; readonly timeoutMs: number };
};

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

const probeAll = async (
  { prober, probe }: ReadinessDeps,
  connections: Connections,
  domains: readonly DnsSetupDomain[],
  readings: ReadonlyMap<string, PairReading>,
): Promise<ReadonlyMap<string, Seen>> => {
  const probed = domains.flatMap((domain) => {
    const reading = readings.get(domain.name);
    const [primaryTarget, backupTarget] = [targetOf(domain, reading, "primary"), targetOf(domain, reading, "backup")];
    const expected = parseStatusRanges(domain.expectStatus) ?? [[200, 399]];
    return probeUrls({ name: domain.name, primaryTarget, backupTarget, probePath: domain.probePath ?? probe.path })
      .filter(({ path }) => path !== "direct")
      .map(async ({ path, url }): Promise<[string, Seen]> => {
        const answer = await connections.probes(nobody, false, () => prober.probe({ url, timeoutMs: probe.timeoutMs }));
        return [`${domain.domainId}/${path}`, { url, verdict: judgeProbe(answer, expected) }];
      });
  });
  return new Map(await Promise.all(probed));
};

/**
 * Looks at everything that has to be right before a storm: reads the live pairs, probes both targets, and proves the
 * permission by a compare-and-set that changes nothing, except where nothing may be written.
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
  const readings = verified.length === 0 ? new Map<string, PairReading>() : await dns.read(verified.map(({ name }) => name), budget);
  const seen = await probeAll(deps, connections, setup.domains, readings);
  const handsOff = setup.frozen ? "frozen" : setup.shadow ? "shadow" : null;
  const pairs = handsOff !== null ? [] : verified.flatMap(({ name }) => {
    const reading = readings.get(name);
    return isFound(reading) ? [{ domain: name, zoneId: reading.zoneId, records: reading.records, after: reading.records }] : [];
  });
  const proofs = pairs.length === 0 ? [] : await dns.rewrite(pairs, budget);
  const unwatched = await refusalToBeWatched(dns, proofs, budget);
  const proven = new Map<string, WeightChangeResult>(proofs.map((proof) => [proof.domain, proof]));
  return setup.domains.flatMap((domain) => {
    const facts: DomainFacts = {
      domainId: domain.domainId,
      name: domain.name,
      verified: domain.verified,
      normal: domain.normal,
      reading: readings.get(domain.name) ?? (domain.verified ? notInTime : null),
      primary: seen.get(`${domain.domainId}/primary`) ?? null,
      backup: seen.get(`${domain.domainId}/backup`) ?? null,
      backupHealth: backupHealth.get(domain.domainId) ?? [],
      permission: permissionOf(proven.get(domain.name), unwatched),
      handsOff,
    };
    return checkDomain(facts, nowMs);
  });
};

const notInTime = { status: "error", detail: "there was no time to read it: check again" } as const;

/** Why the changes of an account cannot be asked after (GetChange), where that is refused: one says it for all. */
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
