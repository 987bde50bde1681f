import type { Violation } from "./judge.ts";
import { slotsOf, unableSpans } from "./judge-slots.ts";
import type { Span } from "./plan.ts";
import { overlaps, providers } from "./plan.ts";
import type { Played } from "./world.ts";

/** The last good samples of a provider that is gone speak against a storm for so long (semantics §4). */
const silentAfterMs = 60_000;
/** Rounds after the one in which an outage begins. */
const allowedRounds = 2;

/** When not both providers could see an outage, or none of them could act on it. */
const blunted = (played: Played): readonly Span[] => {
  const { plan } = played;
  return [
    ...providers.flatMap((provider) =>
      unableSpans(played, provider).map((span) => {
        const isDark = plan.faults.some((fault) => fault.kind === "dark" && fault.fromMs === span.fromMs);
        // One that is gone is not waited for any longer, once it counts as silent and its lease has lapsed.
        return isDark
          ? { fromMs: span.fromMs, toMs: Math.min(span.toMs, span.fromMs + Math.max(silentAfterMs, plan.ttlMs) + 2_000) }
          : span;
      }),
    ),
    // Its first round after it was away begins in the middle of a slot, and the next is whole.
    ...plan.faults.flatMap((fault) => (fault.kind === "dark" ? [{ fromMs: fault.toMs, toMs: fault.toMs + 1 }] : [])),
  ];
};

const union = (spans: readonly Span[]): readonly Span[] =>
  spans
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .reduce<Span[]>((all, span) => {
      const last = all.at(-1);
      if (last !== undefined && span.fromMs <= last.toMs)
        all[all.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
      else all.push(span);
      return all;
    }, []);

type Storm = { readonly service: number; readonly detected: number; readonly ended: number | null };

/** Of every outage of a primary that lasts: a storm is there two good rounds after the one in which it began, at the latest. */
export const judgeStorms = async (
  played: Played,
): Promise<{
  readonly violations: readonly Violation[];
  readonly storms: number;
  readonly judged: number;
  readonly worstDelayRounds: number;
}> => {
  const { plan, internet } = played;
  const storms = await played.sql<Storm>(
    `select service_id as service, (extract(epoch from detected_at) * 1000)::bigint as detected, (extract(epoch from ended_at) * 1000)::bigint as ended
     from storm_events order by detected_at`,
  );
  const bad = blunted(played);
  const good = slotsOf(played).filter((slot) => !bad.some((span) => overlaps(span, slot)));
  const slotOf = (ms: number): number => Math.floor(ms / plan.intervalMs) * plan.intervalMs;
  const violations: Violation[] = [];
  let [judged, worstDelayRounds] = [0, 0];
  for (const [index, service] of plan.services.entries()) {
    const own = storms.filter((storm) => storm.service === index + 1);
    for (const down of union(service.domains.flatMap(({ primary }) => internet.downtimes(primary)))) {
      const rounds = good.filter(({ fromMs }) => fromMs > slotOf(down.fromMs));
      const last = rounds[allowedRounds - 1];
      if (last === undefined || last.toMs > down.toMs) continue;
      judged += 1;
      const storm = own.find(({ detected, ended }) => detected < last.toMs && (ended === null || ended > down.fromMs));
      if (storm !== undefined) {
        worstDelayRounds = Math.max(worstDelayRounds, rounds.filter(({ fromMs }) => fromMs <= slotOf(storm.detected)).length);
        continue;
      }
      const late = own.find(({ detected }) => detected >= down.fromMs);
      const delay = late === undefined ? null : rounds.filter(({ fromMs }) => fromMs <= slotOf(late.detected)).length;
      worstDelayRounds = Math.max(worstDelayRounds, delay ?? 0);
      violations.push({
        law: "storms",
        atMs: down.fromMs,
        what: `service ${index + 1} is down for ${(down.toMs - down.fromMs) / 1_000} s, its storm ${delay === null ? "never came" : `came after ${delay} rounds`}`,
      });
    }
  }
  return { violations, storms: storms.length, judged, worstDelayRounds };
};
