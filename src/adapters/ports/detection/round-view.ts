import type { FailedAttempt } from "../../../domain/steering/attempts.ts";
import type { Circuit } from "../../../domain/steering/circuit.ts";
import type { CreditReason, CreditRule, NeverHealthy } from "../../../domain/billing/credit.ts";
import type { NewestSample } from "../../../domain/detection/detect.ts";
import type { OwnWeights } from "../../../domain/steering/group.ts";
import type { WindowStats } from "../../../domain/detection/health.ts";
import type { ProbeError, ProbePath } from "../../../domain/detection/probe.ts";
import type { ChainHead } from "../../../domain/evidence/evidence-claim.ts";
import type { PastDrift } from "../../../domain/steering/drift.ts";
import type { FailbackPosition, Freeze, Latch, Override, StormKind, Weights } from "../../../domain/steering/steering.ts";
import type { Span } from "../../../domain/slo/visitors.ts";
import type { Restraint } from "../../../domain/detection/target.ts";
import type { Vantage } from "../../../domain/detection/vantage.ts";
import type { Surroundings, WeightedRecord } from "../steering/dns.ts";
import type { PolicyTerms } from "./policies.ts";

/** What is stored of a domain's live records; `readAtMs` null requests a fresh reading. */
export type DomainRouting = {
  readonly status: "found" | "unprovisioned" | "error";
  readonly zoneId: string | null;
  readonly records: readonly WeightedRecord[] | null;
  /** What besides the weights decides the DNS answers; null, or absent: nothing. */
  readonly surroundings?: Surroundings | null;
  /** The own weights of the other weighted records of the name, while tranche sets them; null, or absent: it does not. */
  readonly group?: OwnWeights | null;
  readonly readAtMs: number | null;
  readonly movedAtMs: number | null;
  readonly discoveredPrimaryTarget: string | null;
  readonly discoveredBackupTarget: string | null;
  readonly discoveredPrimaryOk: boolean;
  readonly discoveredBackupOk: boolean;
  readonly lastError: string | null;
};

/** By path: which of its set-ups it has now (targets, probe path, expected codes); the first is 0. */
export type PathSetups = Readonly<Record<ProbePath, number>>;

export type RoundDomain = Restraint & {
  readonly domainId: number;
  readonly name: string;
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  readonly probePath: string | null;
  readonly expectStatus: string;
  /** Null: all of them are the first. */
  readonly setups: PathSetups | null;
  readonly normal: Weights;
  /** Its proof is missing, or not verified for its first switch yet; null, or absent: all is well. */
  readonly proof?: RoundProof | null;
  /** Whether the other weighted records of the name are steered with its pair. */
  readonly steerGroup: boolean;
  /** Null once its judged path was known to be up since its latest set-up. */
  readonly neverHealthy: NeverHealthy | null;
  /**
   * When what triggers a storm was last edited, its creation included: targets (given or found), probe path, expected codes, the
   * CDNs of its service, and any of its policies. Null: not known, which counts as long ago.
   */
  readonly editedAtMs: number | null;
  readonly routing: DomainRouting | null;
  /** Switches with an intent and an unknown outcome: a process died between intent and answer. */
  readonly openIntents: readonly OpenIntent[];
  /** Failed switches to be retried, each once. */
  readonly failedAttempts: readonly (FailedAttempt & { readonly id: number })[];
  /** Since when the weights are contested by somebody else. */
  readonly contestedAtMs: number | null;
  /** What tranche's last switch set; only where the domain is contested. */
  readonly lastSet: Weights | null;
  /** The newest drifts since an operator last resolved one. */
  readonly drifts: readonly PastDrift[];
};

/** The state of the proof of a held name (domain/tenants/ownership.ts). */
export type RoundProof = {
  readonly held: boolean;
  readonly lapsed: boolean;
  /** No switch with a verified proof was made yet. */
  readonly unsteered: boolean;
  readonly seenAtMs: number;
  /** It was not good enough for a first switch in this round. */
  readonly refused?: boolean;
};

export type OpenIntent = {
  readonly id: number;
  readonly from: Weights;
  readonly to: Weights;
  readonly attemptedAtMs: number;
  /** For which storm, if any, and why. */
  readonly stormId?: number | null;
  readonly reason?: string;
  /** Of this lease: a previous holder may be slow, and still calling. */
  readonly ours: boolean;
};

export type ServiceRouting = {
  readonly state: string;
  readonly reason: string;
  readonly latch: Latch | null;
  readonly failback: FailbackPosition | null;
  readonly shadowTarget: string | null;
  /** The backup as it was last known, storm or none; null, or absent: never. */
  readonly backupHealth?: "up" | "down" | null;
};

export type RoundService = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly cdns: readonly string[];
  /** Which storms earn, by the customer's own terms; null: as the operator's default says. */
  readonly creditRule: CreditRule | null;
  readonly shadow: boolean;
  readonly failbackSteps: readonly number[];
  readonly failbackStepSeconds: number;
  /** The end of its chain of evidence; null, or absent: there is none yet. */
  readonly chain?: ChainHead | null;
  readonly override: (Override & { readonly actor: string }) | null;
  readonly routing: ServiceRouting | null;
  /** What its visitors get, as it was last recorded; null, or absent: nothing was yet. */
  readonly present?: PresentSpan | null;
  readonly domains: readonly RoundDomain[];
};

/** The span of a service that has not ended. */
export type PresentSpan = Span & { readonly id: number };

/** All that a round needs to know before it probes. */
export type ShardView = {
  readonly services: readonly RoundService[];
  readonly vantages: readonly Vantage[];
  /** When a round last read the figures of these services; null, or absent: not known, which is no gap. */
  readonly judgedAtMs?: number | null;
  /** Accepted changes that are due to be polled: of each account a few, the most overdue first. */
  readonly polls: readonly Poll[];
  /** Whether there are changes that are no longer polled: they were accepted too long ago. */
  readonly expired: boolean;
  /** DNS accounts that are failing. */
  readonly standings: readonly DnsStanding[];
  readonly freeze: Freeze | null;
  /** Domains of the shard left out of this round for lack of room: it is too large, and they are scheduled for later rounds. */
  readonly domainsLeftOut: number;
};

/** A change that is not known to be on all servers yet. */
export type Poll = {
  readonly changeId: string;
  /** How often it was polled. */
  readonly checks: number;
};

/** The state of a failing DNS account. */
export type DnsStanding = Circuit & {
  /** Whose own account it is; 0: the operator's. */
  readonly customerId: number;
  readonly lastError: string | null;
  readonly lastErrorAtMs: number | null;
  /** How often in a row GetChange was refused, why, and until when it is not tried again. */
  readonly pollsRefused: number;
  readonly pollsError: string | null;
  readonly pollsPausedUntilMs: number | null;
};

export type Sample = {
  readonly serviceId: number;
  readonly domainId: number;
  readonly path: ProbePath;
  readonly vantage: string;
  readonly roundAtMs: number;
  readonly attempt: number;
  readonly probedAtMs: number;
  readonly ok: boolean;
  readonly status: number | null;
  readonly latencyMs: number;
  readonly error: ProbeError | null;
  /** Of its path's set-ups the one that was probed; only samples of the present one count. */
  readonly setup: number;
};

/** A live policy, the terms that judge now (those of the active storm's version, if any), and the window's figures. */
export type PolicyView = PolicyTerms & {
  readonly policyId: number;
  readonly serviceId: number;
  readonly kind: StormKind;
  readonly version: number;
  readonly storm: {
    readonly id: number;
    readonly state: "storm" | "recovering";
    readonly startedAtMs: number;
    readonly recoveringSinceMs: number | null;
    readonly relapses: number;
    /** Why it earns a discount or not; null: it earns. */
    readonly creditReason: CreditReason | null;
  } | null;
  readonly previousEndedAtMs: number | null;
  readonly stats: readonly WindowStats[];
  /**
   * Newest sample per domain, path, set-up and vantage, however old, deleted domains included; only while a storm is active.
   * Where it is younger than 13 minutes, a time up to a minute before it may be given instead.
   */
  readonly newest: readonly NewestSample[];
};
