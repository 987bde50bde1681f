import type { BesideRecord } from "../../src/domain/steering/readiness-beside.ts";
import type { DnsAccess, PairRewrite, PairWish, ProvisionResult } from "../../src/adapters/ports/steering/dns-access.ts";
import type { WeightChangeResult } from "../../src/adapters/ports/steering/dns.ts";
import type { StrictDns } from "./strict-dns.ts";

const unscripted = { status: "failed", detail: "not in the script", retryable: false } as const;

/** A strict DNS with the rest of what credentials are good for, which does as it is told. */
export const createScriptedAccess = (strict: StrictDns) => {
  const script: {
    proof: (pair: PairRewrite) => WeightChangeResult;
    provision: (wish: PairWish) => ProvisionResult;
    beside: (name: string) => readonly BesideRecord[];
  } = {
    beside: () => [],
    proof: ({ domain }) => ({ domain, status: "accepted", changeId: "C1", acceptedAtMs: 0 }),
    provision: ({ weights, targets, ttlSeconds }) => ({
      status: "created",
      zoneId: "Z1",
      changeId: "C1",
      records: (["primary", "backup"] as const).map((side) => ({
        type: "CNAME",
        setIdentifier: side,
        weight: weights[side],
        ttlSeconds,
        value: targets[side],
      })),
    }),
  };
  const proofs: string[][] = [];
  const wishes: PairWish[] = [];
  const access: DnsAccess = {
    ...strict.dns,
    rewrite: async (pairs) => {
      proofs.push(pairs.map(({ domain }) => domain));
      return pairs.map((pair) => script.proof(pair));
    },
    inspect: async (names) => new Map(names.map((name) => [name, script.beside(name)])),
    provision: async (wish) => {
      wishes.push(wish);
      return script.provision(wish);
    },
    createCheck: async () => unscripted,
    listChecks: async () => unscripted,
    updateCheck: async () => unscripted,
    observeCheck: async () => unscripted,
    deleteCheck: async () => unscripted,
  };
  return { access, script, proofs, wishes, operator: access, of: async () => access, ofAll: async () => new Map<number, DnsAccess>() };
};
