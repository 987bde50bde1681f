import type { RoundDecisions, StormDecision } from "../../ports/detection/round.ts";

/** What is decided of some services, in characters of JSON: half of what Neon takes in one request (10 MiB). */
const charactersPerRequest = 5_000_000;

/** Overhead of a row besides its texts. */
const rowCharacters = 500;

type Split = Pick<RoundDecisions, "storms" | "services" | "domains" | "intents" | "drifts" | "states">;

const serviceOf = ({ policy }: StormDecision): number => policy.serviceId;

const charactersOf = ({ storms, services, domains, intents, drifts, states }: Split): number =>
  (storms.length + services.length + domains.length + intents.length + drifts.length + states.length) * rowCharacters +
  storms.reduce((sum, { evidence = "" }) => sum + evidence.length, 0) +
  domains.reduce(
    (sum, { records, surroundings, group, lastError }) =>
      sum + JSON.stringify([records, surroundings, group]).length + (lastError?.length ?? 0),
    0,
  );

const joined = (parts: readonly Split[]): Split => ({
  storms: parts.flatMap(({ storms }) => storms),
  services: parts.flatMap(({ services }) => services),
  domains: parts.flatMap(({ domains }) => domains),
  intents: parts.flatMap(({ intents }) => intents),
  drifts: parts.flatMap(({ drifts }) => drifts),
  states: parts.flatMap(({ states }) => states),
});

/**
 * Decisions in chunks that fit a request. The decisions on one service stay together, and those on no
 * particular service are in the first chunk: an intent's outcome is known before another is stored.
 */
export const chunksOf = (decisions: RoundDecisions): readonly RoundDecisions[] => {
  if (charactersOf(decisions) <= charactersPerRequest) return [decisions];
  const storms = Map.groupBy(decisions.storms, serviceOf);
  const services = Map.groupBy(decisions.services, ({ serviceId }) => serviceId);
  const domains = Map.groupBy(decisions.domains, ({ serviceId }) => serviceId);
  const intents = Map.groupBy(decisions.intents, ({ serviceId }) => serviceId);
  const drifts = Map.groupBy(decisions.drifts, ({ serviceId }) => serviceId);
  const states = Map.groupBy(decisions.states, ({ serviceId }) => serviceId);
  const ids = new Set([storms, services, domains, intents, drifts, states].flatMap((part) => [...part.keys()]));
  const helpings: Split[][] = [[]];
  let characters = 0;
  for (const id of ids) {
    const own: Split = {
      storms: storms.get(id) ?? [],
      services: services.get(id) ?? [],
      domains: domains.get(id) ?? [],
      intents: intents.get(id) ?? [],
      drifts: drifts.get(id) ?? [],
      states: states.get(id) ?? [],
    };
    const more = charactersOf(own);
    if (characters > 0 && characters + more > charactersPerRequest) {
      helpings.push([]);
      characters = 0;
    }
    helpings.at(-1)?.push(own);
    characters += more;
  }
  const nothing = Object.fromEntries(Object.keys(decisions).map((what) => [what, []])) as unknown as RoundDecisions;
  return helpings.map((parts, at) => ({ ...(at === 0 ? decisions : nothing), ...joined(parts) }));
};
