import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { CorroborationStore, Sighting, WatchedStorm } from "../adapters/ports/detection/corroboration.ts";
import type { EvidenceSigner } from "../adapters/ports/evidence/evidence-signer.ts";
import type { Fence } from "../adapters/ports/coordination/lease.ts";
import type { Prober } from "../adapters/ports/detection/probe.ts";
import { canonicalJson } from "../domain/evidence/canonical-json.ts";
import type { SeenDomain } from "../domain/detection/corroboration.ts";
import { canariesSeeIt, countWitnesses, creditedAfter, othersSeeIt } from "../domain/detection/corroboration.ts";
import { siteOf } from "../registrable-domain.ts";
import { isoTime } from "../iso-time.ts";
import type { Connections } from "../pipeline/connection-slots.ts";
import { signCredit } from "../pipeline/evidence/sign.ts";
import { connectionOf, createConnections, nobody } from "../pipeline/connection-slots.ts";
import type { JobReport } from "./job.ts";

/** A URL of the operator's own behind a CDN. */
export type Canary = { readonly cdn: string; readonly url: string };

export type CorroborateDeps = {
  readonly corroboration: CorroborationStore;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly connections?: Connections;
  /** Null, or absent: what is recorded is not signed. */
  readonly evidenceSigner?: EvidenceSigner | null;
  readonly canaries: readonly Canary[];
  /** Minimum number of other customers. */
  readonly minWitnesses: number;
  /** A witness's domain was not edited for so long. */
  readonly settledMs: number;
  readonly probeTimeoutMs: number;
};

/** Deadlines of one canary, its second try included, and of all of them. */
const tries = 2;
const runMs = 30_000;

/** Whether a canary answers with anything but a server error: the CDN is what is tested. */
const answers = async (deps: CorroborateDeps, connections: Connections, url: string, untilMs: number): Promise<boolean | null> => {
  const connection = connectionOf(connections, { lane: "background", key: nobody });
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const timeoutMs = deps.probeTimeoutMs;
    const sent = await connection({ untilMs, answerMs: timeoutMs }, async () => await deps.prober.probe({ url, timeoutMs }));
    // It was not probed in time, or the answer is unreadable: unknown.
    if (sent.status !== "sent" || sent.value.kind === "unreadable") return null;
    if (sent.value.kind === "answer" && sent.value.status < 500) return true;
  }
  return false;
};

/** By CDN: whether its canaries see it failing. An unknown one counts as not failing. */
const askCanaries = async (deps: CorroborateDeps, cdns: ReadonlySet<string>, untilMs: number): Promise<ReadonlyMap<string, number>> => {
  const connections = deps.connections ?? createConnections(deps.clock);
  const asked = await Promise.all(
    deps.canaries
      .filter(({ cdn }) => cdns.has(cdn))
      .map(async ({ cdn, url }) => ({
        cdn,
        answered: await answers(deps, connections, url, untilMs),
      })),
  );
  const failing = [...Map.groupBy(asked, ({ cdn }) => cdn)].filter(([, own]) =>
    canariesSeeIt(own.map(({ answered }) => answered !== false)),
  );
  return new Map(failing.map(([cdn, own]) => [cdn, own.length]));
};

/** The evidence of a sighting: how many saw it, and never who. */
const sighting = (
  deps: CorroborateDeps,
  storm: WatchedStorm,
  canaries: number,
  onCdn: readonly SeenDomain[],
  nowMs: number,
): Sighting | null => {
  const creditedUntilMs = creditedAfter(storm, nowMs);
  if (creditedUntilMs === null) return null;
  const sighted = countWitnesses(onCdn, { customerId: storm.customerId, sites: storm.names.map(siteOf), targets: storm.targets });
  const others = othersSeeIt(sighted, deps.minWitnesses);
  if (canaries === 0 && !others) return null;
  const body = canonicalJson({
    decided_at: isoTime(nowMs),
    credit: "earned",
    credit_reason: "corroborated",
    credited_until: isoTime(creditedUntilMs),
    cdn: storm.cdn,
    canaries_failing: canaries,
    other_customers: others ? { failing: sighted.failing, seen: sighted.seen } : null,
  });
  return { stormId: storm.stormId, creditedUntilMs, body };
};

/**
 * Looks for witnesses of storms that need one (`CREDIT_RULE=corroborated`): the operator's canaries behind the CDN that the storm's
 * service names, and other customers on it, by the existing samples. Without such a storm nothing is probed.
 */
export const corroborate = async (deps: CorroborateDeps, fence: Fence): Promise<JobReport> => {
  const { corroboration, clock } = deps;
  const storms = await corroboration.watched(clock.nowMs());
  const due = storms.filter((storm) => creditedAfter(storm, clock.nowMs()) !== null);
  if (due.length === 0) return { storms: storms.length, corroborated: 0 };
  const cdns = new Set(due.map(({ cdn }) => cdn));
  const [canaries, seen] = await Promise.all([
    askCanaries(deps, cdns, clock.nowMs() + runMs),
    corroboration.seen([...cdns], clock.nowMs(), deps.settledMs),
  ]);
  const byCdn = Map.groupBy(
    seen.map((one) => ({ ...one, site: siteOf(one.name) })),
    ({ cdn }) => cdn,
  );
  const nowMs = clock.nowMs();
  const sightings = due.flatMap((storm) => sighting(deps, storm, canaries.get(storm.cdn) ?? 0, byCdn.get(storm.cdn) ?? [], nowMs) ?? []);
  const byId = new Map(due.map((storm) => [storm.stormId, storm]));
  const proven = await Promise.all(
    sightings.map(async (one): Promise<Sighting> => {
      const storm = byId.get(one.stormId);
      const proof = storm && (await signCredit(deps.evidenceSigner ?? null, storm, one.body));
      return proof === undefined ? one : { ...one, proof };
    }),
  );
  const corroborated = proven.length === 0 ? 0 : await corroboration.save(fence, proven);
  return { storms: storms.length, corroborated };
};
