import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Database } from "../../src/adapters/db/platform/client.ts";
import type { DomainFile, Mutant, Replacement } from "./mutants.ts";

const dialect = new PgDialect();

/** @throws Error where there is nothing to replace: the mutant no longer fits the code. */
const replaced = (text: string, { from, to }: Replacement): string => {
  if (!text.includes(from)) throw new Error(`not found, so the mutant is out of date: ${from}`);
  return text.replaceAll(from, () => to);
};

/** The same statement with other text; parameters keep their places. */
const withText = (query: SQL, change: (text: string) => string): SQL => {
  const { sql: text, params } = dialect.sqlToQuery(query);
  const parts = change(text).split(/\$(\d+)/);
  return sql.join(parts.map((part, index) => (index % 2 === 0 ? sql.raw(part) : sql`${params[Number(part) - 1]}`)));
};

/** A database in which the statement that issues invoices has been tampered with. */
export const mutatedDatabase = (db: Database, replacements: readonly Replacement[]): Database => ({
  rows: (query) => db.rows(query),
  batch: (queries) =>
    db.batch(
      queries.map((query) =>
        withText(query, (text) => (text.includes("insert into invoices") ? replacements.reduce(replaced, text) : text)),
      ),
    ),
});

export type PricingDomain = {
  readonly coverWindow: typeof import("../../src/domain/billing/coverage.ts").coverWindow;
  readonly priceLine: typeof import("../../src/domain/billing/pricing.ts").priceLine;
  readonly totalInvoice: typeof import("../../src/domain/billing/pricing.ts").totalInvoice;
};

const domainFiles: readonly DomainFile[] = ["money.ts", "coverage.ts", "pricing.ts"];

/** Loads a copy of the pricing domain in which the source has been tampered with. */
export const mutatedDomain = async (source: Mutant["source"]): Promise<PricingDomain> => {
  const folder = await mkdtemp(join(tmpdir(), "tranche-mutant-"));
  try {
    for (const file of domainFiles) {
      const text = await readFile(new URL(`../../src/domain/billing/${file}`, import.meta.url), "utf8");
      await writeFile(join(folder, file), source.filter((change) => change.file === file).reduce(replaced, text));
    }
    const load = (file: DomainFile): Promise<PricingDomain> => import(pathToFileURL(join(folder, file)).href);
    return { ...(await load("coverage.ts")), ...(await load("pricing.ts")) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
