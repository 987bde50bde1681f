import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { Lookup, Resolver } from "../adapters/ports/steering/resolver.ts";
import type { CheckedTarget, ConsentReader, DueTarget, TargetStore } from "../adapters/ports/detection/targets.ts";
import { isPrivateHost } from "../domain/tenants/hostname.ts";
import { consentName, isConsent } from "../domain/detection/target.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { connectionOf, createConnections, nobody } from "../pipeline/connection-slots.ts";
import { locate } from "../pipeline/tenants/whereabouts.ts";
import type { JobReport } from "./job.ts";

export type TargetDeps = {
  readonly targets: TargetStore;
  readonly lookup: Lookup;
  readonly resolver: Resolver;
  readonly consent: ConsentReader;
  readonly clock: Clock;
  readonly log: Log;
  readonly connections?: Connections;
  /** False: private targets are allowed, as on one machine: none is checked. */
  readonly checksTargets: boolean;
};

/** How long a host's result is valid. */
const lookAgainAfterMs = 3_600_000;
/** Hosts of one run, which has five minutes; so many in parallel. */
const perRun = 400;
const abreast = 8;
const runMs = 150_000;
const saveEvery = 40;

/** @returns null where no resolver answered: the previous result stays */
const check = async (
  deps: TargetDeps,
  connections: Connections,
  { host, asks }: DueTarget,
  untilMs: number,
): Promise<CheckedTarget | null> => {
  // Such hosts predate their refusal: the public DNS does not tell where they lead.
  if (isPrivateHost(host)) return { host, addresses: "private", consent: null };
  const budget = { untilMs, connection: connectionOf(connections, { lane: "background", key: nobody }) };
  const { addresses } = await locate(deps.lookup, host, budget);
  if (addresses === null) return null;
  if (!asks || addresses !== "public") return { host, addresses, consent: null };
  const readings = await deps.resolver.txt(consentName(host), budget);
  const heard = readings.filter((reading) => reading.status === "answered");
  // As with a proof of ownership: one poisoned resolver must not decide.
  if (heard.length > 0 && heard.every(({ texts }) => texts.some(isConsent))) return { host, addresses, consent: "txt" };
  const page = await deps.consent.read(host, budget);
  return { host, addresses, consent: page.status === "sent" && page.value !== null && isConsent(page.value) ? "well_known" : null };
};

/**
 * Looks up the addresses of the hosts of all live domains, and whether those named by unverified customers consent to probes; then
 * assigns the rounds of unverified domains, so that one host has at most one such probe a round, across all tenants.
 */
export const checkTargets = async (deps: TargetDeps, fence: Fence): Promise<JobReport> => {
  const { targets, clock, log } = deps;
  if (!deps.checksTargets) {
    await targets.clear(fence);
    return { checked: 0 };
  }
  const connections = deps.connections ?? createConnections(clock);
  const startedAtMs = clock.nowMs();
  const untilMs = startedAtMs + runMs;
  const due = [...(await targets.due(startedAtMs - lookAgainAfterMs, perRun))];
  const count = { due: due.length, checked: 0, private: 0, unanswered: 0 };
  const found: CheckedTarget[] = [];
  const save = async (): Promise<void> => {
    const batch = found.splice(0);
    if (batch.length > 0) await targets.save(fence, batch, clock.nowMs());
  };
  const worker = async (): Promise<void> => {
    for (let next = due.shift(); next !== undefined && clock.nowMs() < untilMs; next = due.shift()) {
      const checked = await check(deps, connections, next, untilMs);
      if (checked === null) {
        count.unanswered += 1;
        continue;
      }
      count.checked += 1;
      if (checked.addresses === "private") {
        count.private += 1;
        log.warn("target_private", { host: checked.host });
      }
      found.push(checked);
      if (found.length >= saveEvery) await save();
    }
  };
  await Promise.all(Array.from({ length: abreast }, worker));
  await save();
  return { ...count, claims: await targets.deal(fence) };
};
