import type { DnsAccess, DnsDirectory } from "../adapters/ports/dns-access.ts";
import type { ChangeStatus, Dns, PairReading, WeightChangeResult } from "../adapters/ports/dns.ts";
import type { RoundService } from "../adapters/ports/round.ts";

/**
 * The id of a change in a customer's own account carries the customer, `c12:C2682N5HXP0BZ4`: only there is it known. Ids of
 * the operator's account are as they are.
 */
const ownChange = /^c(\d+):(.+)$/;

/** A change id as the provider has it. */
export const providerChangeId = (changeId: string): string => ownChange.exec(changeId)?.[2] ?? changeId;

/** One DNS for the services of a round: each name is asked for with its customer's own account, else the operator's. */
export const routedDns = async (directory: DnsDirectory, services: readonly RoundService[]): Promise<Dns> => {
  const { operator } = directory;
  const customers = [...new Set(services.map(({ customerId }) => customerId))];
  const accesses = new Map(await Promise.all(customers.map(async (id) => [id, await directory.of(id)] as const)));
  // Of a name that several customers claim only one is verified, and only that one is steered.
  const owners = new Map<string, number>();
  for (const service of services) for (const { name, verified } of service.domains) if (verified) owners.set(name, service.customerId);
  const ownerOf = (name: string): number | null => owners.get(name) ?? null;
  const accessOf = (name: string): DnsAccess => accesses.get(ownerOf(name) ?? -1) ?? operator;
  const marked = (name: string, changeId: string): string => (accessOf(name) === operator ? changeId : `c${ownerOf(name)}:${changeId}`);

  return {
    provider: operator.provider,

    read: async (names) => {
      const groups = [...Map.groupBy(names, accessOf)];
      const readings = await Promise.all(groups.map(([access, own]) => access.read(own)));
      return new Map<string, PairReading>(readings.flatMap((own) => [...own]));
    },

    apply: async (changes, untilMs) => {
      const results = new Map<(typeof changes)[number], WeightChangeResult>();
      const groups = [...Map.groupBy(changes, ({ domain }) => accessOf(domain))];
      await Promise.all(groups.map(async ([access, own]) => {
        const outcomes = await access.apply(own, untilMs);
        own.forEach((change, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) return;
          results.set(change, outcome.status === "accepted" ? { ...outcome, changeId: marked(change.domain, outcome.changeId) } : outcome);
        });
      }));
      return changes.map((change) => results.get(change) ?? { domain: change.domain, status: "failed", detail: "the change was not sent", retryable: true });
    },

    status: async (changeIds) => {
      const groups = [...Map.groupBy(changeIds, (id) => Number(ownChange.exec(id)?.[1] ?? 0))];
      const answers = await Promise.all(groups.map(async ([customerId, own]): Promise<[string, ChangeStatus][]> => {
        const access = customerId === 0 ? operator : await directory.of(customerId);
        const statuses = await access.status(own.map(providerChangeId));
        return own.flatMap((id) => {
          const status = statuses.get(providerChangeId(id));
          return status === undefined ? [] : [[id, status]];
        });
      }));
      return new Map(answers.flat());
    },
  };
};
