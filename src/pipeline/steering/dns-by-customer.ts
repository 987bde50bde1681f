import type { ChangeStatus, Dns, WeightChangeResult } from "../../adapters/ports/steering/dns.ts";

/**
 * The id of a change in a customer's own account carries the customer, `c12:C2682N5HXP0BZ4`, as only that account knows it. Ids of
 * the operator's account have no prefix.
 */
const ownChange = /^c(\d+):(.+)$/;

/** The key of the operator's account, where others are keyed by their customer. */
export const operatorKey = 0;

/** A change id as the provider has it. */
export const providerChangeId = (changeId: string): string => ownChange.exec(changeId)?.[2] ?? changeId;

/** The account that a change was made in. */
export const accountOfChange = (changeId: string): number => Number(ownChange.exec(changeId)?.[1] ?? operatorKey);

const marked = (key: number, result: WeightChangeResult): WeightChangeResult =>
  result.status === "accepted" ? { ...result, changeId: `c${key}:${result.changeId}` } : result;

/** A customer's own account for rounds: its change ids carry the customer. */
export const ownDns = (key: number, dns: Dns): Dns => ({
  provider: dns.provider,
  read: async (domains, budget, zoneIds) => await dns.read(domains, budget, zoneIds),
  apply: async (changes, budget) => (await dns.apply(changes, budget)).map((result) => marked(key, result)),
  status: async (changeIds, budget) => {
    const statuses = await dns.status(changeIds.map(providerChangeId), budget);
    return new Map(
      changeIds.flatMap((id): [string, ChangeStatus][] => {
        const status = statuses.get(providerChangeId(id));
        return status === undefined ? [] : [[id, status]];
      }),
    );
  },
});
