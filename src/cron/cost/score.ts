import type { ClaimedBatch, ScoringStore } from "../../adapters/ports/cost/scoring.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Log } from "../../adapters/ports/platform/log.ts";
import { AppError } from "../../errors.ts";
import type { JobReport } from "../job.ts";
import type { SoonDeps } from "../soon.ts";
import { createStarter } from "../soon.ts";
import { scoreBatches } from "./score-batches.ts";
import type { Failed } from "./score-hours.ts";
import { scoreCalls, scoreEgress } from "./score-hours.ts";

export type ScoreDeps = {
  readonly scoring: ScoringStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Starts to deliver messages about what was just stored, in the background. Never throws. */
  readonly tell?: () => void;
};

/** A run begins no hours of egress, takes nothing out of the queue, and then begins nothing new at all, after so long; the next one goes on. */
const [egressMs, queueMs, runMs] = [15_000, 30_000, 40_000];
/** Batches of a claim, of a thousand events at most each, and for how long it holds: a run that ended without a word gives them back by it. */
const perClaim = 4;
const holdMs = 90_000;
/** A single event that fails is given up after so many tries. */
const mostTries = 5;
/** Hours of egress, and series of calls, of one transaction. */
const perPage = { egress: 1_200, calls: 500 } as const;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Ever longer, half a minute at first. */
const retryMs = (tries: number): number => 30_000 * 2 ** (tries - 1);

/** A failure of the database is nobody's event's. */
const isOutage = (error: unknown): boolean => error instanceof AppError && error.code === "unavailable";

/** What failed alone is tried again later, at last given up; what failed together is tried by halves, until it is known what it is. */
const putBack = async ({ scoring, log }: ScoreDeps, batch: ClaimedBatch, error: unknown): Promise<void> => {
  if (batch.events.length > 1) return await scoring.split(batch);
  const isDead = batch.tries >= mostTries;
  await scoring.giveBack(batch, messageOf(error), isDead ? null : retryMs(batch.tries));
  if (isDead)
    log.error("cost_event_given_up", error, { batch: batch.id, customerId: batch.customerId, event: batch.events[0]?.id ?? null });
};

/** One batch. @returns whether its events were scored */
const scoreOne = async (deps: ScoreDeps, batch: ClaimedBatch): Promise<boolean> => {
  const { scoring, clock } = deps;
  try {
    // Claimed again and again without an end is a failure whose words are lost.
    if (batch.tries > mostTries) throw new Error("whoever scored it ended without a word, again and again");
    if (await scoreBatches(scoring, [batch], clock.nowMs())) return true;
    await scoring.release(batch);
  } catch (error) {
    if (isOutage(error)) throw error;
    await putBack(deps, batch, error);
  }
  return false;
};

const eventsOf = (batches: readonly ClaimedBatch[]): number => batches.reduce((sum, { events }) => sum + events.length, 0);

/** Customers who had their turn, until all others have: a backlog that came first keeps nobody waiting. */
type Round = { served: ReadonlySet<number> };

const claimNext = async ({ scoring }: ScoreDeps, round: Round): Promise<readonly ClaimedBatch[]> => {
  const batches = await scoring.claim(perClaim, holdMs, [...round.served]);
  const customers = batches.map(({ customerId }) => customerId);
  // Somebody who was served already comes again when nobody else waits.
  const isRoundOver = customers.some((id) => round.served.has(id));
  round.served = new Set(isRoundOver ? customers : [...round.served, ...customers]);
  return batches;
};

/** Claims and scores batches, together where that goes well, else one by one. @returns null: nothing waits */
const scoreClaim = async (deps: ScoreDeps, round: Round): Promise<number | null> => {
  const batches = await claimNext(deps, round);
  if (batches.length === 0) return null;
  const isFresh = batches.every(({ tries }) => tries === 1);
  try {
    if (isFresh && (await scoreBatches(deps.scoring, batches, deps.clock.nowMs()))) return eventsOf(batches);
  } catch (error) {
    if (isOutage(error)) throw error;
  }
  let events = 0;
  for (const batch of batches) if (await scoreOne(deps, batch)) events += batch.events.length;
  return events;
};

/** Repeats a step until nothing is left or the time is up. @returns the sum */
const repeat = async (until: () => boolean, step: () => Promise<number | null>): Promise<number> => {
  let sum = 0;
  while (until()) {
    const done = await step();
    if (done === null) break;
    sum += done;
  }
  return sum;
};

/** Whatever of a run can not be judged: said once a run, as nobody else waits for it. */
const failing = ({ log }: ScoreDeps, what: "egress" | "calls"): Failed => ({
  ids: new Set(),
  note: (error, id, customerId) => log.error("cost_hours_failed", error, { what, id, customerId }),
});

/** Scores what is in the queue, and hours of egress and calls that are over. */
export const scoreCosts = async (deps: ScoreDeps): Promise<JobReport> => {
  const { scoring, clock } = deps;
  const startedAtMs = clock.nowMs();
  const within = (ms: number) => (): boolean => clock.nowMs() - startedAtMs < ms;
  const round: Round = { served: new Set() };
  const failed = { services: failing(deps, "egress"), series: failing(deps, "calls") };
  const egress = await repeat(within(egressMs), () => scoreEgress(scoring, clock.nowMs(), perPage.egress, failed.services));
  const events = await repeat(within(queueMs), () => scoreClaim(deps, round));
  // After the queue, whose calls are counted to these hours; a queue of a million events does not keep them waiting.
  const calls = await repeat(within(runMs), () => scoreCalls(scoring, clock.nowMs(), perPage.calls, failed.series));
  const { woken, ended } = await scoring.upkeep(clock.nowMs());
  if (egress + calls + events + ended > 0) deps.tell?.();
  return { egress, calls, events, woken, ended, failures: failed.services.ids.size + failed.series.ids.size };
};

/** Begins to score what was just stored. @param background keeps the invocation alive */
export const createScorer = (
  deps: () => ScoreDeps & SoonDeps,
  newRunId: () => string,
  background: (work: Promise<unknown>) => void,
): (() => void) =>
  createStarter({ lease: "job:score-costs", work: (own: ScoreDeps & SoonDeps) => scoreCosts(own) }, deps, newRunId, background);
