import { readFileSync } from "node:fs";
import type { World } from "./worlds.ts";

/** A case of billing.json: what finance expects of one customer. */
export type BillingCase = {
  readonly name: string;
  readonly terms: { readonly rateCentsPerGb: string; readonly discountRate: string };
  readonly world: World;
  readonly expected: {
    readonly lines: readonly {
      readonly service: number;
      readonly windowStart: string;
      readonly amountCents: number;
      readonly discountCents: number;
      readonly coverage: number;
    }[];
    readonly subtotalCents: number;
    readonly discountCents: number;
    readonly totalCents: number;
  };
};

type Fixture = {
  now: string;
  cases: {
    name: string;
    terms: { rate_cents_per_gb: number; discount_rate: number };
    max_coverage_factors: Record<string, number[]>;
    snapshots: {
      service: number;
      window_start: string;
      window_end: string;
      primary_bytes: number;
      backup_bytes: number;
    }[];
    storms: { service: number; started_at: string; ended_at: string | null }[];
    expected: {
      lines: {
        service: number;
        window_start: string;
        amount_cents: number;
        discount_cents: number;
        coverage_factor: number;
      }[];
      subtotal_cents: number;
      discount_cents: number;
      total_cents: number;
    };
  }[];
};

const fixture = JSON.parse(readFileSync(new URL("../fixtures/billing.json", import.meta.url), "utf8")) as Fixture;

/** The moment at which the cases are billed. */
export const casesNowMs = Date.parse(fixture.now);

/** The worked cases; each storm carries the greatest factor that is listed for its service, 1 where none is. */
export const billingCases: readonly BillingCase[] = fixture.cases.map((item) => ({
  name: item.name,
  terms: { rateCentsPerGb: String(item.terms.rate_cents_per_gb), discountRate: String(item.terms.discount_rate) },
  world: {
    snapshots: item.snapshots.map((snapshot) => ({
      service: snapshot.service,
      windowStart: snapshot.window_start,
      windowEnd: snapshot.window_end,
      primaryBytes: snapshot.primary_bytes,
      backupBytes: snapshot.backup_bytes,
    })),
    storms: item.storms.map((storm) => {
      const factors = item.max_coverage_factors[String(storm.service)] ?? [];
      return {
        service: storm.service,
        state: storm.ended_at === null ? ("storm" as const) : ("ended" as const),
        startedAt: storm.started_at,
        recoveringSince: null,
        endedAt: storm.ended_at,
        factor: String(factors.length === 0 ? 1 : Math.max(...factors)),
      };
    }),
  },
  expected: {
    lines: item.expected.lines.map((line) => ({
      service: line.service,
      windowStart: line.window_start,
      amountCents: line.amount_cents,
      discountCents: line.discount_cents,
      coverage: line.coverage_factor,
    })),
    subtotalCents: item.expected.subtotal_cents,
    discountCents: item.expected.discount_cents,
    totalCents: item.expected.total_cents,
  },
}));
