import { billing } from "./killers.ts";
import type { Mutant } from "./mutant.ts";

const figures = "src/adapters/db/billing/billing-figures.ts";
const due = "src/adapters/db/billing/billing-due.ts";
const issued = "src/adapters/db/billing/billing-documents.ts";
const avoided = "src/adapters/db/slo/avoided.ts";
const cycle = "src/domain/billing/billing-cycle.ts";
const killedBy = { tests: billing } as const;

const tax = "round(${totalCents} * (e.value->>'rate')::numeric)";
const exactTax = "(${totalCents} * (e.value->>'rate')::numeric)";

/** Slips in when something is billed, and in what its document says. */
export const documents: readonly Mutant[] = [
  {
    id: "document: exponent 2 for every currency, statement",
    breaks: "a yen has cents",
    killedBy,
    file: issued,
    from: "coalesce((${JSON.stringify(exponentsByCode)}::jsonb ->> ${currency})::smallint, 2)",
    to: "case when ${currency} is null then 0 else 2 end",
  },
  {
    id: "document: exponent 2 for every currency, domain",
    breaks: "a yen has cents",
    killedBy,
    file: "src/domain/billing/currency.ts",
    from: "exponents.get(code) ?? null",
    to: "exponents.has(code) ? 2 : null",
  },
  {
    id: "document: cycle closes too early",
    breaks: "a cycle is closed before its grace is over",
    killedBy,
    file: cycle,
    from: 'closing("day", nowMs - graceMs, 0)',
    to: 'closing("day", nowMs, 0)',
    also: [{ from: 'closing("month", nowMs - graceMs, 0)', to: 'closing("month", nowMs, 0)' }],
  },
  {
    id: "document: closed cycle billed again",
    breaks: "a cycle that was closed has a second invoice",
    killedBy,
    file: due,
    from: "x.bill_until > c.billed_until",
    to: "x.bill_until >= c.billed_until",
  },
  {
    id: "document: cycle closed though there is more of it",
    breaks: "what did not fit into the first part of a cycle is not in it",
    killedBy,
    file: "src/adapters/db/billing/billing.ts",
    from: "(h.cycle <> 'run' and not r.more)",
    to: "h.cycle <> 'run'",
    also: [{ from: "case when h.cycle = 'run' or r.more then", to: "case when h.cycle = 'run' then" }],
  },
  {
    id: "document: tax rounded half to even",
    breaks: "halves of a tax are rounded to the even neighbour",
    killedBy,
    file: issued,
    from: tax,
    to: `${tax} - case when abs(${exactTax}) - trunc(abs(${exactTax})) = 0.5 and mod(abs(${tax}), 2) = 1 then sign(${exactTax}) else 0 end`,
  },
  {
    id: "document: incomplete window billed as complete",
    breaks: "a window is billed before it could be completed",
    killedBy,
    file: due,
    from: "sql`((u.primary_incomplete or u.backup_incomplete) and u.window_end > ${at(withheldAfterMs)})`",
    to: "sql`(${at(withheldAfterMs)} is null)`",
  },
  {
    id: "document: estimated line that does not say so",
    breaks: "a line of incomplete bytes passes for a complete one",
    killedBy,
    file: figures,
    from: "u.primary_incomplete or u.backup_incomplete as estimated",
    to: "false as estimated",
  },
  {
    id: "document: invoice of nothing",
    breaks: "an invoice is issued on which nothing costs anything",
    killedBy,
    file: figures,
    from: "w.amount <> 0 or w.discount <> 0",
    to: "w.amount is not null",
  },
  {
    id: "document: what costs nothing goes first",
    breaks: "windows that cost nothing crowd out those that do",
    killedBy,
    file: figures,
    from: "order by costs desc, service_id, window_start\n  limit ${query.maxWindows}\n), due as",
    to: "order by service_id, window_start\n  limit ${query.maxWindows}\n), due as",
  },
  {
    id: "document: what has earned nothing not named",
    breaks: "an invoice does not say which storms took nothing off",
    killedBy,
    file: figures,
    from: "where n.credit <> 'earned'",
    to: "where n.credit = 'earned'",
  },
  {
    id: "document: downtime avoided outside of storms",
    breaks: "an invoice claims downtime that no storm made",
    killedBy,
    file: avoided,
    from: "select range_agg(${stormRange(at)} * ${range(from, to)}) as storms",
    to: "select tstzmultirange(${range(from, to)}) as storms",
  },
  {
    id: "document: downtime avoided outside of the period",
    breaks: "two invoices claim the same downtime",
    killedBy,
    file: avoided,
    from: "select range_agg(${stormRange(at)} * ${range(from, to)}) as storms",
    to: "select range_agg(${stormRange(at)}) as storms",
  },
  {
    id: "document: being up counts as downtime avoided",
    breaks: "an invoice claims every minute of a storm",
    killedBy,
    file: avoided,
    from: "where p.avoided\n",
    to: "\n",
  },
  {
    id: "document: downtime avoided in another currency",
    breaks: "an invoice in dollars says euros without their sign",
    killedBy,
    file: issued,
    from: "case when i.currency = ${currencyAt(sql`i.customer_id`, issuedAt, defaultCurrency)} then",
    to: "case when ${currencyAt(sql`i.customer_id`, issuedAt, defaultCurrency)} <> '' then",
  },
  {
    id: "document: downtime avoided rounded down",
    breaks: "half a cent of downtime avoided is lost",
    killedBy,
    file: avoided,
    from: "${product} + 30000000",
    to: "${product}",
  },
  {
    id: "document: silence counts as downtime avoided",
    breaks: "an invoice claims time in which nobody judged the service",
    killedBy,
    file: avoided,
    from: "${believedUntil(serviceId, at)}",
    to: "${at}",
  },
];
