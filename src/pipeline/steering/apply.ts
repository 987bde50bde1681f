import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { WeightChange, WeightChangeResult } from "../../adapters/ports/steering/dns.ts";
import type {
  FailedSwitch,
  Intent,
  IntentOutcome,
  RoundDecisions,
  RoundOutcomes,
  StoredIntent,
} from "../../adapters/ports/detection/round.ts";
import type { DomainRouting, RoundDomain, ShardView } from "../../adapters/ports/detection/round-view.ts";
import { isUrgent, retryDelayMs } from "../../domain/steering/attempts.ts";
import type { DnsAccount, DnsAccounts } from "./accounts.ts";
import { groupAfter, memberChanges, surroundingsAfter } from "./members.ts";
import { patiently } from "../with-timeout.ts";
import { movedAt, withoutChecks, withWeights } from "./live-records.ts";
import type { Connections } from "../connection-slots.ts";

/** How long a call is awaited beyond its deadline before it is abandoned. */
const graceMs = 500;

/** A switch to be made, with its context. */
type Ready = {
  readonly intent: Intent;
  readonly stored: StoredIntent;
  readonly domain: RoundDomain;
  readonly routing: DomainRouting;
  readonly change: WeightChange;
};

/** The outcomes of a round's switches, with their names. `thrown`: an account's unexpected exception. */
export type Applied = Pick<RoundOutcomes, "intents" | "domains" | "failures" | "dropped"> & {
  readonly names: readonly string[];
  readonly thrown: readonly unknown[];
};

/** The intents that were stored and can be sent: one without a row lost its lease on the way. The urgent ones come first. */
const readyOf = (view: ShardView, decisions: RoundDecisions, stored: ReadonlyMap<number, StoredIntent>): readonly Ready[] => {
  const fresh = new Map(decisions.domains.map((routing) => [routing.domainId, routing]));
  const domains = new Map(view.services.flatMap((service) => service.domains.map((domain) => [domain.domainId, domain])));
  const ready = decisions.intents.flatMap((intent): Ready[] => {
    const domain = domains.get(intent.domainId);
    const routing = fresh.get(intent.domainId) ?? domain?.routing;
    const row = stored.get(intent.domainId);
    if (
      intent.result !== "intent" ||
      row === undefined ||
      domain === undefined ||
      routing == null ||
      routing.records === null ||
      routing.zoneId === null
    )
      return [];
    // Nor may failback of what tranche itself has moved depend on a health check that somebody deleted meanwhile.
    const mayDropChecks = isUrgent(intent.reason) || routing.movedAtMs !== null;
    const members = memberChanges(routing, intent.members ?? []);
    const change = {
      domain: domain.name,
      zoneId: routing.zoneId,
      records: routing.records,
      to: intent.to,
      ...(members.length > 0 && { members }),
      ...(mayDropChecks && { mayDropChecks }),
    };
    return [{ intent, stored: row, domain, routing, change }];
  });
  return ready.toSorted((a, b) => Number(isUrgent(b.intent.reason)) - Number(isUrgent(a.intent.reason)));
};

/** The effect of a failed switch: certainly none, or unknown as its answer was lost. */
const effectOf = (result: Extract<WeightChangeResult, { status: "failed" }>) => result.effect ?? (result.retryable ? "unknown" : "none");

/**
 * A stale record or a lost answer leaves the outcome open: the next reading shows it. An attempt
 * that certainly had no effect does not settle an earlier one without an answer.
 */
const outcomeOf = ({ intent, stored, domain }: Ready, result: WeightChangeResult, nowMs: number): IntentOutcome => {
  const changeRowId = stored.id;
  if (result.status === "accepted") {
    return {
      changeRowId,
      result: "accepted",
      changeId: result.changeId,
      acceptedAtMs: result.acceptedAtMs,
      error: null,
      nextAttemptAtMs: null,
      doubtfulSinceMs: null,
    };
  }
  const failed = { changeRowId, changeId: null, acceptedAtMs: null, error: result.detail, doubtfulSinceMs: null };
  // Changed records are read first, and are another switch then.
  if (result.status === "stale") return { ...failed, result: "intent", nextAttemptAtMs: null };
  const effect = effectOf(result);
  const nextAttemptAtMs = effect === "unsent" ? null : nowMs + retryDelayMs(stored.attempts, intent.reason, domain.domainId);
  if (effect === "unknown") return { ...failed, result: "intent", nextAttemptAtMs };
  const { doubtfulSinceMs } = stored;
  return { ...failed, result: doubtfulSinceMs === null ? "failed" : "intent", nextAttemptAtMs, doubtfulSinceMs };
};

const failureOf = ({ domain: { domainId } }: Ready, result: WeightChangeResult): readonly FailedSwitch[] =>
  result.status === "accepted"
    ? []
    : [{ domainId, lastError: result.detail, again: result.status === "stale" || effectOf(result) === "unknown" }];

const afterSwitch = ({ routing, intent, domain }: Ready, acceptedAtMs: number, droppedChecks: readonly string[]): DomainRouting => {
  const after: DomainRouting = {
    ...routing,
    ...surroundingsAfter(routing, intent.members),
    // The change was accepted as a comparison with the records: they are known as of then. One marked to be read again stays so.
    readAtMs: routing.readAtMs === null ? null : Math.max(routing.readAtMs, acceptedAtMs),
    records: withoutChecks(withWeights(routing.records ?? [], intent.to), droppedChecks),
    movedAtMs: movedAt(routing.movedAtMs, intent.to, domain.normal, acceptedAtMs),
    lastError: null,
  };
  return { ...after, group: groupAfter(after, intent.to, domain) };
};

/**
 * Makes the switches whose intents are stored, each account by itself. What has no answer by then is left in doubt:
 * the records will show the outcome.
 * @param untilMs when the round continues
 */
export const applyIntents = async (
  deps: { readonly clock: Clock; readonly connections: Connections },
  accounts: DnsAccounts,
  view: ShardView,
  decisions: RoundDecisions,
  stored: ReadonlyMap<number, StoredIntent>,
  untilMs: number,
): Promise<Applied> => {
  const { clock, connections } = deps;
  const thrown: unknown[] = [];

  const applyTo = async (account: DnsAccount, own: readonly Ready[]): Promise<readonly (readonly [Ready, WeightChangeResult])[]> => {
    const purpose = own.some(({ intent }) => isUrgent(intent.reason)) ? "urgent" : "change";
    const work = account.dns
      .apply(
        own.map(({ change }) => change),
        account.budget(untilMs, purpose),
      )
      .catch((error: unknown) => {
        thrown.push(error);
        return [];
      });
    const results = await patiently(clock, work, untilMs + graceMs - clock.nowMs(), null);
    if (results === null) {
      connections.abandon("dns");
      account.fellSilent();
    }
    const lost = (domain: string) =>
      ({ domain, status: "failed", detail: "no answer in time", retryable: true, effect: "unknown" }) as const;
    return own.map((one, at) => [one, results?.[at] ?? lost(one.domain.name)]);
  };

  const ready = readyOf(view, decisions, stored);
  const byAccount = [...Map.groupBy(ready, ({ domain }) => accounts.ofName(domain.name))];
  const settled = (await Promise.all(byAccount.map(async ([account, own]) => await applyTo(account, own)))).flat();
  const nowMs = clock.nowMs();
  return {
    intents: settled.map(([one, result]) => outcomeOf(one, result, nowMs)),
    domains: settled.flatMap(([one, result]) =>
      result.status !== "accepted"
        ? []
        : [
            {
              domainId: one.domain.domainId,
              serviceId: one.intent.serviceId,
              ...afterSwitch(one, result.acceptedAtMs, result.droppedChecks ?? []),
            },
          ],
    ),
    dropped: settled.flatMap(([one, result]) =>
      result.status === "accepted" && result.droppedChecks !== undefined
        ? [{ domainId: one.domain.domainId, checks: result.droppedChecks }]
        : [],
    ),
    failures: settled.flatMap(([one, result]) => failureOf(one, result)),
    names: ready.map(({ domain }) => domain.name),
    thrown,
  };
};
