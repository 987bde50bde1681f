import type { SealedWith } from "../../../domain/tenants/seals.ts";

/** A lease as its row stands; ages are seconds on the database's clock. */
export type LeaseStanding = {
  readonly name: string;
  /** Who took it last, and by which run. */
  readonly provider: string;
  readonly holder: string;
  readonly epoch: number;
  /** Whether that one has it now. */
  readonly held: boolean;
  readonly acquiredAtMs: number;
  readonly expiresAtMs: number;
  readonly releasedAtMs: number | null;
  /** Since it was taken. */
  readonly ageSeconds: number;
};

/** A provider's latest signs of life, and what the other one sees of it (semantics §10). Null: never. */
export type ProviderStanding = {
  readonly name: string;
  /** Its data centre or region, where its platform tells. */
  readonly place: string | null;
  readonly heartbeatAtMs: number | null;
  readonly heartbeatSinceMs: number | null;
  readonly lastRoundAtMs: number | null;
  readonly publicCheckedAtMs: number | null;
  /** Null: the latest look was not good, or there was none. */
  readonly publicOkSinceMs: number | null;
  readonly publicError: string | null;
  /** By how much its own clock is ahead of the database's; null: not measured. */
  readonly clockSkewMs: number | null;
};

/** A shard as its holder measured it last. */
export type ShardStanding = {
  readonly shard: number;
  readonly domains: number;
  /** Domains for which a round had no room. */
  readonly leftOut: number;
  /** Of the time of a round's connections, the share that probing everything takes in calm. */
  readonly utilisation: number;
  readonly measuredAtMs: number;
};

/** A shard of which the provider that has its lease, or had it last, completes no rounds: so many failed one after the other. */
export type FailingShard = { readonly shard: number; readonly provider: string; readonly failedRounds: number };

/** A shard's lease that passed to the other provider, as it is chained (`schema/runtime.ts`). */
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

/** Who does what at this moment. */
export type Status = {
  readonly shards: number;
  /** How many shards there had better be (`domain/coordination/shard-load.ts`). */
  readonly shardsWanted: number;
  /** Those that were measured lately, by number. */
  readonly shardLoads: readonly ShardStanding[];
  /** By number; an alert where there are any. */
  readonly failingShards: readonly FailingShard[];
  /** Of live shards by number, then of jobs by name. */
  readonly leases: readonly LeaseStanding[];
  readonly providers: readonly ProviderStanding[];
  /** Kept secrets, by the key that sealed them. */
  readonly seals: readonly SealedWith[];
  /** Live domains whose proof is gone, whose switches are held for that, and that prove a name which another customer holds. */
  readonly ownership: { readonly lapsing: number; readonly held: number; readonly disputed: number };
  /** The latest fifty, the newest first. */
  readonly takeovers: readonly Takeover[];
  /** Whether it is asked as who owns the tables, or may do everything: who could switch their triggers off. */
  readonly ownsTables: boolean;
};

export interface StatusStore {
  /** One round trip. */
  read(): Promise<Status>;
}

/** Whether this deployment can work with its database. */
export interface Readiness {
  /** @returns when ready, the shards whose rounds fail; else the reason in words that reveal nothing of the infrastructure. Never throws. */
  check(): Promise<readonly FailingShard[] | string>;
  /** As `check` and in no more time, but when ready: who does what. */
  report(): Promise<Status | string>;
}
