import type { Trouble } from "../../../domain/steering/trouble.ts";
import type { MeasuredObjective } from "../slo/objectives.ts";
import type { Paged } from "../tenants/change.ts";
import type { RoutingOverride } from "./routing.ts";

/** A service at a glance. Times are epoch milliseconds. */
export type FleetService = {
  readonly serviceId: number;
  readonly customerId: number;
  readonly customerName: string;
  readonly name: string;
  readonly primaryCdn: string;
  readonly backupCdn: string;
  readonly steering: "auto" | "shadow";
  readonly trouble: Trouble;
  readonly state: string;
  readonly reason: string;
  /** Of several that are on, of availability before latency. */
  readonly storm: {
    readonly id: number;
    readonly kind: "http_availability" | "http_latency";
    readonly state: "storm" | "recovering";
    readonly monitorOnly: boolean;
    readonly startedAtMs: number;
    readonly relapses: number;
  } | null;
  /** Its domains by their weights as last read, and of how many visitors are kept from the side that the weights favour. */
  readonly domains: {
    readonly total: number;
    readonly primary: number;
    readonly backup: number;
    readonly both: number;
    readonly unread: number;
    readonly contested: number;
    readonly failing: number;
    readonly hindered: number;
  };
  /** In force. */
  readonly override: RoutingOverride | null;
  readonly backupHealth: "up" | "down" | "unknown" | null;
  readonly readiness: "pass" | "warn" | "fail" | null;
  /** The latest round in which one of its domains was probed; null: none is known. */
  readonly lastRoundAtMs: number | null;
  /** Where it stands in the list: what the next page begins behind. */
  readonly place: number;
};

export type FleetLook = {
  readonly services: readonly FleetService[];
  /** Whether there are services behind these. */
  readonly hasMore: boolean;
  /** How many of all services are in which trouble, the worst first; of each there is one at least. */
  readonly counts: readonly { readonly trouble: Trouble; readonly services: number }[];
  readonly measured: readonly MeasuredObjective[];
  /** The end of rolling windows, microseconds since the epoch. */
  readonly atUs: number;
};

/** All services at a glance. */
export interface FleetStore {
  /**
   * In one round trip: those in trouble first, by their names where they are in the same; as many as fit in an answer.
   * @param customerId null: of all customers
   * @param afterPlace behind which place the list begins
   */
  list(customerId: number | null, afterPlace: number | null, nowMs: number): Promise<readonly Paged<FleetService>[]>;
  /**
   * The first of one customer's, with what was measured for their objectives, and a count of all, in one statement.
   * @param first how many
   */
  look(customerId: number, afterPlace: number | null, nowMs: number, first: number): Promise<FleetLook>;
}
