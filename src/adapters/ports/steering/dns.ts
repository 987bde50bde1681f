import type { AnsweringRecord, Health } from "../../../domain/steering/dns-answers.ts";
import type { Budget } from "../platform/budget.ts";

/** One record set of a weighted pair exactly as Route 53 holds it, so that a DELETE can name it to the letter. */
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

/** A record set of a steered name beside its pair, to the letter where it is routed by weight: it may be steered with the pair. */
export type Neighbour = Omit<AnsweringRecord, "alias"> & {
  readonly ttl?: number;
  readonly alias?: { readonly dnsName: string; readonly evaluateTargetHealth: boolean; readonly hostedZoneId?: string };
  /** A traffic policy owns it: nobody may change it by itself. */
  readonly owned?: true;
};

/** What beside the weights of a pair decides what Route 53 answers for its name, or could. */
export type Surroundings = {
  /** Record sets of the types by which visitors find a CDN that are not half of a steered pair. */
  readonly neighbours: readonly Neighbour[];
  /** Of every health check and every evaluated alias target of the name. */
  readonly health: Health;
  /** Health checks that records of the pair name and that are gone: a record that names one cannot be written. */
  readonly dangling: readonly string[];
  /** Types that are not steered, and why, with what to do. */
  readonly leftBehind: readonly string[];
  /** Zones of the account that could be taken for the one that serves the name, and are not. */
  readonly otherZones: readonly string[];
};

/**
 * The live pair of a name; several types of one name move together (semantics §7), a type that is not a whole pair stays behind.
 * `surroundings` is absent where there is nothing but the pair.
 */
export type PairReading =
  | { readonly status: "found"; readonly zoneId: string; readonly records: readonly WeightedRecord[]; readonly surroundings?: Surroundings }
  | { readonly status: "unprovisioned"; readonly zoneId: string | null; readonly detail: string }
  | { readonly status: "error"; readonly detail: string; readonly retryable: boolean };

/** A compare-and-set: `records` is what was read, and fails as `stale` when it is no longer so. */
export type WeightChange = {
  readonly domain: string;
  readonly zoneId: string;
  readonly records: readonly WeightedRecord[];
  readonly to: Weights;
  /** Other weighted records of the name that are changed with the pair or not at all, each as it was read, and its new weight. */
  readonly members?: readonly { readonly record: WeightedRecord; readonly weight: number }[];
  /**
   * Whether a health check that is gone may be left out of the records: they cannot be written with it, and this switch cannot
   * wait for somebody to mend them.
   */
  readonly mayDropChecks?: boolean;
};

/**
 * `effect` says what is known of a change that failed: `none`, it was refused; `unsent`, it never left; `unknown`, its answer
 * was lost and it may have been made. Left out: `unknown` where it is retryable, else `none`. `refusedJointly`: the credentials
 * may not change it together with others of its zone, only apart from them, which costs requests when it matters most.
 */
export type WeightChangeResult =
  | {
      readonly domain: string;
      readonly status: "accepted";
      readonly changeId: string;
      readonly acceptedAtMs: number;
      /** Health checks that were gone and that the records do not name any more. */
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
 * Whether a submitted change is on all of Route 53's servers. `unknown`: the provider no longer knows the id; `refused`: it
 * does not let these credentials ask, and says why.
 */
export type ChangeStatus = "pending" | "insync" | "unknown" | { readonly refused: string };

/** What a request came to; `unanswered`: whether it took effect is not known. */
export type CallResult = "ok" | "throttled" | "refused" | "unanswered";

/** Leave to make one request. */
export type Pass = {
  /** Called once, when it is over. @param result `unsent`: it came to nothing. @param detail what the operator should read of a failure */
  leave(result: CallResult | "unsent", detail: string | null): void;
};

/** Guards an account against being asked while it does not answer. */
export interface Gate {
  /**
   * Asked before a request, and may take a moment: while one request tries a paused account, the others wait for it.
   * @returns why the account is not asked now, where it is not
   */
  enter(untilMs: number): Promise<Pass | { readonly refusal: string }>;
}

/** What a call to a DNS account may cost. */
export type DnsBudget = Budget & { readonly gate: Gate };

/** The DNS provider behind steering. One failing name or zone never hinders the others. */
export interface Dns {
  readonly provider: "route53" | "log";
  /**
   * Reads the weighted pairs of many names; those for which there was no time are left out. Never throws.
   * @param zoneIds the zones in which names were found before: they count until they are disproven, and where the account's
   *   zones cannot be listed
   */
  read(domains: readonly string[], budget: DnsBudget, zoneIds?: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, PairReading>>;
  /**
   * Applies changes batched per zone; one result per change, in the order given. Never throws. What is not begun by the end
   * of its budget is not begun at all: whoever takes over relies on it.
   */
  apply(changes: readonly WeightChange[], budget: DnsBudget): Promise<readonly WeightChangeResult[]>;
  /** Asks after submitted changes; ids that could not be asked now are left out. Never throws. */
  status(changeIds: readonly string[], budget: DnsBudget): Promise<ReadonlyMap<string, ChangeStatus>>;
}
