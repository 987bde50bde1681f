import type { Random } from "../../adapters/ports/platform/random.ts";
import type { Budget } from "../../adapters/ports/platform/budget.ts";
import type { Lookup } from "../../adapters/ports/steering/resolver.ts";
import { canonicalAnswer } from "../../domain/steering/propagation.ts";
import type { WildcardFacts } from "../../domain/steering/readiness-beside.ts";
import { toHex } from "../../domain/platform/hex.ts";

/** Most names queried per request. */
const most = 20;
const labelBytes = 8;

const answersOf = async (lookup: Lookup, name: string, budget: Budget): Promise<readonly string[] | null> => {
  const readings = await Promise.all((["CNAME", "A"] as const).map(async (type) => await lookup.lookup(name, type, budget)));
  const heard = readings.flat().flatMap((reading) => (reading.status === "answered" ? [reading.answers] : []));
  return heard.length === 0 ? null : [...new Set(heard.flat().map(canonicalAnswer))].toSorted();
};

/**
 * The public DNS answers for unproven names, and for random siblings that cannot exist: equal ones
 * show that only a wildcard serves the name. Names without an answer are absent.
 */
export const wildcardsOf = async (
  { lookup, random }: { readonly lookup: Lookup; readonly random: Random },
  domains: readonly { readonly name: string }[],
  budget: Budget,
): Promise<ReadonlyMap<string, WildcardFacts>> => {
  const label = toHex(random.bytes(labelBytes));
  const seen = await Promise.all(
    domains.slice(0, most).map(async ({ name }): Promise<[string, WildcardFacts][]> => {
      const parent = name.slice(name.indexOf(".") + 1);
      const [own, sibling] = await Promise.all([answersOf(lookup, name, budget), answersOf(lookup, `tranche-${label}.${parent}`, budget)]);
      return own === null || sibling === null ? [] : [[name, { own, sibling }]];
    }),
  );
  return new Map(seen.flat());
};
