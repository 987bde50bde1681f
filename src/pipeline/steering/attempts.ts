import type { Intent, RoundDecisions } from "../../adapters/ports/detection/round.ts";
import type { RoundDomain, RoundService } from "../../adapters/ports/detection/round-view.ts";
import { isAttemptAt, isHeldBack, isUrgent } from "../../domain/steering/attempts.ts";
import type { JsonValue } from "../../domain/evidence/canonical-json.ts";
import { canonicalJson } from "../../domain/evidence/canonical-json.ts";
import type { DomainReading } from "./live-records.ts";

const text = (records: unknown): string => canonicalJson((records ?? null) as JsonValue);

/** Failed attempts, compared with the records read in this round: changed ones are retried. */
const attemptsOf = (domain: RoundDomain, reading: DomainReading | undefined): RoundDomain["failedAttempts"] => {
  if (domain.failedAttempts.length === 0 || reading === undefined) return domain.failedAttempts;
  const isSame = text(reading.routing.records) === text(domain.routing?.records);
  return domain.failedAttempts.map((attempt) => ({ ...attempt, sameRecords: attempt.sameRecords && isSame }));
};

/** Keeps the reason of a retry that heals a drift: later rounds would classify it as calm. */
const sameReason = (intent: Intent, attempts: RoundDomain["failedAttempts"]): Intent =>
  !isUrgent(intent.reason) && attempts.some((attempt) => attempt.reason === "drift" && isAttemptAt(attempt, intent, "drift"))
    ? { ...intent, reason: "drift" }
    : intent;

/** The intents that are due; recently failed ones wait. Failed attempts that are no longer wanted are dropped. */
export const dueIntents = (
  services: readonly RoundService[],
  planned: readonly Intent[],
  readings: ReadonlyMap<number, DomainReading>,
  nowMs: number,
): Pick<RoundDecisions, "intents" | "lapsed"> => {
  const failed = services.flatMap(({ domains }) => domains.filter(({ failedAttempts }) => failedAttempts.length > 0));
  const attempts = new Map(failed.map((domain) => [domain.domainId, attemptsOf(domain, readings.get(domain.domainId))]));
  const intents = planned.map((intent) => sameReason(intent, attempts.get(intent.domainId) ?? []));
  const wanted = new Map(intents.map((intent) => [intent.domainId, intent]));
  return {
    intents: intents.filter((intent) => !isHeldBack(attempts.get(intent.domainId) ?? [], intent, intent.reason, nowMs)),
    lapsed: failed.flatMap(({ domainId, failedAttempts }) => {
      const intent = wanted.get(domainId);
      return failedAttempts.flatMap((attempt) => (intent !== undefined && isAttemptAt(attempt, intent, intent.reason) ? [] : [attempt.id]));
    }),
  };
};
