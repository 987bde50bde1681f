import type { DnsAccess } from "../ports/steering/dns-access.ts";

/** DNS that is unavailable: every answer is the reason. `retryable`: it may be transient. */
export const createDnsRefusal = (detail: string, retryable: boolean): DnsAccess => {
  const failed = { status: "failed", detail, retryable } as const;
  return {
    provider: "route53",
    read: async (domains) => new Map(domains.map((domain) => [domain, { status: "error", detail, retryable }])),
    apply: async (changes) => changes.map(({ domain }) => ({ domain, ...failed })),
    status: async () => new Map(),
    rewrite: async (rewrites) => rewrites.map(({ domain }) => ({ domain, ...failed })),
    inspect: async () => new Map(),
    provision: async () => failed,
    createCheck: async () => failed,
    listChecks: async () => failed,
    updateCheck: async () => failed,
    observeCheck: async () => failed,
    deleteCheck: async () => failed,
    inventory: async () => ({ zones: null, looseChecks: null, problems: [{ source: "route53", problem: detail }] }),
  };
};

const detail = "no DNS credentials are configured (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY): nothing is written";

/**
 * The DNS provider without credentials (semantics §7): it only logs what would have been written.
 * @param log receives one line of JSON
 */
export const createDnsLog = ({ log }: { readonly log: (line: string) => void }): DnsAccess => {
  const refusal = createDnsRefusal(detail, false);
  return {
    ...refusal,
    provider: "log",
    apply: async (changes, budget) => {
      if (changes.length > 0) {
        const wanted = changes.map(({ domain, zoneId, to }) => ({ domain, zoneId, to }));
        log(JSON.stringify({ event: "dns_not_written", detail, changes: wanted }));
      }
      return await refusal.apply(changes, budget);
    },
  };
};
