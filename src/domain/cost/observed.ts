/** Who was seen and when last, the latest first. */
export type Observed = readonly { readonly name: string; readonly lastSeenMs: number }[];

/** Most names that a baseline remembers. */
export const observedAtMost = 200;

export const isObserved = (observed: Observed, name: string): boolean => observed.some((one) => one.name === name);

/** With one more sighting. Where there is no room the name that was not seen for longest leaves; events may come in any order. */
export const withSighting = (observed: Observed, name: string, atMs: number): Observed => {
  const before = observed.find((one) => one.name === name);
  const lastSeenMs = Math.max(atMs, before?.lastSeenMs ?? atMs);
  const others = observed.filter((one) => one !== before);
  const place = others.findIndex((one) => one.lastSeenMs <= lastSeenMs);
  return others.toSpliced(place < 0 ? others.length : place, 0, { name, lastSeenMs }).slice(0, observedAtMost);
};
