import { billing } from "./killers.ts";
import type { Mutant } from "./mutant.ts";

const file = "src/adapters/db/billing/billing-figures.ts";
const killedBy = { tests: billing } as const;

/** Slips that adjustments invite; the statement alone knows them. */
export const adjustments: readonly Mutant[] = [
  {
    id: "adjustment: the whole window again",
    breaks: "what was billed before is billed once more",
    killedBy,
    file,
    from: "amount - was_amount as amount",
    to: "case when kind = 'usage' then amount else amount end as amount",
  },
  {
    id: "adjustment: earlier adjustments forgotten",
    breaks: "the same difference is billed at every run",
    killedBy,
    file,
    from: "where a.snapshot_id = ${snapshotId} and a.kind = 'adjustment'",
    to: "where a.snapshot_id = ${snapshotId} and false",
  },
  {
    id: "adjustment: corrected bytes ignored",
    breaks: "a correction changes no invoice",
    killedBy,
    file,
    from: "coalesce(k.primary_bytes, u.primary_bytes), coalesce(k.backup_bytes, u.backup_bytes),",
    to: "u.primary_bytes, u.backup_bytes,",
  },
  {
    id: "adjustment: terms of today",
    breaks: "a window is recomputed at other terms than its line's",
    killedBy,
    file,
    from: "l.rate_cents_per_gb, l.discount_rate, l.currency, l.terms_id,",
    to: "${query.defaults.rateCentsPerGb}::numeric, ${query.defaults.discountRate}::numeric, l.currency, l.terms_id,",
  },
  {
    id: "adjustment: only where there is more to pay",
    breaks: "nothing is ever given back",
    killedBy,
    file,
    from: "is distinct from (was_primary_bytes, was_backup_bytes, was_amount, was_discount)",
    to: "> (was_primary_bytes, was_backup_bytes, was_amount, was_discount)",
  },
  {
    id: "adjustment: late window never billed",
    breaks: "a window that was reported a day late is never billed",
    killedBy,
    file,
    from: "where u.invoice_id is null and u.window_end <= c.bill_until",
    to: "where u.invoice_id is null and u.window_end <= c.bill_until and u.window_end > c.bill_until - interval '1 day'",
  },
];
