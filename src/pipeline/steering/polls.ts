import type { ChangeStatus } from "../../adapters/ports/steering/dns.ts";
import type { PolledChange, RoundOutcomes, SettledChange } from "../../adapters/ports/detection/round.ts";
import type { Poll } from "../../adapters/ports/detection/round-view.ts";
import { nextCheckDelayMs } from "../../domain/steering/polling.ts";
import type { Standings } from "./accounts.ts";
import type { DnsNews } from "./reading.ts";
import { accountOfChange } from "./dns-by-customer.ts";

const isRefusal = (status: ChangeStatus | undefined): status is Extract<ChangeStatus, object> => typeof status === "object";

/** Jitters the next checks of simultaneous changes; ids are hashed, as they are no numbers. */
const seedOf = (changeId: string): number => changeId.split("").reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 1_000_003, 7);

/**
 * The results of polled changes. A pending or unanswered one is polled again later; an
 * account that refuses GetChange is not polled for any of its changes for a while.
 */
export const pollOutcomes = (
  polls: readonly Poll[],
  news: DnsNews,
  standings: Standings,
  nowMs: number,
): Pick<RoundOutcomes, "settled" | "polled"> => {
  const checks = new Map(polls.map((poll) => [poll.changeId, poll.checks]));
  for (const [key, ids] of Map.groupBy(news.asked, accountOfChange)) {
    const statuses = ids.flatMap((id) => news.statuses.get(id) ?? []);
    const answered = statuses.some((status) => !isRefusal(status));
    const refusal = statuses.find(isRefusal);
    if (answered) standings.polled(key, null);
    else if (refusal !== undefined) standings.polled(key, refusal.refused);
  }
  const settled: SettledChange[] = [];
  const polled: PolledChange[] = [];
  for (const changeId of news.asked) {
    const status = news.statuses.get(changeId);
    if (status === "insync") settled.push({ changeId, result: "insync", error: null });
    else if (status === "unknown") settled.push({ changeId, result: "unconfirmed", error: null });
    else polled.push({ changeId, nextCheckAtMs: nowMs + nextCheckDelayMs((checks.get(changeId) ?? 0) + 1, seedOf(changeId)) });
  }
  return { settled, polled };
};
