/** A file in which a mutant lives, and what it replaces there. `from` must be found, or the mutant is out of date. */
export type Edit = { readonly file: string; readonly from: string; readonly to: string };

/** One way in which money could go wrong. `sql` is the billing statement, `domain` the rules that explain it: tried apart. */
export type SourceMutant = { readonly name: string; readonly sql: readonly Edit[]; readonly domain: readonly Edit[] };

const figures = "src/adapters/db/billing-figures.ts";
const pricing = "src/domain/pricing.ts";
const coverage = "src/domain/coverage.ts";
const money = "src/domain/money.ts";

const discount = "${nearest(sql`backup_cents * discount_rate * storm_us * factor`, sql`window_us`)}";
const nearest = "const nearest = (n: SQL, d: SQL): SQL => sql`div((${n}) * 2 + ${d}, ${d} * 2)`;";
const nearestToEven = `const nearest = (n: SQL, d: SQL): SQL => sql\`(div((\${n}) * 2 + \${d}, \${d} * 2)
  - case when mod((\${n}) * 2 + \${d}, \${d} * 2) = 0 and mod(div((\${n}) * 2 + \${d}, \${d} * 2), 2) = 1 then 1 else 0 end)\`;`;
const roundHalfAway = "const rounded = (2n * size + denominator) / (2n * denominator);";
const exactDiscount = "roundHalfAway(multiply(integer(backupChargeCents), parseDecimal(terms.discountRate), coverage)),";

/** The seven of semantics §9. */
export const named: readonly SourceMutant[] = [
  {
    name: "binary floats",
    sql: [{
      file: figures, from: discount,
      to: "floor(backup_cents::float8 * discount_rate::float8 * (storm_us::float8 / window_us::float8) * factor::float8 + 0.5::float8)::numeric",
    }],
    domain: [{
      file: pricing, from: exactDiscount,
      to: `BigInt(Math.round(backupChargeCents * Number(terms.discountRate)
        * (usage.stormMicroseconds / usage.windowMicroseconds) * Number(usage.maxCoverageFactor))),`,
    }],
  },
  {
    name: "divide first",
    sql: [{
      file: figures, from: discount,
      to: "round(backup_cents * (storm_us::numeric(20, 0) / window_us::numeric(20, 0)) * discount_rate * factor)",
    }],
    domain: [{
      file: pricing,
      from: "const ratio = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));",
      to: `const exact = divide(integer(usage.stormMicroseconds), integer(usage.windowMicroseconds));
        const ratio = fraction((exact.numerator * 10n ** 16n) / exact.denominator, 10n ** 16n);`,
    }],
  },
  {
    name: "half to even",
    sql: [{ file: figures, from: nearest, to: nearestToEven }],
    domain: [{
      file: money, from: roundHalfAway,
      to: `const up = (2n * size + denominator) / (2n * denominator);
        const rounded = (2n * size + denominator) % (2n * denominator) === 0n && up % 2n === 1n ? up - 1n : up;`,
    }],
  },
  {
    name: "storms summed instead of united",
    sql: [{ file: figures, from: "range_agg(tstzrange(", to: "array_agg(tstzrange(" }],
    domain: [{ file: coverage, from: "span.startMs <= last.endMs", to: "false" }],
  },
  {
    name: "discount on the primary side",
    sql: [{ file: figures, from: discount, to: discount.replace("backup_cents", "primary_cents") }],
    domain: [{ file: pricing, from: "integer(backupChargeCents)", to: "integer(primaryChargeCents)" }],
  },
  {
    name: "open storm ignored",
    sql: [{ file: figures, from: "else 'infinity'::timestamptz end`", to: "else e.started_at end`" }],
    domain: [{ file: coverage, from: "return Number.POSITIVE_INFINITY;", to: "return storm.startedAtMs;" }],
  },
  {
    name: "factor cap ignored",
    sql: [{ file: figures, from: discount, to: discount.replace(" * factor", "") }],
    domain: [{ file: pricing, from: "multiply(ratio, parseDecimal(usage.maxCoverageFactor))", to: "multiply(ratio)" }],
  },
];

/** Slips that adjustments invite; the statement alone knows them. */
export const ofAdjustments: readonly SourceMutant[] = [
  {
    name: "adjustment bills the whole window again",
    sql: [{ file: figures, from: "amount - was_amount as amount", to: "case when kind = 'usage' then amount else amount end as amount" }],
    domain: [],
  },
  {
    name: "adjustment forgets earlier adjustments",
    sql: [{ file: figures, from: "where a.snapshot_id = ${snapshotId} and a.kind = 'adjustment'", to: "where a.snapshot_id = ${snapshotId} and false" }],
    domain: [],
  },
  {
    name: "adjustment ignores corrected bytes",
    sql: [{ file: figures, from: "coalesce(k.primary_bytes, u.primary_bytes), coalesce(k.backup_bytes, u.backup_bytes),", to: "u.primary_bytes, u.backup_bytes," }],
    domain: [],
  },
  {
    name: "adjustment at the terms of today",
    sql: [{ file: figures, from: "l.rate_cents_per_gb, l.discount_rate, l.currency, l.terms_id,", to: "${defaults.rateCentsPerGb}::numeric, ${defaults.discountRate}::numeric, l.currency, l.terms_id," }],
    domain: [],
  },
  {
    name: "adjustment only where there is more to pay",
    sql: [{ file: figures, from: "is distinct from (was_primary_bytes, was_backup_bytes, was_amount, was_discount)", to: "> (was_primary_bytes, was_backup_bytes, was_amount, was_discount)" }],
    domain: [],
  },
  {
    name: "late window never billed",
    sql: [{ file: figures, from: "where u.invoice_id is null and u.window_end <= ${at(billUntilMs)}", to: "where u.invoice_id is null and u.window_end <= ${at(billUntilMs)} and u.window_end > ${at(billUntilMs - 86_400_000)}" }],
    domain: [],
  },
];
