import type { Panic } from "../steering/panic.ts";
import type { JobRuns } from "../../../domain/coordination/job-standing.ts";
import type { SealedWith } from "../../../domain/tenants/seals.ts";

/** A lease as stored; ages are seconds on the database's clock. */
export type LeaseStanding = {
  readonly name: string;
  /** Who acquired it last, and by which run. */
  readonly provider: string;
  readonly holder: string;
  readonly epoch: number;
  /** Whether that one still holds it. */
  readonly held: boolean;
  readonly acquiredAtMs: number;
  readonly expiresAtMs: number;
  readonly releasedAtMs: number | null;
  /** Since it was acquired. */
  readonly ageSeconds: number;
};

/** A provider's latest heartbeats, and the other one's view of it (semantics §10). Null: never. */
export type ProviderStanding = {
  readonly name: string;
  /** Its data centre or region, where its platform reports it. */
  readonly place: string | null;
  readonly heartbeatAtMs: number | null;
  readonly heartbeatSinceMs: number | null;
  readonly lastRoundAtMs: number | null;
  readonly publicCheckedAtMs: number | null;
  /** Null: the latest check was not good, or there was none. */
  readonly publicOkSinceMs: number | null;
  readonly publicError: string | null;
  /** By how much its own clock is ahead of the database's; null: not measured. */
  readonly clockSkewMs: number | null;
};

/** A shard as its holder measured it last. */
export type ShardStanding = {
  readonly shard: number;
  readonly domains: number;
  /** Domains left out of a round for lack of room. */
  readonly leftOut: number;
  /** The share of a round's connection time that probing everything takes in calm. */
  readonly utilisation: number;
  readonly measuredAtMs: number;
};

/** A shard whose present or last lease holder completes no rounds: so many failed in a row. */
export type FailingShard = { readonly shard: number; readonly provider: string; readonly failedRounds: number };

/** A transfer of a shard's lease to the other provider, as chained (`schema/runtime.ts`). */
export type Takeover = {
  readonly seq: number;
  readonly kind: "takeover" | "hand_back";
  readonly lease: string;
  readonly from: string;
  readonly to: string;
  readonly epoch: number;
  readonly lapsed: boolean;
  readonly unheldMs: number;
  readonly atMs: number;
  readonly previousHash: string | null;
  readonly hash: string;
};

/** From where probes come: a provider, or a probe agent (`agent`). Null: it has never been heard. */
export type VantageStanding = {
  readonly name: string;
  readonly place: string | null;
  readonly lastHeardAtMs: number | null;
  readonly agent: boolean;
};

/** The installation's current state. */
export type Status = {
  readonly shards: number;
  /** The recommended number of shards (`domain/coordination/shard-load.ts`). */
  readonly shardsWanted: number;
  /** Recently measured ones, by number. */
  readonly shardLoads: readonly ShardStanding[];
  /** By number; an alert where there are any. */
  readonly failingShards: readonly FailingShard[];
  /** Null: it is off. */
  readonly panic: Panic | null;
  /** Of live shards by number, then of jobs by name. */
  readonly leases: readonly LeaseStanding[];
  readonly providers: readonly ProviderStanding[];
  /** By name; those that have been silent for weeks are forgotten. */
  readonly vantages: readonly VantageStanding[];
  /** Of each job, both providers' runs together; of `tick` those of the shard that was longest without a good one. */
  readonly jobRuns: readonly JobRuns[];
  /** Since when some provider's heartbeats have come without a gap; null: none do now. */
  readonly aliveSinceMs: number | null;
  /** The database's clock. */
  readonly nowMs: number;
  /** Kept secrets, by the key that sealed them. */
  readonly seals: readonly SealedWith[];
  /** Live domains whose proof is missing, whose switches are held for that, and that prove a name which another customer holds. */
  readonly ownership: { readonly lapsing: number; readonly held: number; readonly disputed: number };
  /** The latest fifty, the newest first. */
  readonly takeovers: readonly Takeover[];
  /** Whether the database role owns the tables or is a superuser, and so could disable their triggers. */
  readonly ownsTables: boolean;
};

export interface StatusStore {
  /** One round trip. */
  read(): Promise<Status>;
}

/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns when ready, the shards whose rounds fail; else the reason, without details of the infrastructure. Never throws. */
  check(): Promise<readonly FailingShard[] | string>;
  /** As `check`, in no more time; when ready, the status. */
  report(): Promise<Status | string>;
}
