import { expect } from "vitest";
import type { BillingStore } from "../../src/adapters/ports/billing/billing.ts";
import type { TestDatabase } from "../support/database.ts";
import { casesNowMs } from "./cases.ts";
import type { BillingCase } from "./cases.ts";
import { bill, recordingLog } from "./run.ts";
import { seed, storedLines } from "./worlds.ts";

/** The rules that explain a price. */
export type PricingDomain = {
  readonly coverWindow: typeof import("../../src/domain/billing/coverage.ts").coverWindow;
  readonly priceLine: typeof import("../../src/domain/billing/pricing.ts").priceLine;
  readonly totalInvoice: typeof import("../../src/domain/billing/pricing.ts").totalInvoice;
};

type Cents = { service: number; windowStart: string; amountCents: number; discountCents: number };

const figures = (lines: readonly Cents[]): string =>
  lines
    .map((line) => [line.service, Date.parse(line.windowStart), line.amountCents, line.discountCents].join(" "))
    .toSorted((a, b) => a.localeCompare(b))
    .join("\n");

/** Names of the cases whose figures come out differently when billed by `store`, or that the database refuses. */
export const failedInDatabase = async (database: TestDatabase, store: BillingStore, cases: readonly BillingCase[]): Promise<string[]> => {
  const failed: string[] = [];
  for (const group of Map.groupBy(cases, ({ terms }) => JSON.stringify(terms)).values()) {
    const customerIds = await seed(
      database,
      group.map(({ world }) => world),
    );
    const terms = group[0]?.terms ?? { rateCentsPerGb: "", discountRate: "" };
    const log = recordingLog();
    const report = await bill(database.db, casesNowMs, { store, terms, log });
    // A constraint may catch a mutant; a statement that does not run at all catches nothing.
    for (const error of log.errors) expect(error).toContain("violates check constraint");
    expect(report.invoices + report.failures).toBe(group.length);
    if (report.failures > 0) await bill(database.db, casesNowMs, { terms });
    failed.push(...Array.from({ length: report.failures }, () => "refused by the database"));
    const lines = await storedLines(database, customerIds);
    group.forEach(({ name, expected }, index) => {
      const stored = lines.get(customerIds[index] ?? 0) ?? [];
      if (figures(stored) !== figures(expected.lines)) failed.push(name);
    });
  }
  return failed;
};

/** The same, when priced by these functions. */
export const failedInDomain = (domain: PricingDomain, cases: readonly BillingCase[]): string[] =>
  cases
    .filter(({ terms, world, expected }) => {
      const lines = world.snapshots.map((snapshot) => {
        const window = { startMs: Date.parse(snapshot.windowStart), endMs: Date.parse(snapshot.windowEnd) };
        const storms = world.storms
          .filter(({ service }) => service === snapshot.service)
          .map((storm) => ({
            state: storm.state,
            startedAtMs: Date.parse(storm.startedAt),
            recoveringSinceMs: storm.recoveringSince === null ? null : Date.parse(storm.recoveringSince),
            endedAtMs: storm.endedAt === null ? null : Date.parse(storm.endedAt),
            maxCoverageFactor: storm.factor,
            credit: storm.credit ?? "earned",
            creditedUntilMs: storm.creditedUntil == null ? null : Date.parse(storm.creditedUntil),
          }));
        const usage = { ...snapshot, windowMicroseconds: (window.endMs - window.startMs) * 1000 };
        return { ...snapshot, ...domain.priceLine({ ...usage, ...domain.coverWindow(storms, window) }, terms) };
      });
      const { subtotalCents, discountCents, totalCents } = expected;
      const totals = JSON.stringify({ subtotalCents, discountCents, totalCents });
      return figures(lines) !== figures(expected.lines) || JSON.stringify(domain.totalInvoice(lines)) !== totals;
    })
    .map(({ name }) => name);
