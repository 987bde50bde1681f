import type { BreakerOutcome, BreakerScope, Breakers, BreakerStore, StoredBreaker } from "../adapters/ports/platform/breakers.ts";
import { breakerName, longestClaimMs } from "../adapters/ports/platform/breakers.ts";
import type { Clock } from "../adapters/ports/platform/clock.ts";
import type { Log } from "../adapters/ports/platform/log.ts";
import type { Breaker, BreakerEvent, BreakerKind } from "../domain/platform/breaker.ts";
import { afterCall, closedBreaker, mayBeCalled } from "../domain/platform/breaker.ts";
import { isoTime } from "../iso-time.ts";
import { patiently } from "./with-timeout.ts";

type Needs = { readonly store: BreakerStore; readonly clock: Clock; readonly log: Log };

/** Nobody waits for the database for longer only because of breakers. */
const patienceMs = 3_000;
/** A claimed trial that is not made by then is somebody else's to make: as long as a run takes, or a request. */
const claimMs: Readonly<Record<BreakerKind, number>> = {
  cdn: longestClaimMs,
  timestamp: 300_000,
  s3: 300_000,
  ec2: 300_000,
  archive: 60_000,
};
/** Nobody waits for a trial that began longer ago: it has a time-out of its own, or its run was cut off. */
const trialMs = 30_000;
/** How often what happened here is put upon what others have stored meanwhile. */
const mostTries = 3;

/** One breaker in the memory of this deployment. */
type Entry = {
  readonly scope: BreakerScope;
  breaker: Breaker;
  lastError: string | null;
  /** Of the stored breaker on which `breaker` is built; 0: none is stored. */
  version: number;
  /** What has changed it since. */
  events: BreakerEvent[];
  /** Until when the next trial is to be made here, and nowhere else; null: it is not. */
  claimedUntilMs: number | null;
  /** The trial that is under way here: settled once that is over. Null: there is none. */
  trial: { readonly over: Promise<void>; readonly end: () => void; readonly startedAtMs: number } | null;
  /** When it was stored: what was asked for before that is older. Counted, not timed. */
  storedAt: number;
};

/** Spreads the pauses of accounts. */
const seedOf = ({ accountId, kind }: BreakerScope): number => (accountId ?? 0) * 7 + kind.length;

const applied = ({ scope }: Entry, breaker: Breaker, event: BreakerEvent): Breaker => afterCall(breaker, event, scope.kind, seedOf(scope));

/** Puts what happened here upon what is stored. */
const rebase = (entry: Entry, { breaker, version, lastError }: Pick<StoredBreaker, "breaker" | "version" | "lastError">): void => {
  entry.version = version;
  entry.lastError = entry.events.some(({ result }) => result === "failed") ? entry.lastError : lastError;
  entry.breaker = entry.events.reduce((now, event) => applied(entry, now, event), breaker);
  // What changes nothing of it any more is not stored: that would take the trial from whoever has claimed it.
  if (entry.breaker === breaker) entry.events = [];
};

const unknown = { breaker: closedBreaker, version: 0, lastError: null } as const;

/**
 * Breakers in memory, over those in the database: read when a run begins, stored when it ends. Nobody here waits for what another request has
 * begun: where a request is cut off, that may never settle (workerd).
 */
export const createBreakers = ({ store, clock, log }: Needs): Breakers => {
  const entries = new Map<string, Entry>();
  const readAtMs = new Map<BreakerKind, number>();
  /** How many runs are under way. */
  const runs = new Map<BreakerKind, number>();
  let counter = 0;

  const entryOf = (scope: BreakerScope): Entry => {
    const name = breakerName(scope);
    const known = entries.get(name);
    if (known !== undefined) return known;
    const entry: Entry = { scope, ...unknown, events: [], claimedUntilMs: null, trial: null, storedAt: 0 };
    entries.set(name, entry);
    return entry;
  };

  const of = (kinds: readonly BreakerKind[]): Entry[] => [...entries.values()].filter(({ scope }) => kinds.includes(scope.kind));

  const load = async (kinds: readonly BreakerKind[], freshMs: number): Promise<void> => {
    const nowMs = clock.nowMs();
    const isFresh = (kind: BreakerKind): boolean => {
      const ageMs = nowMs - (readAtMs.get(kind) ?? Number.NEGATIVE_INFINITY);
      // What was read later than now was read by a clock that has been set back since.
      return ageMs >= 0 && ageMs < freshMs;
    };
    const due = kinds.filter((kind) => !isFresh(kind));
    if (due.length === 0) return;
    // Whoever comes meanwhile goes by what is known.
    for (const kind of due) readAtMs.set(kind, nowMs);
    counter += 1;
    const askedAt = counter;
    const untilMs = nowMs + Math.min(...due.map((kind) => claimMs[kind]));
    const taken = await patiently(clock, store.take(due, nowMs, untilMs), patienceMs, null).catch((error: unknown) => {
      log.warn("breakers_unread", { kinds: due.join(" "), error: error instanceof Error ? error.message : "failed" });
      return null;
    });
    const rows = new Map((taken ?? []).map((row) => [breakerName(row.scope), row]));
    for (const { scope } of rows.values()) entryOf(scope);
    for (const entry of of(due)) {
      if (entry.storedAt > askedAt) continue;
      const row = rows.get(breakerName(entry.scope));
      // Of what the database does not tell the calls go on.
      rebase(entry, row ?? unknown);
      if (row?.isClaimed !== true) continue;
      entry.claimedUntilMs = untilMs;
      entry.trial?.end();
      entry.trial = null;
    }
  };

  /** @returns those of them that somebody else has changed meanwhile, built anew upon that */
  const storeOnce = async (some: readonly Entry[]): Promise<readonly Entry[]> => {
    const sent = some.map((entry) => ({ entry, change: { ...entry }, events: entry.events.length }));
    const lost = new Set(
      await store.save(
        sent.map(({ change: { scope, breaker, lastError, version } }) => ({ scope, breaker, lastError, version })),
        clock.nowMs(),
      ),
    );
    counter += 1;
    const known = new Map((lost.size === 0 ? [] : await store.find([...lost])).map((row) => [breakerName(row.scope), row]));
    const again: Entry[] = [];
    for (const { entry, change, events } of sent) {
      const name = breakerName(entry.scope);
      entry.storedAt = counter;
      if (lost.has(name)) {
        rebase(entry, known.get(name) ?? unknown);
        if (entry.events.length > 0) again.push(entry);
        else entry.claimedUntilMs = null;
        continue;
      }
      entry.events.splice(0, events);
      entry.claimedUntilMs = null;
      rebase(entry, { ...change, version: change.version + 1 });
    }
    return again;
  };

  const storeAll = async (kinds: readonly BreakerKind[]): Promise<void> => {
    const isLast = (kind: BreakerKind): boolean => (runs.get(kind) ?? 0) === 0;
    let changed: readonly Entry[] = of(kinds).filter(
      ({ scope, events, claimedUntilMs, trial }) => events.length > 0 || (claimedUntilMs !== null && trial === null && isLast(scope.kind)),
    );
    try {
      for (let tried = 0; changed.length > 0 && tried < mostTries; tried += 1) {
        const left: readonly Entry[] | null = await patiently(clock, storeOnce(changed), patienceMs, null);
        if (left === null) throw new Error("the database does not answer in time");
        changed = left;
      }
      if (changed.length > 0) throw new Error("others changed them all the time");
    } catch (error) {
      log.warn("breakers_not_stored", { count: changed.length, error: error instanceof Error ? error.message : "failed" });
    }
    // Whatever is not stored by now is forgotten: it is built upon nothing that is known.
    for (const entry of of(kinds)) if (isLast(entry.scope.kind) && entry.trial === null) forget(entry, changed);
  };

  const forget = (entry: Entry, unstored: readonly Entry[]): void => {
    if (unstored.includes(entry) || (entry.version === 0 && entry.events.length === 0)) entries.delete(breakerName(entry.scope));
  };

  const note = (entry: Entry, event: BreakerEvent): void => {
    const next = applied(entry, entry.breaker, event);
    if (next === entry.breaker) return;
    entry.breaker = next;
    entry.events.push(event);
  };

  const count = (kinds: readonly BreakerKind[], by: number): void => {
    for (const kind of kinds) runs.set(kind, (runs.get(kind) ?? 0) + by);
  };

  const startTrial = (entry: Entry): NonNullable<Entry["trial"]> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    entry.trial = { over: promise, end: resolve, startedAtMs: clock.nowMs() };
    return entry.trial;
  };

  const refusal = ({ breaker: { openedAtMs, probeAtMs }, lastError }: Entry, nowMs: number) => {
    const said = lastError === null || lastError === "" ? "" : ` (${lastError})`;
    const untilMs = Math.max(nowMs, probeAtMs ?? nowMs);
    return {
      refusal: `paused, as it has not answered since ${isoTime(openedAtMs ?? nowMs)}${said}; it is tried again at ${isoTime(untilMs)}`,
      untilMs,
    };
  };

  return {
    line: (scope) => ({
      enter: async () => {
        // A job's calls wait for its own trial. What waits with requests is told at once: another request's trial may never settle (workerd).
        const { trial: first } = entryOf(scope);
        const restMs = first === null ? 0 : Math.min(trialMs, first.startedAtMs + trialMs - clock.nowMs());
        if (first !== null && restMs > 0 && scope.kind !== "archive") await patiently(clock, first.over, restMs, null);
        const entry = entryOf(scope);
        const nowMs = clock.nowMs();
        const may = mayBeCalled(entry.breaker, scope.kind, entry.claimedUntilMs, nowMs);
        if (may === "not" || (may === "once" && entry.trial !== null)) return refusal(entry, nowMs);
        const trial = may === "once" ? startTrial(entry) : null;
        const isProbe = trial !== null;
        let isOver = false;
        return {
          leave: (outcome: BreakerOutcome) => {
            if (isOver) return;
            isOver = true;
            if (entry.trial === trial) entry.trial = null;
            trial?.end();
            if (outcome.result === "nothing") return;
            if (isProbe) entry.claimedUntilMs = null;
            if (outcome.result === "failed") entry.lastError = outcome.detail;
            const atMs = clock.nowMs();
            note(
              entry,
              outcome.result === "failed"
                ? { atMs, isProbe, result: "failed", waitedMs: outcome.waitedMs }
                : { atMs, isProbe, result: "answered" },
            );
          },
        };
      },
    }),

    during: async (kinds, work, freshMs = 0) => {
      count(kinds, 1);
      try {
        await load(kinds, freshMs);
        return await work();
      } finally {
        count(kinds, -1);
        await storeAll(kinds);
      }
    },
  };
};
