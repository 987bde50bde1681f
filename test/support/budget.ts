import type { Connection } from "../../src/adapters/ports/platform/budget.ts";
import type { DnsAccess } from "../../src/adapters/ports/steering/dns-access.ts";
import type { DnsBudget } from "../../src/adapters/ports/steering/dns.ts";

const connection: Connection = async (_, request) => ({ status: "sent", value: await request(new AbortController().signal) });

/** All the time and all the connections there are. */
export const freely: DnsBudget = {
  untilMs: Number.POSITIVE_INFINITY,
  connection,
  gate: { enter: async () => ({ leave: () => undefined }) },
};

/** The same, but no later than that. */
export const freelyUntil = (untilMs: number): DnsBudget => ({ ...freely, untilMs });

/** An access whose calls cost what they like, where a test is about something else. */
export const unbounded = (access: DnsAccess) => ({
  provider: access.provider,
  read: (domains: Parameters<DnsAccess["read"]>[0], budget = freely, zoneIds?: Parameters<DnsAccess["read"]>[2]) =>
    access.read(domains, budget, zoneIds),
  apply: (changes: Parameters<DnsAccess["apply"]>[0], budget = freely) => access.apply(changes, budget),
  status: (ids: Parameters<DnsAccess["status"]>[0], budget = freely) => access.status(ids, budget),
  rewrite: (rewrites: Parameters<DnsAccess["rewrite"]>[0], budget = freely) => access.rewrite(rewrites, budget),
  inspect: (domains: readonly string[], budget = freely) => access.inspect(domains, budget),
  provision: (wish: Parameters<DnsAccess["provision"]>[0], budget = freely) => access.provision(wish, budget),
  createCheck: (...[reference, target, disabled, budget = freely]: [...Head<"createCheck">, DnsBudget?]) =>
    access.createCheck(reference, target, disabled, budget),
  listChecks: (budget = freely) => access.listChecks(budget),
  updateCheck: (...[check, target, disabled, budget = freely]: [...Head<"updateCheck">, DnsBudget?]) =>
    access.updateCheck(check, target, disabled, budget),
  observeCheck: (id: string, budget = freely) => access.observeCheck(id, budget),
  deleteCheck: (id: string, budget = freely) => access.deleteCheck(id, budget),
  inventory: async (budget = freely) => (await access.inventory?.(budget)) ?? { zones: null, looseChecks: null, problems: [] },
});

type Head<Method extends "createCheck" | "updateCheck"> = Parameters<DnsAccess[Method]> extends [...infer First, DnsBudget] ? First : never;
