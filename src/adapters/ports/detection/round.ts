import type { CreditGrounds } from "../../../domain/billing/credit.ts";
import type { Member } from "../../../domain/steering/group.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { Drift } from "../../../domain/steering/drift.ts";
import type { Weights } from "../../../domain/steering/steering.ts";
import type { Span } from "../../../domain/slo/visitors.ts";
import type { StormTransition } from "../../../domain/detection/storm.ts";
import type { EvidenceProof } from "../evidence/evidence-signer.ts";
import type { Fence } from "../coordination/lease.ts";
import type { Sighting } from "../coordination/peer.ts";
import type { DnsStanding, DomainRouting, PolicyView, RoundService, Sample, ServiceRouting, ShardView } from "./round-view.ts";

/** `leftOut`: services whose figures could not be read, so nothing is decided for them; `error`: why, of the first. */
export type Evaluation = { readonly policies: readonly PolicyView[]; readonly leftOut: readonly number[]; readonly error?: unknown };

export type StormDecision = {
  readonly policy: PolicyView;
  readonly transition: StormTransition;
  readonly monitorOnly: boolean;
  /** Of a storm that begins; null otherwise. */
  readonly credit: CreditGrounds | null;
  /** The canonical body of the evidence that is recorded with it; absent for what is not recorded. */
  readonly evidence?: string;
  /** Of that body; absent where there is no key. */
  readonly proof?: ChainedProof;
};

/** A signature of what comes behind a record, with that record. */
export type ChainedProof = EvidenceProof & { readonly follows: ChainHead };

/** Which stored samples show a transition: those of a service in (fromMs, untilMs], nearest to `edgeMs` first. */
export type Edge = {
  readonly serviceId: number;
  readonly edgeMs: number;
  /** Those after this were the basis of the decision: they come first. */
  readonly windowFromMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly limit: number;
};

/** A stored sample as shown in evidence. */
export type EdgeSample = Omit<Sample, "serviceId" | "roundAtMs">;

/** A switch to be stored before DNS is called. `result` is `shadow` where nothing will be called. */
export type Intent = {
  readonly serviceId: number;
  readonly domainId: number;
  readonly from: Weights;
  readonly to: Weights;
  /** Other weighted records of the name that it sets as well; absent: none. */
  readonly members?: readonly Member[];
  readonly reason: string;
  readonly actor: string;
  readonly result: "intent" | "shadow";
};

/** A drift with what was wanted when it was found; `leftAlone`: why it is not healed; null: it is. */
export type FoundDrift = Drift & {
  readonly serviceId: number;
  readonly domainId: number;
  readonly expected: Weights | null;
  readonly leftAlone: string | null;
};

/** A domain that is seen healthy for the first time, with its set-up. */
export type SeenHealthy = {
  readonly domainId: number;
  readonly primaryCdn: string;
  readonly primaryTarget: string | null;
  readonly probePath: string | null;
  readonly expectStatus: string;
};

/** A domain whose visitors do not all reach the backup, although its service is to be there. `moved`: whether its weights are. */
export type Unreached = {
  readonly serviceId: number;
  readonly domainId: number;
  readonly name: string;
  readonly reason: string;
  readonly detail: string;
  readonly moved: boolean;
};

/**
 * The spans that follow on a service's present one, ascending; each ends where the next begins, the last one is open.
 * `presentId`: the span that ends where the first of them begins; null: there is none.
 */
export type StateChange = { readonly serviceId: number; readonly presentId: number | null; readonly spans: readonly Span[] };

export type RoundDecisions = {
  readonly storms: readonly StormDecision[];
  readonly healthy: readonly SeenHealthy[];
  readonly services: readonly (ServiceRouting & { readonly serviceId: number })[];
  readonly domains: readonly (DomainRouting & { readonly domainId: number; readonly serviceId: number })[];
  readonly resolved: readonly { readonly id: number; readonly result: "accepted" | "superseded"; readonly proof?: ChainedProof }[];
  readonly intents: readonly Intent[];
  /** Failed attempts, by row id, at switches that are no longer wanted. */
  readonly lapsed: readonly number[];
  readonly drifts: readonly FoundDrift[];
  /** Domains over which a fight began or ended. */
  readonly contests: readonly { readonly domainId: number; readonly contested: boolean }[];
  /** Of services whose visitors get something else now. */
  readonly states: readonly StateChange[];
  /** Domains that are newly in that state; not stored, but logged. */
  readonly unreached: readonly Unreached[];
};

/** The outcome of an accepted change; `unconfirmed`: it was never seen on all servers, and can no longer be. */
export type SettledChange = { readonly changeId: string; readonly result: "insync" | "unconfirmed"; readonly error: string | null };

/** A change that was polled, or could not be, and when it is polled next. */
export type PolledChange = { readonly changeId: string; readonly nextCheckAtMs: number };

/** A switch that was not made. `again`: the records must be read again first. */
export type FailedSwitch = { readonly domainId: number; readonly lastError: string; readonly again: boolean };

/** A stored intent. */
export type StoredIntent = {
  readonly id: number;
  /** How often it was tried, this time included. */
  readonly attempts: number;
  /** When it was tried before without an answer, which may yet take effect; null: nothing is in doubt. */
  readonly doubtfulSinceMs: number | null;
  /** For which storm; null, or absent: for none. */
  readonly stormId?: number | null;
};

/** What a round has learned from DNS. */
export type RoundOutcomes = {
  readonly intents: readonly IntentOutcome[];
  /** Those whose records are known to have changed. */
  readonly domains: readonly (DomainRouting & { readonly domainId: number; readonly serviceId: number })[];
  readonly failures: readonly FailedSwitch[];
  /** Deleted health checks that were dropped from a domain's records. */
  readonly dropped: readonly { readonly domainId: number; readonly checks: readonly string[] }[];
  readonly settled: readonly SettledChange[];
  readonly polled: readonly PolledChange[];
  /** The shards whose changes accepted too long ago become `unconfirmed` now; null: there are none. */
  readonly expire: { readonly index: number; readonly count: number } | null;
  /** Accounts whose state has changed; a recovered one is deleted. */
  readonly standings: readonly DnsStanding[];
};

export type IntentOutcome = {
  readonly changeRowId: number;
  /** `intent`: whether it was made is unknown until the next reading of the live records. */
  readonly result: "accepted" | "failed" | "intent";
  readonly changeId: string | null;
  readonly acceptedAtMs: number | null;
  readonly error: string | null;
  /** Where it was not made: when it is tried again; null: at once. */
  readonly nextAttemptAtMs: number | null;
  /** Where only an earlier attempt is in doubt: when that was. Else null. */
  readonly doubtfulSinceMs: number | null;
  /** Of a switch that was made for a storm. */
  readonly proof?: ChainedProof;
};

/** A provider's heartbeat: whether this was a round as holder, and the latest check of the other provider. */
export type Beat = {
  readonly provider: string;
  readonly acted: boolean;
  readonly seen: Sighting | null;
  /** By how much its own clock is ahead of the database's; null, or absent: not measured. */
  readonly clockSkewMs?: number | null;
};

/** A round's own metadata besides its samples. `beat` is of shard 0 alone: one shard represents its provider. */
export type Presence = { readonly vantage: string; readonly place: string | null; readonly nowMs: number; readonly beat: Beat | null };

/** The tables behind a round. Each call is one round trip, whatever the number of services, as long as a round has room for them. */
export interface RoundStore {
  /**
   * Renews the lease and reads the shard. Of a shard with more domains than a round has room for, those scheduled for this round.
   * @param round number of the slot, by which both providers select the same domains
   * @returns null where the lease is lost
   */
  load(fence: Fence, shard: { readonly index: number; readonly count: number }, round: number, nowMs: number): Promise<ShardView | null>;
  /**
   * Stores samples (a sample stored before is not changed), marks the vantage as heard, and then, whether or not that
   * succeeds, reads the figures of every live policy of these services for its window (now - window, now]. Where it reads
   * them, and the lease is still held, its services count as judged now.
   * @throws where the samples may not have been stored, or no figures could be read
   */
  saveAndEvaluate(
    fence: Fence,
    samples: readonly Sample[],
    services: readonly { readonly serviceId: number; readonly domains: readonly unknown[] }[],
    presence: Presence,
  ): Promise<Evaluation>;
  /** Reads what there is to probe in a shard, without its lease; the same domains as the holder. */
  survey(shard: { readonly index: number; readonly count: number }, round: number): Promise<readonly RoundService[]>;
  /** Stores a witness' samples and marks its vantage as heard: observations need no lease (semantics §10). */
  saveWitnessed(samples: readonly Sample[], presence: Presence): Promise<void>;
  /** Reads the samples around each edge: one list an edge, in the order given, ascending by time. */
  edgeSamples(edges: readonly Edge[]): Promise<readonly (readonly EdgeSample[])[]>;
  /**
   * Applies decisions, fenced and guarded by the state they were made in. An intent equal to an open one of this lease,
   * or to the domain's last one where that was not made, counts as another attempt of it.
   * @returns the stored intents, by domain
   */
  saveDecisions(fence: Fence, decisions: RoundDecisions, nowMs: number): Promise<ReadonlyMap<number, StoredIntent>>;
  /** Stores the outcomes of the intents, and of earlier changes. Nothing to store: no round trip. */
  saveOutcomes(fence: Fence, outcomes: RoundOutcomes, nowMs: number): Promise<void>;
}
