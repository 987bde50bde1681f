/** A file in which a mutant lives, and what it replaces there. `from` must be found, or the mutant is out of date. */
export type Edit = { readonly file: string; readonly from: string; readonly to: string };

/** One way in which money could go wrong. `sql` is the billing statement, `domain` the rules that explain it: tried apart. */
export type SourceMutant = { readonly name: string; readonly sql: readonly Edit[]; readonly domain: readonly Edit[] };

const figures = "src/adapters/db/billing/billing-figures.ts";
const pricing = "src/domain/billing/pricing.ts";
const coverage = "src/domain/billing/coverage.ts";
const money = "src/domain/billing/money.ts";
const due = "src/adapters/db/billing/billing-due.ts";
const documents = "src/adapters/db/billing/billing-documents.ts";
const cycle = "src/domain/billing/billing-cycle.ts";
const currency = "src/domain/billing/currency.ts";

const discount = "${nearest(sql`backup_cents * discount_rate * storm_us * factor`, sql`window_us`)}";
const nearest = "const nearest = (n: SQL, d: SQL): SQL => sql`div((${n}) * 2 + ${d}, ${d} * 2)`;";
const nearestToEven = `const nearest = (n: SQL, d: SQL): SQL => sql\`(div((\${n}) * 2 + \${d}, \${d} * 2)
  - case when mod((\${n}) * 2 + \${d}, \${d} * 2) = 0 and mod(div((\${n}) * 2 + \${d}, \${d} * 2), 2) = 1 then 1 else 0 end)\`;`;
const roundHalfAway = "const rounded = (2n * size + denominator) / (2n * denominator);";
const exactDiscount = "roundHalfAway(multiply(integer(backupChargeCents), parseDecimal(terms.discountRate), coverage))";

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
        * (usage.stormMicroseconds / usage.windowMicroseconds) * Number(usage.maxCoverageFactor)))`,
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
    sql: [{ file: figures, from: "else 'infinity'::timestamptz end, e.credited_until)`", to: "else e.started_at end, e.credited_until)`" }],
    domain: [{ file: coverage, from: "return Number.POSITIVE_INFINITY;", to: "return storm.startedAtMs;" }],
  },
  {
    name: "factor cap ignored",
    sql: [{ file: figures, from: discount, to: discount.replace(" * factor", "") }],
    domain: [{ file: pricing, from: "multiply(ratio, parseDecimal(usage.maxCoverageFactor))", to: "multiply(ratio)" }],
  },
];

const credited = "select snapshot_id, storm_id, factor, from_at, to_at from near_parts where credit = 'earned'";

/** Slips in who earns. */
export const ofCredit: readonly SourceMutant[] = [
  {
    name: "credit: pending storm counted",
    sql: [{ file: figures, from: credited, to: credited.replace("= 'earned'", "<> 'refused'") }],
    domain: [{ file: coverage, from: 'storm.credit !== "earned"', to: 'storm.credit === "refused"' }],
  },
  {
    name: "credit: refused storm counted",
    sql: [{ file: figures, from: credited, to: credited.replace("= 'earned'", "<> 'pending'") }],
    domain: [{ file: coverage, from: 'storm.credit !== "earned"', to: 'storm.credit === "pending"' }],
  },
  {
    name: "credit: corroborated storm counted beyond what was seen",
    sql: [{ file: figures, from: "end, e.credited_until)`", to: "end)`" }],
    domain: [{ file: coverage, from: "Math.min(endOf(storm), storm.creditedUntilMs ?? Number.POSITIVE_INFINITY)", to: "endOf(storm)" }],
  },
  {
    name: "credit: what has earned nothing not named on the invoice",
    sql: [{ file: figures, from: "where n.credit <> 'earned'", to: "where n.credit = 'earned'" }],
    domain: [],
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
    sql: [{ file: figures, from: "l.rate_cents_per_gb, l.discount_rate, l.currency, l.terms_id,", to: "${query.defaults.rateCentsPerGb}::numeric, ${query.defaults.discountRate}::numeric, l.currency, l.terms_id," }],
    domain: [],
  },
  {
    name: "adjustment only where there is more to pay",
    sql: [{ file: figures, from: "is distinct from (was_primary_bytes, was_backup_bytes, was_amount, was_discount)", to: "> (was_primary_bytes, was_backup_bytes, was_amount, was_discount)" }],
    domain: [],
  },
  {
    name: "late window never billed",
    sql: [{ file: figures, from: "where u.invoice_id is null and u.window_end <= c.bill_until", to: "where u.invoice_id is null and u.window_end <= c.bill_until and u.window_end > c.bill_until - interval '1 day'" }],
    domain: [],
  },
];

const tax = "round(${totalCents} * (e.value->>'rate')::numeric)";
const exactTax = "(${totalCents} * (e.value->>'rate')::numeric)";

/** Slips in when something is billed, and in what its document says. */
export const ofDocuments: readonly SourceMutant[] = [
  {
    name: "exponent 2 for every currency",
    sql: [{ file: documents, from: "coalesce((${JSON.stringify(exponentsByCode)}::jsonb ->> ${currency})::smallint, 2)", to: "case when ${currency} is null then 0 else 2 end" }],
    domain: [{ file: currency, from: "exponents.get(code) ?? null", to: "exponents.has(code) ? 2 : null" }],
  },
  {
    name: "cycle closes too early, ignoring the grace",
    sql: [],
    domain: [
      { file: cycle, from: 'closing("day", nowMs - graceMs, 0)', to: 'closing("day", nowMs, 0)' },
      { file: cycle, from: 'closing("month", nowMs - graceMs, 0)', to: 'closing("month", nowMs, 0)' },
    ],
  },
  {
    name: "closed cycle billed again",
    sql: [{ file: due, from: "x.bill_until > c.billed_until", to: "x.bill_until >= c.billed_until" }],
    domain: [],
  },
  {
    name: "cycle closed though there is more of it",
    sql: [{ file: "src/adapters/db/billing/billing.ts", from: "(h.cycle <> 'run' and not r.more)", to: "h.cycle <> 'run'" }, { file: "src/adapters/db/billing/billing.ts", from: "case when h.cycle = 'run' or r.more then", to: "case when h.cycle = 'run' then" }],
    domain: [],
  },
  {
    name: "tax rounded half to even",
    sql: [{ file: documents, from: tax, to: `${tax} - case when abs(${exactTax}) - trunc(abs(${exactTax})) = 0.5 and mod(abs(${tax}), 2) = 1 then sign(${exactTax}) else 0 end` }],
    domain: [],
  },
  {
    name: "incomplete window billed as complete",
    sql: [{ file: due, from: "sql`((u.primary_incomplete or u.backup_incomplete) and u.window_end > ${at(withheldAfterMs)})`", to: "sql`(${at(withheldAfterMs)} is null)`" }],
    domain: [],
  },
  {
    name: "estimated line that does not say so",
    sql: [{ file: figures, from: "u.primary_incomplete or u.backup_incomplete as estimated", to: "false as estimated" }],
    domain: [],
  },
  {
    name: "invoice of nothing",
    sql: [{ file: figures, from: "w.amount <> 0 or w.discount <> 0", to: "w.amount is not null" }],
    domain: [],
  },
  {
    name: "what costs nothing goes first",
    sql: [{ file: figures, from: "order by costs desc, service_id, window_start\n  limit ${query.maxWindows}\n), due as", to: "order by service_id, window_start\n  limit ${query.maxWindows}\n), due as" }],
    domain: [],
  },
];
