/** A place from which probes come (a provider's name, or an agent's), and when it was last heard (epoch milliseconds). */
export type Vantage = { readonly name: string; readonly lastHeardAtMs: number };

/** How far back a vantage must have been heard for its absence to matter. */
const memoryMs = 24 * 3_600_000;

const agentPrefix = "agent:";

/** The vantage of a probe agent, a process that probes and decides nothing. No provider's name has a colon. */
export const agentVantage = (name: string): string => `${agentPrefix}${name}`;

export const isAgent = (vantage: string): boolean => vantage.startsWith(agentPrefix);

/**
 * Whether these vantages may be believed: one provider, or two agents. A single agent is a machine that somebody else may have
 * taken over: it can keep the others from a conclusion, and never draws one alone (decision 83).
 */
export const isEnough = (vantages: readonly string[]): boolean => vantages.length > 1 || vantages.some((name) => !isAgent(name));

/** A vantage that has said nothing for so long is not one that anybody should count on. */
const lonelyAfterMs = 10 * 60_000;

/** The only vantage that probes now, whose every word counts for all; null: there are several, or none does. */
export const loneVantage = (
  vantages: readonly { readonly name: string; readonly lastHeardAtMs: number | null }[],
  nowMs: number,
): string | null => {
  const [only, ...others] = vantages.filter(({ lastHeardAtMs }) => lastHeardAtMs !== null && lastHeardAtMs > nowMs - lonelyAfterMs);
  return only !== undefined && others.length === 0 ? only.name : null;
};

/** `mayEnd` is false where only a CDN's own vantage is left. */
export type Testimony = { readonly counted: ReadonlySet<string>; readonly mayEnd: boolean };

const namesOf = (vantages: readonly Vantage[]): readonly string[] => vantages.map(({ name }) => name);

/**
 * A CDN is no vantage on itself (semantics §4): the vantage that runs on a CDN of the service is not counted while
 * another has been heard within a day. Where that other one is silent now, the CDN's own may start a storm, never end one.
 * A single agent is not that other one: it is counted beside the CDN's own vantage, while it speaks.
 * @param silentAfterMs a vantage not heard for longer is silent now
 */
export const testimony = (vantages: readonly Vantage[], cdns: readonly string[], nowMs: number, silentAfterMs: number): Testimony => {
  const recent = vantages.filter((vantage) => vantage.lastHeardAtMs > nowMs - memoryMs);
  const independent = recent.filter((vantage) => !cdns.includes(vantage.name));
  const speak = (of: readonly Vantage[]) => of.filter((vantage) => vantage.lastHeardAtMs > nowMs - silentAfterMs);
  const speaking = speak(independent);
  if (!isEnough(namesOf(independent))) {
    // Nobody waits for an agent that fell silent, and nobody needs one.
    const counted = vantages.filter((vantage) => !isAgent(vantage.name) || speaking.includes(vantage));
    return { counted: new Set(namesOf(counted)), mayEnd: true };
  }
  const mayEnd = isEnough(namesOf(speaking));
  // The last good samples of a stopped vantage must not block the others.
  const left = mayEnd ? speaking : speak(recent);
  const counted = isEnough(namesOf(left)) ? left : recent;
  return { counted: new Set(namesOf(counted)), mayEnd };
};
