import type { ChangeStatus, Dns, WeightChangeResult } from "../../adapters/ports/steering/dns.ts";

/**
 * The id of a change in a customer's own account carries the customer, `c12:C2682N5HXP0BZ4`: only there is it known. Ids of
 * the operator's account are as they are.
 */
const ownChange = /^c(\d+):(.+)$/;

/** Stands for the operator's account, where others are named by the customer whose own they are. */
export const operatorKey = 0;

/** A change id as the provider has it. */
export const providerChangeId = (changeId: string): string => ownChange.exec(changeId)?.[2] ?? changeId;

/** Whose account a change was made in. */
export const accountOfChange = (changeId: string): number => Number(ownChange.exec(changeId)?.[1] ?? operatorKey);

const marked = (key: number, result: WeightChangeResult): WeightChangeResult =>
  result.status === "accepted" ? { ...result, changeId: `c${key}:${result.changeId}` } : result;

/** A customer's own account as rounds see it: its change ids say whose it is. */
export const ownDns = (key: number, dns: Dns): Dns => ({
  provider: dns.provider,
  read: async (domains, budget, zoneIds) => await dns.read(domains, budget, zoneIds),
  apply: async (changes, budget) => (await dns.apply(changes, budget)).map((result) => marked(key, result)),
  status: async (changeIds, budget) => {
    const statuses = await dns.status(changeIds.map(providerChangeId), budget);
    return new Map(changeIds.flatMap((id): [string, ChangeStatus][] => {
      const status = statuses.get(providerChangeId(id));
      return status === undefined ? [] : [[id, status]];
    }));
  },
});
