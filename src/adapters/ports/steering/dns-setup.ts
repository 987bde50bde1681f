import type { PermittedDomain } from "../../../domain/steering/iam-policy.ts";
import type { ProbePath } from "../../../domain/detection/probe.ts";
import type { Check } from "../../../domain/steering/readiness-finding.ts";
import type { BackupHealth } from "../../../domain/steering/readiness-targets.ts";
import type { Change } from "../tenants/change.ts";
import type { PairWish, ProvisionResult } from "./dns-access.ts";
import type { WeightedRecord, Weights } from "./dns.ts";
import type { ChannelKind } from "../notify/channel.ts";
import type { Fence } from "../coordination/lease.ts";

/** A domain for checks of its DNS set-up: its targets, and its records as last read. */
export type DnsSetupDomain = {
  readonly domainId: number;
  readonly name: string;
  /** As configured; null: not configured. */
  readonly primaryTarget: string | null;
  readonly backupTarget: string | null;
  /** From the live records, as last read. */
  readonly discoveredPrimaryTarget: string | null;
  readonly discoveredBackupTarget: string | null;
  readonly probePath: string | null;
  readonly expectStatus: string;
  readonly normal: Weights;
  /** Whether the other weighted records of the name are steered with its pair. */
  readonly steerGroup: boolean;
  readonly verified: boolean;
  /** Since when the proof of a held name is missing, and since when nothing is switched for that; null: it is there. */
  readonly lapse: { readonly lapsedAtMs: number; readonly heldAtMs: number | null } | null;
  /** Its proof is valid, and somebody else holds the name; or the other way round. */
  readonly disputed: boolean;
  readonly rivalled: boolean;
  readonly zoneId: string | null;
  readonly records: readonly WeightedRecord[] | null;
  /** Paths whose target leads to a private address. */
  readonly privatePaths: readonly ProbePath[] | null;
  /** Health checks of its standing failover. */
  readonly ownChecks: readonly string[];
};

/** A verified domain of another service of the customer whose records are in the zone of one of this service's. */
export type ZoneMate = { readonly name: string; readonly zoneId: string };

/** A channel on which a storm of the service is told. `host`: of a webhook or Slack's. */
export type ToldChannel = {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly host: string | null;
  readonly region: string | null;
};

export type DnsSetup = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly shadow: boolean;
  /** By an override of the service, or by an admin's global freeze. */
  readonly frozen: boolean;
  readonly primaryCdn: string;
  readonly backupCdn: string;
  /** At most fifty: those that are no webhooks first. */
  readonly channels: readonly ToldChannel[];
  /** Names that the customer has insured, two thousand at most; none where only mails are sent. */
  readonly insured: readonly string[];
  /** Some of them: services that are frozen or shadowed have none here. */
  readonly mates: readonly ZoneMate[];
  /** Ascending by id: all of them, or a page. */
  readonly domains: readonly DnsSetupDomain[];
  /** How many the service has, and whether there are more after this page. */
  readonly domainsTotal: number;
  readonly domainsBehind: boolean;
};

export type ReadinessCheck = {
  readonly serviceId: number;
  readonly checkedAtMs: number;
  readonly actor: string;
  readonly result: "pass" | "warn" | "fail";
  readonly checks: readonly Check[];
  /** How many domains were checked, and how many there were. Null: all, in checks older than this field. */
  readonly domainsChecked: number | null;
  readonly domainsTotal: number | null;
};

/** What the routes for a service's DNS set-up read and write. A row of another customer is a missing row. */
export interface DnsSetupStore {
  /**
   * @param page at most so many domains, after the one of that id
   * @returns null where the customer has no such live service
   */
  get(customerId: number, serviceId: number, page: { readonly limit: number; readonly afterDomainId: number }): Promise<DnsSetup | null>;
  /**
   * All domains that are steered with the same AWS credentials as those of this service, as far as they are the customer's:
   * what one policy has to permit, as a batch of changes may hold names of several services.
   * @returns null where the customer has no such live service
   */
  permitted(customerId: number, serviceId: number): Promise<readonly PermittedDomain[] | null>;
  /** All domains that are steered with the operator's own credentials: those of customers without an account of their own. */
  permittedToOperator(): Promise<readonly PermittedDomain[]>;
  /** The backup's samples since then, by domain. */
  backupHealth(serviceId: number, sinceMs: number): Promise<ReadonlyMap<number, readonly BackupHealth[]>>;
  /**
   * @param afterPlace after which finding, counted from 1, the list begins; it has as many as fit in an answer
   * @returns null where there is no such service; `check` null where there was none yet
   */
  lastCheck(
    customerId: number,
    serviceId: number,
    afterPlace?: number,
  ): Promise<{ readonly check: ReadinessCheck | null; readonly nextAfterPlace: number | null } | null>;
  /** Replaces the last one. @returns null where the lease is lost */
  saveCheck(fence: Fence, check: ReadinessCheck, change: Change): Promise<ReadinessCheck | null>;
  /** Writes an audit row before records are created. */
  noteProvisioning(domainId: number, wish: PairWish, change: Change): Promise<void>;
  /** Writes an audit row of the outcome, records a success, and has the live records read again. */
  noteProvisioned<Result extends ProvisionResult>(domainId: number, result: Result, change: Change): Promise<{ readonly result: Result }>;
}
