import type { Mutant } from "./mutant.ts";

const figures = "src/adapters/db/billing/billing-figures.ts";
const pricingFile = "src/domain/billing/pricing.ts";
const coverage = "src/domain/billing/coverage.ts";
const money = "src/domain/billing/money.ts";

const worked = { cases: "worked" } as const;
const all = { cases: "all" } as const;

const discount = "${nearest(sql`backup_cents * discount_rate * storm_us * factor`, sql`window_us`)}";
const exactDiscount = "roundHalfAway(multiply(integer(backupChargeCents), parseDecimal(terms.discountRate), coverage))";
const roundHalfAway = "const rounded = (2n * size + denominator) / (2n * denominator);";
const credited = "select snapshot_id, storm_id, factor, from_at, to_at from near_parts where credit = 'earned'";

/**
 * What the price of a window must never become (semantics §9): `statement` is the SQL that issues invoices, `domain` the rules that
 * explain it.
 */
export const pricing: readonly Mutant[] = [
  {
    id: "pricing: binary floats, statement",
    breaks: "a discount is reckoned in binary floating point",
    killedBy: worked,
    file: figures,
    from: discount,
    to: "floor(backup_cents::float8 * discount_rate::float8 * (storm_us::float8 / window_us::float8) * factor::float8 + 0.5::float8)::numeric",
  },
  {
    id: "pricing: binary floats, domain",
    breaks: "a discount is reckoned in binary floating point",
    killedBy: worked,
    file: pricingFile,
    from: exactDiscount,
    to: `BigInt(Math.round(backupChargeCents * Number(terms.discountRate)
      * (usage.stormMicroseconds / usage.windowMicroseconds) * Number(usage.maxCoverageFactor)))`,
  },
  {
    id: "pricing: divide first, statement",
    breaks: "the share of a window under storms is rounded before it is multiplied",
    killedBy: worked,
    file: figures,
    from: discount,
    to: "round(backup_cents * (storm_us::numeric(20, 0) / window_us::numeric(20, 0)) * discount_rate * factor)",
  },
  {
    id: "pricing: divide first, domain",
    breaks: "the share of a window under storms is rounded before it is multiplied",
    killedBy: worked,
    file: pricingFile,
    from: "const ratio = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));",
    to: `const exact = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));
      const ratio = fraction((exact.numerator * 10n ** 16n) / exact.denominator, 10n ** 16n);`,
  },
  {
    id: "pricing: half to even, statement",
    breaks: "halves are rounded to the even neighbour",
    killedBy: worked,
    file: figures,
    from: "const nearest = (n: SQL, d: SQL): SQL => sql`div((${n}) * 2 + ${d}, ${d} * 2)`;",
    to: `const nearest = (n: SQL, d: SQL): SQL => sql\`(div((\${n}) * 2 + \${d}, \${d} * 2)
      - case when mod((\${n}) * 2 + \${d}, \${d} * 2) = 0 and mod(div((\${n}) * 2 + \${d}, \${d} * 2), 2) = 1 then 1 else 0 end)\`;`,
  },
  {
    id: "pricing: half to even, domain",
    breaks: "halves are rounded to the even neighbour",
    killedBy: worked,
    file: money,
    from: roundHalfAway,
    to: `const up = (2n * size + denominator) / (2n * denominator);
      const rounded = (2n * size + denominator) % (2n * denominator) === 0n && up % 2n === 1n ? up - 1n : up;`,
  },
  {
    id: "pricing: storms summed instead of united, statement",
    breaks: "time under two storms counts twice",
    killedBy: worked,
    file: figures,
    from: "range_agg(tstzrange(",
    to: "array_agg(tstzrange(",
  },
  {
    id: "pricing: storms summed instead of united, domain",
    breaks: "time under two storms counts twice",
    killedBy: worked,
    file: coverage,
    from: "span.startMs <= last.endMs",
    to: "false",
  },
  {
    id: "pricing: discount on the primary side, statement",
    breaks: "what the primary carried is discounted",
    killedBy: worked,
    file: figures,
    from: discount,
    to: discount.replace("backup_cents", "primary_cents"),
  },
  {
    id: "pricing: discount on the primary side, domain",
    breaks: "what the primary carried is discounted",
    killedBy: worked,
    file: pricingFile,
    from: "integer(backupChargeCents)",
    to: "integer(primaryChargeCents)",
  },
  {
    id: "pricing: open storm ignored, statement",
    breaks: "a storm that goes on counts as none",
    killedBy: worked,
    file: figures,
    from: "else 'infinity'::timestamptz end, e.credited_until)`",
    to: "else e.started_at end, e.credited_until)`",
  },
  {
    id: "pricing: open storm ignored, domain",
    breaks: "a storm that goes on counts as none",
    killedBy: worked,
    file: coverage,
    from: "return Number.POSITIVE_INFINITY;",
    to: "return storm.startedAtMs;",
  },
  {
    id: "pricing: factor cap ignored, statement",
    breaks: "a discount knows no coverage factor",
    killedBy: worked,
    file: figures,
    from: discount,
    to: discount.replace(" * factor", ""),
  },
  {
    id: "pricing: factor cap ignored, domain",
    breaks: "a discount knows no coverage factor",
    killedBy: worked,
    file: pricingFile,
    from: "multiply(ratio, parseDecimal(usage.maxCoverageFactor))",
    to: "multiply(ratio)",
  },
  {
    id: "pricing: discount beyond the amount, statement",
    breaks: "a window costs less than nothing",
    killedBy: all,
    file: figures,
    from: "least(primary_cents + backup_cents,",
    to: "least(1e15,",
  },
  {
    id: "pricing: discount beyond the amount, domain",
    breaks: "a window costs less than nothing",
    killedBy: all,
    file: pricingFile,
    from: "Math.min(amountCents, fullDiscountCents)",
    to: "fullDiscountCents",
  },
  {
    id: "pricing: recovering storm runs on, statement",
    breaks: "a storm counts while it recovers",
    killedBy: all,
    file: figures,
    from: "when 'recovering' then e.recovering_since",
    to: "when 'recovering' then 'infinity'::timestamptz",
  },
  {
    id: "pricing: recovering storm runs on, domain",
    breaks: "a storm counts while it recovers",
    killedBy: all,
    file: coverage,
    from: "return storm.recoveringSinceMs ?? storm.startedAtMs;",
    to: "return Number.POSITIVE_INFINITY;",
  },
  {
    id: "pricing: smallest factor, statement",
    breaks: "of several storms the smallest factor counts",
    killedBy: all,
    file: figures,
    from: "max(factor) as factor",
    to: "min(factor) as factor",
  },
  {
    id: "pricing: smallest factor, domain",
    breaks: "of several storms the smallest factor counts",
    killedBy: all,
    file: coverage,
    from: "parseDecimal(greatest)) > 0",
    to: 'parseDecimal(greatest)) < 0 || greatest === "0"',
  },
  {
    id: "pricing: factor of a storm that shares no time, statement",
    breaks: "a storm of no length lends its factor",
    killedBy: all,
    file: figures,
    from: " and ${stormEnd} > e.started_at",
    to: "",
  },
  {
    id: "pricing: factor of a storm that shares no time, domain",
    breaks: "a storm of no length lends its factor",
    killedBy: all,
    file: coverage,
    from: "startMs < endMs ?",
    to: "startMs <= endMs ?",
  },
  {
    id: "pricing: quotient rounded twice, statement",
    breaks: "what a side costs is rounded to sixteen digits first",
    killedBy: all,
    file: figures,
    from: "nearest(sql`${bytes} * w.rate`, sql`1073741824::numeric`)",
    to: "sql`round((${bytes} * w.rate) / 1073741824)`",
  },
  {
    id: "pricing: quotient rounded twice, domain",
    breaks: "what a side costs is rounded to sixteen digits first",
    killedBy: all,
    file: money,
    from: roundHalfAway,
    to: "const rounded = ((20n * 10n ** 9n * size) / denominator + 10n ** 10n + 10n) / (20n * 10n ** 9n);",
  },
  {
    id: "credit: pending storm counted, statement",
    breaks: "a storm whose credit is pending earns",
    killedBy: all,
    file: figures,
    from: credited,
    to: credited.replace("= 'earned'", "<> 'refused'"),
  },
  {
    id: "credit: pending storm counted, domain",
    breaks: "a storm whose credit is pending earns",
    killedBy: all,
    file: coverage,
    from: 'storm.credit !== "earned"',
    to: 'storm.credit === "refused"',
  },
  {
    id: "credit: refused storm counted, statement",
    breaks: "a storm whose credit was refused earns",
    killedBy: all,
    file: figures,
    from: credited,
    to: credited.replace("= 'earned'", "<> 'pending'"),
  },
  {
    id: "credit: refused storm counted, domain",
    breaks: "a storm whose credit was refused earns",
    killedBy: all,
    file: coverage,
    from: 'storm.credit !== "earned"',
    to: 'storm.credit === "pending"',
  },
  {
    id: "credit: corroborated storm counted beyond what was seen, statement",
    breaks: "a storm earns longer than its CDN was seen failing",
    killedBy: all,
    file: figures,
    from: "end, e.credited_until)`",
    to: "end)`",
  },
  {
    id: "credit: corroborated storm counted beyond what was seen, domain",
    breaks: "a storm earns longer than its CDN was seen failing",
    killedBy: all,
    file: coverage,
    from: "Math.min(endOf(storm), storm.creditedUntilMs ?? Number.POSITIVE_INFINITY)",
    to: "endOf(storm)",
  },
];
