import type { Breaker, BreakerKind, BreakerState } from "../../../domain/platform/breaker.ts";

/** One outside service, called in the name of one account. */
export type BreakerScope = {
  readonly kind: BreakerKind;
  /** Null: the operator's. */
  readonly customerId: number | null;
  /** Of `cdn_accounts` (`cdn`) or `cost_accounts` (`s3`, `ec2`); null: it is the operator's. */
  readonly accountId: number | null;
  /** Of the operator's accounts of one kind, which; absent: there is but one. */
  readonly which?: string;
};

/** A breaker's key: `cdn:12`, `cdn:cloudflare`, `archive`. */
export const breakerName = ({ kind, accountId, which }: BreakerScope): string => {
  const own = accountId ?? which;
  return own === undefined ? kind : `${kind}:${own}`;
};

/** How a call ended. `nothing`: it says nothing of the service, as one that was not sent. `detail`: in plain words, without secrets. */
export type BreakerOutcome =
  | { readonly result: "answered" | "nothing" }
  | { readonly result: "failed"; readonly waitedMs: number; readonly detail: string };

/** Permission for one call. */
export type BreakerPass = {
  /** Called once, when it is over. */
  leave(outcome: BreakerOutcome): void;
};

/** The way to one service, as its breaker has it. */
export interface BreakerLine {
  /**
   * Called before each request, and may take a moment: while one call of a job tries again, its others wait for that.
   * @returns why none is permitted now, and until when (epoch milliseconds), where it is not
   */
  enter(): Promise<BreakerPass | { readonly refusal: string; readonly untilMs: number }>;
}

/** Circuit breakers of outside services, shared by all invocations. */
export interface Breakers {
  line(scope: BreakerScope): BreakerLine;
  /**
   * Reads all breakers of these kinds, in one statement, claims the trial of those that are due, runs the work, and stores what that showed,
   * in one statement, if it showed anything. Where the database does not answer, the work goes on.
   * @param freshMs what was read so lately is not read again
   * @throws what the work throws, and nothing else
   */
  during<T>(kinds: readonly BreakerKind[], work: () => Promise<T>, freshMs?: number): Promise<T>;
}

/** What a paused service's call fails with. */
export class PausedError extends Error {
  override readonly name = "PausedError";
  /** From when it may be tried again, epoch milliseconds. */
  readonly untilMs: number;

  constructor(refusal: string, untilMs: number) {
    super(refusal);
    this.untilMs = untilMs;
  }
}

/** A breaker as it is stored. Of a change that is to be stored: `version` is that which it follows. */
export type StoredBreaker = {
  readonly scope: BreakerScope;
  readonly breaker: Breaker;
  readonly lastError: string | null;
  /** Counts its changes; 0: it is not stored yet. */
  readonly version: number;
};

/** Breakers as operators and customers see them. Times are epoch milliseconds. */
export type ShownBreaker = {
  /** `dns`: that of a DNS account, by which no round calls it. */
  readonly kind: BreakerKind | "dns";
  readonly customerId: number | null;
  readonly accountId: number | null;
  /** What its owner calls it, as far as it has a name. */
  readonly account: string | null;
  readonly state: BreakerState;
  /** Strikes since the last answer. */
  readonly failures: number;
  /** Since when it is open; null: it is closed. */
  readonly sinceMs: number | null;
  readonly nextProbeMs: number | null;
  readonly lastError: string | null;
  readonly updatedAtMs: number;
};

/** No claim of a trial lasts longer. Milliseconds. */
export const longestClaimMs = 600_000;

/** Most breakers that are shown at once. */
export const mostShownBreakers = 500;

export interface BreakerStore {
  /**
   * All breakers of these kinds. Those whose trial is due, and nobody else's, are claimed up to a time: whoever dies loses them then.
   * @returns `isClaimed`: by this very call
   */
  take(
    kinds: readonly BreakerKind[],
    nowMs: number,
    claimUntilMs: number,
  ): Promise<readonly (StoredBreaker & { readonly isClaimed: boolean })[]>;
  /** @returns those of these names that are stored */
  find(names: readonly string[]): Promise<readonly StoredBreaker[]>;
  /**
   * Stores each that nobody else has changed since, and whose account is still there, in one statement; the claim to its trial is given up.
   * @returns the names of those that somebody else has changed
   */
  save(changes: readonly StoredBreaker[], nowMs: number): Promise<readonly string[]>;
  /**
   * What fails, or failed lately: open ones first, then by the latest failure.
   * @param customerId of one customer's accounts; null: everybody's, the operator's own included
   */
  list(customerId: number | null, nowMs: number): Promise<readonly ShownBreaker[]>;
}
