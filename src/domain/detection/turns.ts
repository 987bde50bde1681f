/** Something of a customer's that is to have its turn; `weight` is what it takes of the room, 1 or more. */
export type Entrant = { readonly id: number; readonly customerId: number; readonly weight: number };

const weightOf = (own: readonly Entrant[]): number => own.reduce((sum, { weight }) => sum + weight, 0);

/** The most that a customer may take so that all fit: who needs less leaves the rest to the others. */
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
 * Those that begin within [from, to) of a line along which all of them lie one after the other, over and over; `lap`: how often
 * they did before. Of neighbouring stretches each has its own.
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

/** The stretch of a round, in whole numbers, so that none is between two rounds. */
const stretch = (round: number, length: number): readonly [from: number, to: number] => [Math.floor(round * length), Math.floor((round + 1) * length)];

/**
 * Who has a turn in a round that has not room for all. Each customer takes as much as the others, and one that needs less is
 * there in every round: only the large ones wait. What waited longest comes next, for each turn begins where the one before
 * ended; so it is in whatever isolate, and at both providers alike.
 * @param room may be exceeded by the last of each customer
 * @param round number of the round; turns follow on each other where it rises by one
 */
export const takeTurns = (all: readonly Entrant[], room: number, round: number): readonly Entrant[] => {
  if (weightOf(all) <= room) return all;
  const customers = [...Map.groupBy(all, ({ customerId }) => customerId)].sort(([a], [b]) => a - b).map(([, own]) => own);
  const share = fairShare(customers.map(weightOf), room);
  if (share >= 1) {
    return customers.flatMap((own) => (weightOf(own) <= share ? own : onLine(own, ...stretch(round, share)).map(({ entrant }) => entrant)));
  }
  // More customers than room: they take turns, each time with the next of what they have.
  const places = customers.map((_, index): Entrant => ({ id: index, customerId: index, weight: 1 }));
  return onLine(places, ...stretch(round, Math.max(1, Math.floor(room)))).flatMap(({ entrant, lap }) => {
    const own = customers[entrant.id] ?? [];
    return own[lap % own.length] ?? [];
  });
};
