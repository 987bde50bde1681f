import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogue } from "../mutants/catalogue.ts";
import { needsCases } from "../mutants/mutant.ts";
import type { Mutant } from "../mutants/mutant.ts";
import { openTree } from "../mutants/tree.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { billingCases } from "./cases.ts";
import type { BillingCase } from "./cases.ts";
import { failedInDatabase, failedInDomain } from "./judge.ts";
import type { PricingDomain } from "./judge.ts";
import { ownCases } from "./own-cases.ts";
import { takeLease } from "./worlds.ts";

type BillingModule = typeof import("../../src/adapters/db/billing/billing.ts");

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

const everyCase = [...billingCases, ...ownCases];

/** Runs the cases by a copy of the sources. A copy for each mutant: what has been imported once stays as it was. */
const failedIn = async (part: "statement" | "domain", mutant: Mutant | null, cases: readonly BillingCase[]): Promise<string[]> => {
  const tree = await openTree(["src"]);
  const load = async (file: string): Promise<unknown> => await import(pathToFileURL(join(tree.dir, "src", file)).href);
  try {
    if (mutant !== null) await tree.mutate(mutant);
    if (part === "statement") {
      const { createBillingStore } = (await load("adapters/db/billing/billing.ts")) as BillingModule;
      return await failedInDatabase(database, createBillingStore(database.db), cases);
    }
    const rules = [await load("domain/billing/coverage.ts"), await load("domain/billing/pricing.ts")];
    return failedInDomain(Object.assign({}, ...rules) as PricingDomain, cases);
  } finally {
    await tree.close();
  }
};

describe("an untouched copy", () => {
  it.each(["statement", "domain"] as const)("of the %s prices every case right", async (part) => {
    expect(await failedIn(part, null, everyCase)).toEqual([]);
  });
});

describe("a mutant", () => {
  it.each(catalogue.filter(needsCases))("fails a case: $id", async (mutant) => {
    const part = mutant.file.startsWith("src/domain/") ? "domain" : "statement";
    expect(await failedIn(part, mutant, mutant.killedBy.cases === "worked" ? billingCases : everyCase)).not.toEqual([]);
  });
});
