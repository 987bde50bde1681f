/**
 * What billing must never become (semantics §9), as replacements of text. `sql` is done to the statement that issues
 * invoices, `source` to a file of `src/domain/`; in both, `from` must be found or the mutant is out of date.
 */
export type Mutant = {
  readonly name: string;
  readonly sql: readonly Replacement[];
  readonly source: readonly (Replacement & { readonly file: DomainFile })[];
};

export type Replacement = { readonly from: string; readonly to: string };
export type DomainFile = "money.ts" | "coverage.ts" | "pricing.ts";

const charge = (side: string) => `div((w.${side}_bytes * w.rate) * 2 + 1073741824::numeric, 1073741824::numeric * 2)`;
const discountOf = "backup_cents * discount_rate * storm_us * factor";
const discount = `div((${discountOf}) * 2 + window_us, window_us * 2)`;
const stormEnd = `least(case e.state when 'ended' then e.ended_at when 'recovering' then e.recovering_since
  else 'infinity'::timestamptz end, e.credited_until)`;

const toEven = (n: string, d: string) => {
  const nearest = `div((${n}) * 2 + ${d}, ${d} * 2)`;
  return `(${nearest} - case when mod((${n}) * 2 + ${d}, ${d} * 2) = 0 and mod(${nearest}, 2) = 1 then 1 else 0 end)`;
};

const roundHalfAway = `const rounded = (2n * size + denominator) / (2n * denominator);`;

/** The seven that semantics §9 names: each must fail at least one worked case. */
export const namedMutants: readonly Mutant[] = [
  {
    name: "binary floats",
    sql: [
      {
        from: discount,
        to: `floor(backup_cents::float8 * discount_rate::float8 * (storm_us::float8 / window_us::float8)
          * factor::float8 + 0.5::float8)::numeric`,
      },
    ],
    source: [
      {
        file: "pricing.ts",
        from: `roundHalfAway(multiply(integer(backupChargeCents), parseDecimal(terms.discountRate), coverage)),`,
        to: `BigInt(Math.round(backupChargeCents * Number(terms.discountRate)
          * (usage.stormMicroseconds / usage.windowMicroseconds) * Number(usage.maxCoverageFactor))),`,
      },
    ],
  },
  {
    name: "divide first",
    sql: [
      {
        from: discount,
        to: "round(backup_cents * (storm_us::numeric(20, 0) / window_us::numeric(20, 0)) * discount_rate * factor)",
      },
    ],
    source: [
      {
        file: "pricing.ts",
        from: `const ratio = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));`,
        to: `const exact = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));
          const ratio = fraction((exact.numerator * 10n ** 16n) / exact.denominator, 10n ** 16n);`,
      },
    ],
  },
  {
    name: "half to even",
    sql: [
      { from: charge("primary"), to: toEven("w.primary_bytes * w.rate", "1073741824::numeric") },
      { from: charge("backup"), to: toEven("w.backup_bytes * w.rate", "1073741824::numeric") },
      { from: discount, to: toEven(discountOf, "window_us") },
    ],
    source: [
      {
        file: "money.ts",
        from: roundHalfAway,
        to: `const up = (2n * size + denominator) / (2n * denominator);
          const rounded = (2n * size + denominator) % (2n * denominator) === 0n && up % 2n === 1n ? up - 1n : up;`,
      },
    ],
  },
  {
    name: "storms summed instead of united",
    sql: [{ from: "range_agg(tstzrange(", to: "array_agg(tstzrange(" }],
    source: [{ file: "coverage.ts", from: `span.startMs <= last.endMs`, to: `false` }],
  },
  {
    name: "discount on the primary side",
    sql: [{ from: discount, to: discount.replace("backup_cents", "primary_cents") }],
    source: [{ file: "pricing.ts", from: `integer(backupChargeCents)`, to: `integer(primaryChargeCents)` }],
  },
  {
    name: "open storm ignored",
    sql: [{ from: stormEnd, to: stormEnd.replace("'infinity'::timestamptz", "e.started_at") }],
    source: [{ file: "coverage.ts", from: `return Number.POSITIVE_INFINITY;`, to: `return storm.startedAtMs;` }],
  },
  {
    name: "factor cap ignored",
    sql: [{ from: discount, to: discount.replace(" * factor", "") }],
    source: [
      { file: "pricing.ts", from: `multiply(ratio, parseDecimal(usage.maxCoverageFactor))`, to: `multiply(ratio)` },
    ],
  },
];

/** Further slips that were thought of while building; the worked cases and the ones in `own-cases.ts` catch them. */
export const furtherMutants: readonly Mutant[] = [
  {
    name: "discount beyond the amount",
    sql: [{ from: "least(primary_cents + backup_cents,", to: "least(1e15," }],
    source: [{ file: "pricing.ts", from: `Math.min(amountCents, fullDiscountCents)`, to: `fullDiscountCents` }],
  },
  {
    name: "recovering storm runs on",
    sql: [{ from: "when 'recovering' then e.recovering_since", to: "when 'recovering' then 'infinity'::timestamptz" }],
    source: [
      {
        file: "coverage.ts",
        from: `return storm.recoveringSinceMs ?? storm.startedAtMs;`,
        to: `return Number.POSITIVE_INFINITY;`,
      },
    ],
  },
  {
    name: "smallest factor",
    sql: [{ from: "max(factor) as factor", to: "min(factor) as factor" }],
    source: [
      {
        file: "coverage.ts",
        from: `parseDecimal(greatest)) > 0`,
        to: `parseDecimal(greatest)) < 0 || greatest === "0"`,
      },
    ],
  },
  {
    name: "factor of a storm that shares no time",
    sql: [{ from: ` and ${stormEnd} > e.started_at`, to: "" }],
    source: [{ file: "coverage.ts", from: `startMs < endMs ?`, to: `startMs <= endMs ?` }],
  },
  {
    name: "refused storm counted",
    sql: [{ from: "where credit = 'earned'", to: "where credit <> 'pending'" }],
    source: [{ file: "coverage.ts", from: `storm.credit !== "earned"`, to: `storm.credit === "pending"` }],
  },
  {
    name: "pending storm counted",
    sql: [{ from: "where credit = 'earned'", to: "where credit <> 'refused'" }],
    source: [{ file: "coverage.ts", from: `storm.credit !== "earned"`, to: `storm.credit === "refused"` }],
  },
  {
    name: "corroborated storm counted beyond what was seen",
    sql: [{ from: stormEnd, to: stormEnd.replace(", e.credited_until", "") }],
    source: [{ file: "coverage.ts", from: `Math.min(endOf(storm), storm.creditedUntilMs ?? Number.POSITIVE_INFINITY)`, to: `endOf(storm)` }],
  },
  {
    name: "quotient rounded twice",
    sql: [{ from: charge("backup"), to: "round((w.backup_bytes * w.rate) / 1073741824)" }],
    source: [
      {
        file: "money.ts",
        from: roundHalfAway,
        to: `const rounded = ((20n * 10n ** 9n * size) / denominator + 10n ** 10n + 10n) / (20n * 10n ** 9n);`,
      },
    ],
  },
];
