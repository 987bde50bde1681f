/** Which of Fastly's resources: the list of services, a service's domains, the domains without versions, the figures. */
export type FastlyResource = "services" | "domains" | "versionless" | "stats" | "inspector";

/** The scope of a fault; absent fields do not restrict it. `service` matters to resources of one service only. */
export type FastlyScope = { readonly on?: FastlyResource; readonly service?: string };

/**
 * `body`: a 200 with another body, given or made of the real one. `endless`: every page leads to a further page, by the
 * same cursor or by being full. `times`: affected requests before the fault ends by itself; absent: all.
 */
export type FastlyFault =
  | { readonly kind: "healthy" }
  | { readonly kind: "status"; readonly status: number; readonly times?: number; readonly html?: boolean }
  | { readonly kind: "hang"; readonly times?: number }
  | { readonly kind: "endless" }
  | { readonly kind: "body"; readonly body: unknown; readonly times?: number };

export type FastlyFaults = {
  /** Replaces the fault of exactly that scope; `healthy` without a scope heals everything. */
  readonly set: (fault: FastlyFault, scope?: FastlyScope) => void;
  /** The most specific fault that matches a request, counted as applied. */
  readonly take: (on: FastlyResource, service: string | null) => FastlyFault;
};

const healthy: FastlyFault = { kind: "healthy" };

export const createFastlyFaults = (): FastlyFaults => {
  const faults = new Map<string, { readonly fault: FastlyFault; left: number }>();
  const keyOf = (on: string | undefined, service: string | undefined): string => `${on ?? "*"} ${service ?? "*"}`;
  return {
    set: (fault, { on, service } = {}) => {
      if (fault.kind === "healthy" && on === undefined && service === undefined) faults.clear();
      const left = "times" in fault ? (fault.times ?? Infinity) : Infinity;
      faults.set(keyOf(on, service), { fault, left });
    },
    take: (on, service) => {
      const keys = [
        keyOf(on, service ?? undefined),
        keyOf(undefined, service ?? undefined),
        keyOf(on, undefined),
        keyOf(undefined, undefined),
      ];
      for (const key of keys) {
        const entry = faults.get(key);
        if (entry === undefined || entry.left <= 0) continue;
        entry.left -= 1;
        return entry.fault;
      }
      return healthy;
    },
  };
};
