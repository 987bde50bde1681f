/** Who was seen and when last, the latest first. */
export type Observed = readonly { readonly name: string; readonly lastSeenMs: number }[];

/** Most names that a baseline remembers, and their characters: whoever sends them decides how long each is. */
export const observedAtMost = 200;
const observedChars = 65_536;

/** As many of the latest as there is room for. */
const withinRoom = (observed: Observed): Observed => {
  let chars = 0;
  return observed.slice(0, observedAtMost).filter(({ name }) => (chars += name.length) <= observedChars);
};

export const isObserved = (observed: Observed, name: string): boolean => observed.some((one) => one.name === name);

/** With one more sighting. Where there is no room the name that was not seen for longest leaves; events may come in any order. */
export const withSighting = (observed: Observed, name: string, atMs: number): Observed => {
  const before = observed.find((one) => one.name === name);
  const lastSeenMs = Math.max(atMs, before?.lastSeenMs ?? atMs);
  const others = observed.filter((one) => one !== before);
  const place = others.findIndex((one) => one.lastSeenMs <= lastSeenMs);
  const all = others.toSpliced(place < 0 ? others.length : place, 0, { name, lastSeenMs });
  return before === undefined ? withinRoom(all) : all;
};
