import type { FoundDrift, RoundDecisions } from "../../adapters/ports/detection/round.ts";
import type { RoundService } from "../../adapters/ports/detection/round-view.ts";
import { isFight, isFightOver, maySayOnce } from "../../domain/steering/drift.ts";
import type { Desired, PlannedChange, SteeredDomain } from "../../domain/steering/steering.ts";
import { equalWeights, strayMembers, wantedOf } from "../../domain/steering/steering.ts";
import type { DomainReading } from "./live-records.ts";
import { liveWeights } from "./live-records.ts";

export type DriftDecisions = {
  /** Intents that are made nevertheless. */
  readonly changes: readonly PlannedChange[];
  readonly drifts: readonly FoundDrift[];
  readonly contests: RoundDecisions["contests"];
};

/** Why a drift is not healed; null: it is. */
const leftAlone = (service: RoundService, decision: Desired | null, contested: boolean, kept: boolean, asFound: boolean): string | null => {
  if (decision === null) return "monitor_only";
  if (service.shadow) return "shadow";
  if (kept) return null;
  if (decision.state === "frozen") return decision.reason;
  if (contested) return "contested";
  return asFound ? "as_desired" : "held";
};

/**
 * Handles weights that somebody else changed: recorded, and healed unless that would be a fight.
 * @param decision null: the service is not steered
 * @param domains as they were planned for
 */
export const controlDrift = (
  service: RoundService,
  decision: Desired | null,
  domains: readonly Pick<SteeredDomain, "domainId" | "normal" | "moved" | "foreign" | "group">[],
  planned: readonly PlannedChange[],
  readings: ReadonlyMap<number, DomainReading>,
  nowMs: number,
): DriftDecisions => {
  const judged = service.domains.map((domain) => {
    const { domainId, contestedAtMs, drifts: past } = domain;
    const reading = readings.get(domainId);
    const drift = reading?.drift ?? null;
    const change = planned.find((one) => one.domainId === domainId);
    const own = domains.find((one) => one.domainId === domainId);
    const wanted = decision === null || own === undefined ? null : wantedOf(own, decision.target);
    const expected = wanted?.weights ?? null;
    const membersStand = wanted === null || own === undefined || strayMembers(own, wanted).length === 0;
    const live = liveWeights((reading?.routing ?? domain.routing)?.records ?? null);
    const begins = contestedAtMs === null && drift !== null && change !== undefined && !service.shadow && isFight(drift, past, nowMs);
    const contested = contestedAtMs !== null || begins;
    const once = () =>
      change !== undefined && maySayOnce(change.to, decision?.target.kind === "backup", live, domain.lastSet ?? drift?.previous ?? null);
    const kept = change !== undefined && (!contested || service.shadow || once());
    const standing = expected !== null && membersStand && live.length > 0 && live.every((weights) => equalWeights(weights, expected));
    const ends = contestedAtMs !== null && drift === null && isFightOver(contestedAtMs, past, standing, nowMs);
    const asFound = drift !== null && expected !== null && membersStand && equalWeights(drift.found, expected);
    return {
      changes: kept ? [change] : [],
      drifts:
        drift === null
          ? []
          : [
              {
                ...drift,
                serviceId: service.serviceId,
                domainId,
                expected,
                leftAlone: leftAlone(service, decision, contested, kept, asFound),
              },
            ],
      contests: begins || ends ? [{ domainId, contested: begins }] : [],
    };
  });
  return {
    changes: judged.flatMap(({ changes }) => changes),
    drifts: judged.flatMap(({ drifts }) => drifts),
    contests: judged.flatMap(({ contests }) => contests),
  };
};
