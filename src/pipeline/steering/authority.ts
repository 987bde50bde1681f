import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { NameServers } from "../../adapters/ports/steering/name-servers.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import type { Expectation, Observation } from "../../domain/steering/propagation.ts";
import { canonicalAnswer } from "../../domain/steering/propagation.ts";

/** How far above a name its zone is searched, in labels. */
const maxCuts = 6;
/** The budget of one run, all names together: hanging name servers must not delay others' proofs. */
const runMs = 15_000;
/** One name's share of the rest: something is left after several that hang. */
const nameShare = 0.25;

/** The name itself has the zone's NS records where it is the apex, at which no CNAME can be (RFC 1034 §3.6.2). */
const zonesOver = (name: string, type: Expectation["type"]): readonly string[] => {
  const labels = name.split(".");
  const from = type === "CNAME" ? 1 : 0;
  return labels.map((_, index) => labels.slice(index).join(".")).slice(from, Math.min(from + maxCuts, labels.length - 1));
};

/** The approximate operator of a server: the longest label of its name without digits, such as `awsdns-`. */
const operatorOf = (server: string): string =>
  server
    .split(".")
    .reduce((longest, label) => (label.length > longest.length ? label : longest), "")
    .replaceAll(/\d/g, "");

/** One of each operator first: only some are queried, and operators may differ. */
const byTurns = (servers: readonly string[]): readonly string[] => {
  const first = [...new Map(servers.toReversed().map((server) => [operatorOf(server), server])).values()].toSorted();
  return [...first, ...servers.filter((server) => !first.includes(server))];
};

/**
 * Queries the name servers of names' own zones, for one run. The public DNS gives their names. A silent one is
 * not queried again.
 */
export const createAuthority = (lookup: Lookup, nameServers: NameServers, clock: Clock) => {
  const known = new Map<string, readonly string[]>();
  const silent = new Set<string>();
  let spentMs = 0;

  /** Empty: the name is no zone apex; null: no answer. */
  const serversOf = async (zone: string, budget: Budget): Promise<readonly string[] | null> => {
    const readings = await lookup.lookup(zone, "NS", budget);
    if (readings.every(({ status }) => status === "silent")) return null;
    // Of all resolvers: while a zone moves, some have its old servers and some the new ones.
    const found = readings.flatMap((reading) => (reading.status === "answered" ? reading.answers : []));
    return byTurns([...new Set(found.map(canonicalAnswer))].toSorted());
  };

  const nearest = async (name: string, type: Expectation["type"], budget: Budget): Promise<readonly string[]> => {
    for (const zone of zonesOver(name, type)) {
      const servers = known.get(zone) ?? (await serversOf(zone, budget));
      if (servers === null) return [];
      known.set(zone, servers);
      if (servers.length > 0) return servers;
    }
    return [];
  };

  return {
    /** Never throws; nothing where no server is known, or the budget is used up. */
    ask: async (name: string, type: Expectation["type"], { untilMs, connection }: Budget): Promise<readonly Observation[]> => {
      const startedAtMs = clock.nowMs();
      const budget = { untilMs: Math.min(untilMs, startedAtMs + (runMs - spentMs) * nameShare), connection };
      const servers = (await nearest(name, type, budget)).filter((server) => !silent.has(server));
      const readings = await nameServers.ask(name, type, servers, budget);
      for (const { resolver, status } of readings) if (status === "silent") silent.add(resolver);
      spentMs += clock.nowMs() - startedAtMs;
      return readings.map((reading) => ({
        // The evidence of a storm has only the name.
        resolver: `${reading.resolver} (authoritative)`,
        source: "authoritative",
        answers: reading.status === "silent" ? null : [...new Set(reading.answers.map(canonicalAnswer))].toSorted(),
      }));
    },
  };
};
