/** An item of a customer's to be scheduled; `weight` is its share of the capacity, 1 or more. */
export type Entrant = { readonly id: number; readonly customerId: number; readonly weight: number };

const weightOf = (own: readonly Entrant[]): number => own.reduce((sum, { weight }) => sum + weight, 0);

/** The max-min fair share: what a customer does not need is left to the others. */
export const fairShare = (weights: readonly number[], room: number): number => {
  let left = room;
  for (const [at, weight] of [...weights].sort((a, b) => a - b).entries()) {
    const share = left / (weights.length - at);
    if (weight > share) return share;
    left -= weight;
  }
  return Number.POSITIVE_INFINITY;
};

type Turn = { readonly entrant: Entrant; readonly lap: number };

/**
 * The items that begin within [from, to) of the endless repetition of all items, one after the other; `lap`: the number of the
 * repetition. Adjacent intervals are disjoint.
 */
const onLine = (all: readonly Entrant[], from: number, to: number): readonly Turn[] => {
  const whole = weightOf(all);
  let at = 0;
  return all.flatMap((entrant) => {
    const lap = Math.ceil((from - at) / whole);
    const isIn = at + lap * whole < to;
    at += entrant.weight;
    return isIn ? [{ entrant, lap }] : [];
  });
};

/** The interval of a round, in whole numbers, so that no item is between two rounds. */
const stretch = (round: number, length: number): readonly [from: number, to: number] => [
  Math.floor(round * length),
  Math.floor((round + 1) * length),
];

/**
 * Fair round-robin scheduling of a round that has not room for all. Each customer has the same share, and one that needs less is
 * in every round: only large ones wait. Within a customer the longest waiting comes next, as each turn begins where the
 * previous one ended. Stateless: all isolates and both providers select the same.
 * @param room capacity; may be exceeded by the last item of each customer
 * @param round number of the round; turns are consecutive where it increments by one
 */
export const takeTurns = (all: readonly Entrant[], room: number, round: number): readonly Entrant[] => {
  if (weightOf(all) <= room) return all;
  const customers = [...Map.groupBy(all, ({ customerId }) => customerId)].sort(([a], [b]) => a - b).map(([, own]) => own);
  const share = fairShare(customers.map(weightOf), room);
  if (share >= 1) {
    return customers.flatMap((own) => (weightOf(own) <= share ? own : onLine(own, ...stretch(round, share)).map(({ entrant }) => entrant)));
  }
  // More customers than room: round-robin over customers, each time with their next item.
  const places = customers.map((_, index): Entrant => ({ id: index, customerId: index, weight: 1 }));
  return onLine(places, ...stretch(round, Math.max(1, Math.floor(room)))).flatMap(({ entrant, lap }) => {
    const own = customers[entrant.id] ?? [];
    return own[lap % own.length] ?? [];
  });
};
