import type { DnsAccess } from "../adapters/ports/dns-access.ts";
import type { PairReading, WeightChangeResult } from "../adapters/ports/dns.ts";
import type { DnsSetup, DnsSetupDomain } from "../adapters/ports/dns-setup.ts";
import type { Prober } from "../adapters/ports/probe.ts";
import type { Verdict } from "../domain/probe.ts";
import { judgeProbe, parseStatusRanges, probeUrls } from "../domain/probe.ts";
import type { BackupHealth, Check, DomainFacts } from "../domain/readiness.ts";
import { checkDomain } from "../domain/readiness.ts";
import { createSlots } from "./slots.ts";

export type ReadinessDeps = {
  readonly dns: DnsAccess;
  readonly prober: Prober;
  readonly probe: { readonly path: string; readonly timeoutMs: number };
};

/** Connections that may wait for response headers at once (Workers: six an invocation). */
const waitingConnections = 6;

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
  domains: readonly DnsSetupDomain[],
  readings: ReadonlyMap<string, PairReading>,
): Promise<ReadonlyMap<string, Seen>> => {
  const slots = createSlots(waitingConnections);
  const probed = domains.flatMap((domain) => {
    const reading = readings.get(domain.name);
    const [primaryTarget, backupTarget] = [targetOf(domain, reading, "primary"), targetOf(domain, reading, "backup")];
    const expected = parseStatusRanges(domain.expectStatus) ?? [[200, 399]];
    return probeUrls({ name: domain.name, primaryTarget, backupTarget, probePath: domain.probePath ?? probe.path })
      .filter(({ path }) => path !== "direct")
      .map(async ({ path, url }): Promise<[string, Seen]> => {
        const answer = await slots(0, false, () => prober.probe({ url, timeoutMs: probe.timeoutMs }));
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
  const { dns } = deps;
  // An unverified claim is not read: it must not reveal anybody's records.
  const verified = setup.domains.filter((domain) => domain.verified);
  const readings = verified.length === 0 ? new Map<string, PairReading>() : await dns.read(verified.map(({ name }) => name));
  const seen = await probeAll(deps, setup.domains, readings);
  const handsOff = setup.frozen ? "frozen" : setup.shadow ? "shadow" : null;
  const pairs = handsOff !== null ? [] : verified.flatMap(({ name }) => {
    const reading = readings.get(name);
    return isFound(reading) ? [{ domain: name, zoneId: reading.zoneId, records: reading.records, after: reading.records }] : [];
  });
  const proofs = pairs.length === 0 ? [] : await dns.rewrite(pairs);
  const proven = new Map<string, WeightChangeResult>(proofs.map((proof) => [proof.domain, proof]));
  return setup.domains.flatMap((domain) => {
    const facts: DomainFacts = {
      domainId: domain.domainId,
      name: domain.name,
      verified: domain.verified,
      normal: domain.normal,
      reading: readings.get(domain.name) ?? null,
      primary: seen.get(`${domain.domainId}/primary`) ?? null,
      backup: seen.get(`${domain.domainId}/backup`) ?? null,
      backupHealth: backupHealth.get(domain.domainId) ?? [],
      permission: permissionOf(proven.get(domain.name)),
      handsOff,
    };
    return checkDomain(facts, nowMs);
  });
};

const permissionOf = (proof: WeightChangeResult | undefined): DomainFacts["permission"] => {
  if (proof === undefined) return null;
  if (proof.status === "accepted") return { status: "accepted" };
  return { status: proof.status, detail: proof.detail, retryable: proof.status === "failed" && proof.retryable };
};
