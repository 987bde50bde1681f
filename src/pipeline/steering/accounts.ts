import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { Connection } from "../../adapters/ports/platform/budget.ts";
import type { CallResult, Dns, DnsBudget, Gate } from "../../adapters/ports/steering/dns.ts";
import type { DnsStanding } from "../../adapters/ports/detection/round-view.ts";
import { afterCall, closedCircuit, mayBeAsked } from "../../domain/steering/circuit.ts";
import { refusedPollsDelayMs } from "../../domain/steering/polling.ts";
import { patiently } from "../with-timeout.ts";
import { operatorKey, ownDns } from "./dns-by-customer.ts";
import type { Connections, Lane } from "../connection-slots.ts";
import { connectionOf } from "../connection-slots.ts";

/** A DNS account with its circuit state. */
export type DnsAccount<D extends Dns = Dns> = {
  /** The customer that owns it; 0: the operator. */
  readonly id: number;
  readonly dns: D;
  /** The budget of a call to it. */
  readonly budget: (untilMs: number, purpose: Purpose) => DnsBudget;
  /** Whether its latest call was answered: rounds wait only for such an account. */
  readonly isWell: () => boolean;
  /** Whether it may be called now. */
  readonly isAsked: () => boolean;
  /** Reports a call that was abandoned: it did not end at its deadline. */
  readonly fellSilent: () => void;
};

/** The purpose of a call. `urgent`: a change that is not deferred while the account is paused, but probes it. */
export type Purpose = "look" | "change" | "urgent";

/** The lane of each purpose. */
export type Lanes = { readonly look: Lane; readonly change: Lane };

const isWellKnown = ({ strikes }: DnsStanding): boolean => strikes === 0;
const unknown = (customerId: number): DnsStanding => ({
  ...closedCircuit,
  customerId,
  lastError: null,
  lastErrorAtMs: null,
  pollsRefused: 0,
  pollsError: null,
  pollsPausedUntilMs: null,
});

/**
 * The initial time-out of a repeatable query: a silent account holds a connection for
 * no longer. One that has been slow gets the full time, so that slow is not mistaken for silent.
 */
const briefMs = 2_500;

/**
 * The minimum remaining time to begin a call, as a part of its total: after a long wait for a connection
 * it would be cut off, and its account mistaken for silent.
 */
const leastMsOf = (givenMs: number): number => Math.min(1_500, givenMs / 4);

/** The circuit states of the accounts called in this invocation, independent of each other. */
export type Standings = {
  /** Loads the stored states, where nothing newer is known here. */
  readonly adopt: (known: readonly DnsStanding[], keys: readonly number[]) => void;
  readonly account: <D extends Dns>(key: number, dns: D, lanes: Lanes, stop?: AbortSignal) => Omit<DnsAccount<D>, "id">;
  /** Records whether an account permits GetChange. @param refusal why not */
  readonly polled: (key: number, refusal: string | null) => void;
  /** The changes since the last call. */
  readonly takeChanged: () => readonly DnsStanding[];
};

const outcomes = { ok: "answered", refused: "answered", throttled: "throttled", unanswered: "unanswered" } as const;

export const createStandings = (clock: Clock, connections: Connections): Standings => {
  const known = new Map<number, DnsStanding>();
  const changed = new Set<number>();
  /** The call that probes a paused account: the others wait for its result. */
  const trials = new Map<number, PromiseWithResolvers<void>>();
  const of = (key: number): DnsStanding => known.get(key) ?? unknown(key);
  const set = (standing: DnsStanding): void => {
    known.set(standing.customerId, standing);
    changed.add(standing.customerId);
  };

  /** The time-out of a query to an account: short, unless it has been slow. */
  const patience = new Map<number, number>();
  const questionTo =
    (key: number, connection: Connection): Connection =>
    async (times, request) => {
      const answerMs = patience.get(key) ?? briefMs;
      const sent = await connection({ ...times, answerMs: Math.min(times.answerMs, answerMs) }, async (signal) => {
        const beganMs = clock.nowMs();
        // Until it has answered quickly it has the full time.
        patience.set(key, Number.POSITIVE_INFINITY);
        const answer = await request(signal);
        if (clock.nowMs() - beganMs <= briefMs / 2) patience.delete(key);
        return answer;
      });
      return sent;
    };

  const pausedText = ({ lastError }: DnsStanding): string =>
    `the account is left alone for a while after several failures in a row; the last one: ${lastError ?? "no answer"}`;

  const heard = (key: number, result: CallResult, detail: string | null): void => {
    const before = of(key);
    const circuit = afterCall(before, outcomes[result], clock.nowMs(), key);
    if (outcomes[result] !== "answered") set({ ...before, ...circuit, lastError: detail, lastErrorAtMs: clock.nowMs() });
    else if (!isWellKnown(before)) set({ ...before, ...circuit, lastError: null, lastErrorAtMs: null });
  };

  /** @returns false where the probing call takes too long */
  const afterTrial = async (key: number, untilMs: number): Promise<boolean> => {
    for (let trial = trials.get(key); trial !== undefined; trial = trials.get(key)) {
      if (
        !(await patiently(
          clock,
          trial.promise.then(() => true),
          untilMs - clock.nowMs(),
          false,
        ))
      )
        return false;
      // After a failed probing call those that waited for it do not repeat it, however urgent.
      if (mayBeAsked(of(key), false, clock.nowMs()) === "not") return false;
    }
    return true;
  };

  const gateOf = (key: number, urgent: boolean): Gate => ({
    enter: async (untilMs) => {
      const isOver = await afterTrial(key, untilMs);
      const how = isOver ? mayBeAsked(of(key), urgent, clock.nowMs()) : "not";
      if (how === "not") return { refusal: pausedText(of(key)) };
      const trial = how === "once" ? Promise.withResolvers<void>() : null;
      if (trial !== null) trials.set(key, trial);
      return {
        leave: (result, detail) => {
          if (result !== "unsent") heard(key, result, detail);
          if (trial === null) return;
          trials.delete(key);
          trial.resolve();
        },
      };
    },
  });

  return {
    adopt: (rows, keys) => {
      const byKey = new Map(rows.map((row) => [row.customerId, row]));
      for (const key of keys) if (!changed.has(key) && !trials.has(key)) known.set(key, byKey.get(key) ?? unknown(key));
    },
    account: (key, dns, lanes, stop) => ({
      dns,
      budget: (untilMs, purpose) => {
        const isQuestion = purpose === "look";
        const leastMs = leastMsOf(untilMs - clock.nowMs());
        const own = connectionOf(
          connections,
          { lane: isQuestion ? lanes.look : lanes.change, key, suspect: () => !isWellKnown(of(key)) },
          stop,
        );
        const connection: Connection = async (times, request) => await own({ ...times, leastMs }, request);
        return { untilMs, connection: isQuestion ? questionTo(key, connection) : connection, gate: gateOf(key, purpose === "urgent") };
      },
      isWell: () => isWellKnown(of(key)),
      isAsked: () => mayBeAsked(of(key), false, clock.nowMs()) !== "not",
      fellSilent: () => heard(key, "unanswered", "no answer in time"),
    }),
    polled: (key, refusal) => {
      const before = of(key);
      if (refusal === null && before.pollsRefused === 0) return;
      const pollsRefused = refusal === null ? 0 : before.pollsRefused + 1;
      const pollsPausedUntilMs = refusal === null ? null : clock.nowMs() + refusedPollsDelayMs(pollsRefused, key);
      set({ ...before, pollsRefused, pollsError: refusal, pollsPausedUntilMs });
    },
    takeChanged: () => {
      const taken = [...changed].map(of);
      changed.clear();
      return taken;
    },
  };
};

const roundLanes: Lanes = { look: "dns", change: "change" };

/** The accounts of a round: each customer's own, else the operator's. */
export type DnsAccounts = { readonly byKey: (key: number) => DnsAccount; readonly ofName: (name: string) => DnsAccount };

/**
 * @param own customers' own accounts @param owners the verified owner of each name
 * @param stop ends their calls early
 */
export const accountsOf = (
  standings: Standings,
  operator: Dns,
  own: ReadonlyMap<number, Dns>,
  owners: ReadonlyMap<string, number>,
  stop?: AbortSignal,
): DnsAccounts => {
  const accounts = new Map<number, DnsAccount>();
  const byKey = (key: number): DnsAccount => {
    const access = own.get(key);
    // A change may have been made in a removed account: the operator's answers that it does not know it.
    const dns = key === operatorKey ? operator : ownDns(key, access ?? operator);
    const made = accounts.get(key) ?? { id: key, ...standings.account(access === undefined ? operatorKey : key, dns, roundLanes, stop) };
    accounts.set(key, made);
    return made;
  };
  return {
    byKey,
    ofName: (name) => {
      const owner = owners.get(name) ?? operatorKey;
      return byKey(own.has(owner) ? owner : operatorKey);
    },
  };
};
