import type { AnsweringRecord, Health } from "../../../domain/steering/dns-answers.ts";
import type { Budget } from "../platform/budget.ts";

/** One record set of a weighted pair exactly as Route 53 holds it, so that a DELETE can name it verbatim. */
export type WeightedRecord = {
  /** Unescaped, lower-case, without the trailing dot. */
  readonly name: string;
  readonly type: string;
  /** As stored: `primary` or `backup` in any case. */
  readonly setIdentifier: string;
  /** 0..255 */
  readonly weight: number;
  /** Seconds; absent on alias records. */
  readonly ttl?: number;
  readonly values?: readonly string[];
  readonly alias?: { readonly hostedZoneId: string; readonly dnsName: string; readonly evaluateTargetHealth: boolean };
  readonly healthCheckId?: string;
};

export type Weights = { readonly primary: number; readonly backup: number };

/** A record set of a steered name besides its pair, verbatim where it is routed by weight: it may be steered with the pair. */
export type Neighbour = Omit<AnsweringRecord, "alias"> & {
  readonly ttl?: number;
  readonly alias?: { readonly dnsName: string; readonly evaluateTargetHealth: boolean; readonly hostedZoneId?: string };
  /** A traffic policy owns it: it can not be changed by itself. */
  readonly owned?: true;
};

/** What besides the weights of a pair decides what Route 53 answers for its name, or could. */
export type Surroundings = {
  /** Record sets, of types that lead visitors to a CDN, that are not half of a steered pair. */
  readonly neighbours: readonly Neighbour[];
  /** Of every health check and every evaluated alias target of the name. */
  readonly health: Health;
  /** Deleted health checks that records of the pair reference: a record with such a reference cannot be written. */
  readonly dangling: readonly string[];
  /** Types that are not steered, and why, with what to do. */
  readonly leftBehind: readonly string[];
  /** Zones of the account that could be mistaken for the one that serves the name. */
  readonly otherZones: readonly string[];
};

/**
 * The live pair of a name; several types of one name move together (semantics §7), a type without a whole pair is not moved.
 * `surroundings` is absent where there is nothing but the pair.
 */
export type PairReading =
  | { readonly status: "found"; readonly zoneId: string; readonly records: readonly WeightedRecord[]; readonly surroundings?: Surroundings }
  | { readonly status: "unprovisioned"; readonly zoneId: string | null; readonly detail: string }
  | { readonly status: "error"; readonly detail: string; readonly retryable: boolean };

/** A compare-and-set: `records` is what was read; it fails as `stale` where the live records differ. */
export type WeightChange = {
  readonly domain: string;
  readonly zoneId: string;
  readonly records: readonly WeightedRecord[];
  readonly to: Weights;
  /** Other weighted records of the name, changed atomically with the pair: each as it was read, and its new weight. */
  readonly members?: readonly { readonly record: WeightedRecord; readonly weight: number }[];
  /**
   * Whether a deleted health check may be dropped from the records: they cannot be written with it, and this switch cannot
   * wait for somebody to fix them.
   */
  readonly mayDropChecks?: boolean;
};

/**
 * `effect` of a failed change: `none`, it was refused; `unsent`, it was never sent; `unknown`, its answer
 * was lost and it may have been made. Absent: `unknown` where it is retryable, else `none`. `refusedJointly`: the credentials
 * may not change it together with others of its zone, only separately, which costs requests when it matters most.
 */
export type WeightChangeResult =
  | {
      readonly domain: string;
      readonly status: "accepted";
      readonly changeId: string;
      readonly acceptedAtMs: number;
      /** Deleted health checks that were dropped from the records. */
      readonly droppedChecks?: readonly string[];
      readonly refusedJointly?: string;
    }
  | { readonly domain: string; readonly status: "stale"; readonly detail: string }
  | {
      readonly domain: string;
      readonly status: "failed";
      readonly detail: string;
      readonly retryable: boolean;
      readonly effect?: "none" | "unsent" | "unknown";
    };

/**
 * Whether a submitted change is on all of Route 53's servers. `unknown`: the provider no longer knows the id; `refused`: these
 * credentials may not call GetChange, with the reason.
 */
export type ChangeStatus = "pending" | "insync" | "unknown" | { readonly refused: string };

/** The result of a request; `unanswered`: whether it took effect is unknown. */
export type CallResult = "ok" | "throttled" | "refused" | "unanswered";

/** Permission for one request. */
export type Pass = {
  /** Called once, when it is over. @param result `unsent`: it was not sent. @param detail describes a failure for the operator */
  leave(result: CallResult | "unsent", detail: string | null): void;
};

/** The circuit breaker of an account that does not answer. */
export interface Gate {
  /**
   * Called before a request, and may take a moment: while one request probes a paused account, the others wait for it.
   * @returns why the request is not permitted now, where it is not
   */
  enter(untilMs: number): Promise<Pass | { readonly refusal: string }>;
}

/** The budget of a call to a DNS account. */
export type DnsBudget = Budget & { readonly gate: Gate };

/** The DNS provider behind steering. Failures are isolated by name and zone. */
export interface Dns {
  readonly provider: "route53" | "log";
  /**
   * Reads the weighted pairs of many names; those for which there was no time are absent. Never throws.
   * @param zoneIds the zones in which names were found before: used until disproven, and where the account's
   *   zones cannot be listed
   */
  read(domains: readonly string[], budget: DnsBudget, zoneIds?: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, PairReading>>;
  /**
   * Applies changes batched per zone; one result per change, in the order given. Never throws. What is not begun by the end
   * of its budget is never begun: a takeover relies on it.
   */
  apply(changes: readonly WeightChange[], budget: DnsBudget): Promise<readonly WeightChangeResult[]>;
  /** Polls submitted changes; ids that could not be polled now are absent. Never throws. */
  status(changeIds: readonly string[], budget: DnsBudget): Promise<ReadonlyMap<string, ChangeStatus>>;
}
