/** The egress of a service on one of its CDNs within an hour, in cents; null: without a rate its money is not known. */
export type Side = {
  readonly cdn: string;
  readonly cents: number | null;
  /** Whether somebody has put this CDN to this use so lately that nothing is usual of it yet. */
  readonly settles?: boolean;
};

/** Why traffic was not where it usually is. */
export type Shift = "storm" | "override" | "drill";

/** A service's hour on all of its CDNs. `shift`: what moved its traffic in any part of the hour; null: nothing did. */
export type EgressHour = { readonly sides: readonly Side[]; readonly shift: Shift | null };

/** What becomes of a series' hour: scored and learnt, only learnt (with a label where a person's own change explains it), or kept out of its baseline because it is expected. */
export type Treatment =
  | { readonly kind: "scored" }
  | { readonly kind: "learnt" }
  | { readonly kind: "settling"; readonly label: "expected: change" }
  | { readonly kind: "expected"; readonly label: `expected: ${Shift}` };

export type SeriesHour = {
  /** A CDN; null: all of the service's together. */
  readonly cdn: string | null;
  readonly cents: number;
  readonly treatment: Treatment;
};

/**
 * Which series an hour of egress belongs to. While traffic is shifted the backup's rise and the primary's fall are what was paid for:
 * they are expected, and kept out of both baselines; the sum, which no shift changes, is scored in their place. In calm each side is
 * scored, and the sum learnt, so that it is known when it is needed. A side that somebody has just given this CDN, or taken from it, learns anew what
 * is usual, and the sum stands in for it meanwhile. Sides whose money is not known have no series, and no sum.
 */
export const seriesOfHour = ({ sides, shift }: EgressHour): readonly SeriesHour[] => {
  const known = sides.flatMap(({ cents, ...side }) => (cents === null ? [] : [{ ...side, cents }]));
  const one: Treatment = shift === null ? { kind: "scored" } : { kind: "expected", label: `expected: ${shift}` };
  const settling: Treatment = { kind: "settling", label: "expected: change" };
  const apart = known.map(({ cdn, cents, settles }): SeriesHour => ({
    cdn,
    cents,
    treatment: settles === true && shift === null ? settling : one,
  }));
  if (known.length < sides.length || known.length === 0) return apart;
  const cents = known.reduce((sum, side) => sum + side.cents, 0);
  return [
    ...apart,
    { cdn: null, cents, treatment: { kind: apart.every(({ treatment }) => treatment.kind === "scored") ? "learnt" : "scored" } },
  ];
};
