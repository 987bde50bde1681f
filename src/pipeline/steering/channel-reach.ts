import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { ToldChannel } from "../../adapters/ports/steering/dns-setup.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import { canonicalAnswer } from "../../domain/steering/propagation.ts";
import type { ChannelFacts } from "../../domain/steering/readiness-channels.ts";
import { hostOfChannel } from "../../domain/steering/readiness-channels.ts";
import { isPrivateHost } from "../../domain/tenants/hostname.ts";

/** CNAMEs that are followed, and hosts of channels and targets that are looked up, of one service. */
const mostSteps = 5;
const mostHosts = 5;
const mostTargets = 3;

type Type = "A" | "AAAA" | "CNAME";

const answersOf = async (lookup: Lookup, name: string, types: readonly Type[], budget: Budget): Promise<readonly string[]> => {
  const readings = (await Promise.all(types.map((type) => lookup.lookup(name, type, budget)))).flat();
  return [...new Set(readings.flatMap((reading) => (reading.status === "answered" ? reading.answers.map(canonicalAnswer) : [])))];
};

const addressesOf = (lookup: Lookup, name: string, budget: Budget) => answersOf(lookup, name, ["A", "AAAA"], budget);

/** The host, and where CNAMEs lead from it. */
const chainOf = async (lookup: Lookup, host: string, budget: Budget): Promise<readonly string[]> => {
  const chain = [host];
  while (chain.length <= mostSteps) {
    const [next] = await answersOf(lookup, chain.at(-1) ?? host, ["CNAME"], budget);
    if (next === undefined || chain.includes(next)) break;
    chain.push(next);
  }
  return chain;
};

/** Without its port; null: it means nothing to the public DNS. */
const publicHost = (host: string | null): string | null => {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  return isPrivateHost(name) ? null : name;
};

/**
 * Where channels lead. Where one of them is a mail nothing is looked up: that one is enough.
 * @param targets hosts of the service's primary targets
 */
export const reachOf = async (
  lookup: Lookup,
  channels: readonly ToldChannel[],
  targets: readonly string[],
  budget: Budget,
): Promise<{ readonly channels: readonly ChannelFacts[]; readonly primaryAddresses: ReadonlySet<string> }> => {
  const known = channels.map(({ name, kind, host, region }) => ({ name, host: publicHost(hostOfChannel(kind, host, region)) }));
  const elsewhere = known.filter(({ host }) => host === null);
  if (known.length === 0 || elsewhere.length > 0)
    return { channels: elsewhere.map(({ name }) => ({ name, hosts: null, addresses: [] })), primaryAddresses: new Set() };
  const [asked, rest] = [known.slice(0, mostHosts), known.slice(mostHosts)];
  const [facts, addresses] = await Promise.all([
    Promise.all(
      asked.map(async ({ name, host }): Promise<ChannelFacts> => {
        const [hosts, own] = await Promise.all([chainOf(lookup, host ?? "", budget), addressesOf(lookup, host ?? "", budget)]);
        return { name, hosts, addresses: own };
      }),
    ),
    Promise.all(
      [...new Set(targets.flatMap((target) => publicHost(target) ?? []))]
        .slice(0, mostTargets)
        .map((target) => addressesOf(lookup, target, budget)),
    ),
  ]);
  const unasked = rest.map(({ name, host }): ChannelFacts => ({ name, hosts: [host ?? ""], addresses: [] }));
  return { channels: [...facts, ...unasked], primaryAddresses: new Set(addresses.flat()) };
};
