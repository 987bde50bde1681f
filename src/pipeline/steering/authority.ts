import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Clock } from "../../adapters/ports/platform/clock.ts";
import type { NameServers } from "../../adapters/ports/steering/name-servers.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import type { Expectation, Observation } from "../../domain/steering/propagation.ts";
import { canonicalAnswer } from "../../domain/steering/propagation.ts";

/** How far above a name its zone is looked for, in labels. */
const maxCuts = 6;
/** What one run may spend on this, all names together: whose name servers hang must not keep others from their proof. */
const runMs = 15_000;
/** What one name may take of what is left of that: something is left after several that hang. */
const nameShare = 0.25;

/** The name itself has the zone's NS records where it is the apex, at which no CNAME can be (RFC 1034 §3.6.2). */
const zonesOver = (name: string, type: Expectation["type"]): readonly string[] => {
  const labels = name.split(".");
  const from = type === "CNAME" ? 1 : 0;
  return labels.map((_, index) => labels.slice(index).join(".")).slice(from, Math.min(from + maxCuts, labels.length - 1));
};

/** Who runs a server, roughly: the longest label of its name without the numbers, such as `awsdns-`. */
const operatorOf = (server: string): string =>
  server.split(".").reduce((longest, label) => (label.length > longest.length ? label : longest), "").replaceAll(/\d/g, "");

/** One of each operator first: only some are asked, and those of one operator do not tell what another one's answer. */
const byTurns = (servers: readonly string[]): readonly string[] => {
  const first = [...new Map(servers.toReversed().map((server) => [operatorOf(server), server])).values()].toSorted();
  return [...first, ...servers.filter((server) => !first.includes(server))];
};

/**
 * What the name servers of names' own zones answer, for one run. Which they are the public DNS says. One that was silent once is
 * not asked again.
 */
export const createAuthority = (lookup: Lookup, nameServers: NameServers, clock: Clock) => {
  const known = new Map<string, readonly string[]>();
  const silent = new Set<string>();
  let spentMs = 0;

  /** None: the name has no zone of its own; null: nobody says. */
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
    /** Never throws; nothing where no server is known, or the time for it is used up. */
    ask: async (name: string, type: Expectation["type"], { untilMs, connection }: Budget): Promise<readonly Observation[]> => {
      const startedAtMs = clock.nowMs();
      const budget = { untilMs: Math.min(untilMs, startedAtMs + (runMs - spentMs) * nameShare), connection };
      const servers = (await nearest(name, type, budget)).filter((server) => !silent.has(server));
      const readings = await nameServers.ask(name, type, servers, budget);
      for (const { resolver, status } of readings) if (status === "silent") silent.add(resolver);
      spentMs += clock.nowMs() - startedAtMs;
      return readings.map((reading) => ({
        // The evidence of a storm has the name alone.
        resolver: `${reading.resolver} (authoritative)`,
        source: "authoritative",
        answers: reading.status === "silent" ? null : [...new Set(reading.answers.map(canonicalAnswer))].toSorted(),
      }));
    },
  };
};
