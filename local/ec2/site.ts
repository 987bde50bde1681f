import type { Credentials } from "../route53/sigv4.ts";

/** What there is in a region of an account. */
export interface Site {
  addresses?: readonly { allocationId: string; publicIp: string; associationId?: string; instanceId?: string; serviceManaged?: string }[];
  volumes?: readonly SiteVolume[];
  instances?: readonly SiteInstance[];
  balancers?: readonly SiteBalancer[];
  groups?: readonly SiteGroup[];
}

export interface SiteVolume {
  volumeId: string;
  volumeType: string;
  size: number;
  /** Of the instances that it is attached to; none: it is available. */
  instanceIds?: readonly string[];
}

export interface SiteInstance {
  instanceId: string;
  state: "running" | "stopped";
  /** The reason of the last transition, such as `User initiated (2026-11-20 10:00:00 GMT)`. */
  reason?: string;
}

export interface SiteBalancer {
  name: string;
  type?: "application" | "network" | "gateway";
  /** By their ports. */
  listeners?: readonly SiteListener[];
}

export interface SiteListener {
  /** None: a gateway's. */
  protocol?: "HTTP" | "HTTPS" | "TCP";
  port: number;
  action: SiteAction;
  /** Beside the default one. */
  rules?: readonly SiteAction[];
}

/** What becomes of a request: it is forwarded to a group, or answered without one. */
export type SiteAction = { forward: string } | { redirect: string } | { status: number };

export interface SiteGroup {
  name: string;
  /** Names of load balancers. */
  balancers: readonly string[];
  /** Ids of instances, with their health. */
  targets: readonly { id: string; state: "healthy" | "unhealthy" | "draining" }[];
}

/** An account: its keys, and its regions as far as they are enabled. */
export interface SiteAccount {
  accountId: string;
  keys: Credentials;
  regions: Record<string, Site>;
  /** Actions that no policy allows, such as `ec2:DescribeAddresses`. */
  denied?: readonly string[];
}

/** Where a request is answered from. */
export interface Spot {
  accountId: string;
  region: string;
  site: Site;
}
