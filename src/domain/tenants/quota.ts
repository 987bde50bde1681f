/**
 * What a customer may have of each at once; revoked and deleted ones do not count. A new kind is a line here, its default in
 * `config.ts`, and how it is counted in `adapters/db/tenants/quotas.ts`.
 */
export const quotaKinds = [
  "services",
  "domains",
  "unverified_domains",
  "policies",
  "tokens",
  "channels",
  "objectives",
  "cost_accounts",
] as const;

export type QuotaKind = (typeof quotaKinds)[number];

export type QuotaLimits = Readonly<Record<QuotaKind, number>>;

/** The highest possible limit. */
export const mostOfAnything = 1_000_000;
