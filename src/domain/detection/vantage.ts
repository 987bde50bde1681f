/** A place from which probes come (the provider's name), and when it was last heard (epoch milliseconds). */
export type Vantage = { readonly name: string; readonly lastHeardAtMs: number };

/** How far back a vantage must have been heard for its absence to matter. */
const memoryMs = 24 * 3_600_000;

/** `mayEnd` is false where only a CDN's own vantage is left. */
export type Testimony = { readonly counted: ReadonlySet<string>; readonly mayEnd: boolean };

/**
 * A CDN is no vantage on itself (semantics §4): the vantage that runs on a CDN of the service is not counted while
 * another has been heard within a day. Where that other one is silent now, the CDN's own may start a storm, never end one.
 * @param silentAfterMs a vantage not heard for longer is silent now
 */
export const testimony = (vantages: readonly Vantage[], cdns: readonly string[], nowMs: number, silentAfterMs: number): Testimony => {
  const recent = vantages.filter((vantage) => vantage.lastHeardAtMs > nowMs - memoryMs);
  const independent = recent.filter((vantage) => !cdns.includes(vantage.name));
  if (independent.length === 0) return { counted: new Set(vantages.map((vantage) => vantage.name)), mayEnd: true };
  const speak = (of: readonly Vantage[]) => of.filter((vantage) => vantage.lastHeardAtMs > nowMs - silentAfterMs);
  const speaking = speak(independent);
  // The last good samples of a stopped vantage must not block the others.
  const left = speaking.length > 0 ? speaking : speak(recent);
  const counted = left.length > 0 ? left : recent;
  return { counted: new Set(counted.map((vantage) => vantage.name)), mayEnd: speaking.length > 0 };
};
