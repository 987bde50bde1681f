import type { Violation } from "./judge.ts";
import type { ProviderName, Span } from "./plan.ts";
import { overlaps, providers } from "./plan.ts";
import type { Played } from "./world.ts";

/** How long the client waits for a database that is silent: what was asked at the last moment is given up so long after. */
const silentMs = 15_000;
/** Until it is asked again. */
const againMs = 1_000;

const firstFrom = (calls: readonly number[], fromMs: number): number => calls.find((atMs) => atMs >= fromMs) ?? Number.POSITIVE_INFINITY;

/** A run lasts a minute, and another one where its successor is late. */
const runMs = 120_000;

/**
 * When a provider could not probe, or could not keep what it saw: while it was dark and until its cron came again, while its cron
 * did not come for longer than a run may last, and while the database was away. Nothing else is an excuse: no cron that is less
 * late, no clock that is off, no other number of shards.
 */
export const unableSpans = ({ plan, calls }: Pick<Played, "plan" | "calls">, provider: ProviderName): readonly Span[] => {
  const own = calls.get(provider) ?? [];
  return [
    { fromMs: plan.fromMs, toMs: firstFrom(own, plan.fromMs) },
    ...own.flatMap((atMs, index): Span[] => {
      const nextMs = own[index + 1] ?? atMs;
      return nextMs - atMs > runMs ? [{ fromMs: atMs + runMs, toMs: nextMs + 1 }] : [];
    }),
    ...plan.faults.flatMap((fault): Span[] => {
      const { fromMs, toMs } = fault;
      if (fault.kind === "dark" && fault.provider === provider) return [{ fromMs, toMs: firstFrom(own, toMs) + 1 }];
      if (fault.kind === "db_away") return [{ fromMs, toMs: toMs + (fault.how === "silent" ? silentMs : 0) + againMs }];
      return [];
    }),
  ];
};

/** The slots that are judged: not the last minutes, in which no cron comes any more. */
export const slotsOf = ({ plan }: Pick<Played, "plan">): readonly Span[] => {
  const { fromMs, toMs, intervalMs } = plan;
  const count = Math.floor((toMs - 180_000 - fromMs) / intervalMs);
  return Array.from({ length: count }, (_, index) => ({ fromMs: fromMs + index * intervalMs, toMs: fromMs + (index + 1) * intervalMs }));
};

/** Every slot has a sample of every path from every provider that could probe in it. */
export const judgeSlots = async (played: Played): Promise<{ readonly violations: readonly Violation[]; readonly samples: number }> => {
  const rows = await played.sql<{ vantage: string; at: number; paths: number; samples: number }>(
    `select vantage, (extract(epoch from round_at) * 1000)::bigint as at, count(*) filter (where attempt = 0) as paths, count(*) as samples
     from probe_samples group by 1, 2`,
  );
  const found = new Map(rows.map(({ vantage, at, paths }) => [`${vantage} ${at}`, paths]));
  const expected = 2 * played.plan.services.reduce((sum, { domains }) => sum + domains.length, 0);
  const violations = providers.flatMap((provider) => {
    const unable = unableSpans(played, provider);
    return slotsOf(played).flatMap((slot): Violation[] => {
      const paths = found.get(`${provider} ${slot.fromMs}`) ?? 0;
      if (paths === expected || unable.some((span) => overlaps(span, slot))) return [];
      return [{ law: "slots", atMs: slot.fromMs, what: `${provider} has ${paths} of ${expected} paths` }];
    });
  });
  return { violations, samples: rows.reduce((sum, { samples }) => sum + samples, 0) };
};
