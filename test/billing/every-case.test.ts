import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBillingStore } from "../../src/adapters/db/billing/billing.ts";
import { coverWindow } from "../../src/domain/billing/coverage.ts";
import { priceLine, totalInvoice } from "../../src/domain/billing/pricing.ts";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { billingCases } from "./cases.ts";
import { failedInDatabase, failedInDomain } from "./judge.ts";
import { ownCases } from "./own-cases.ts";
import { takeLease } from "./worlds.ts";

const everyCase = [...billingCases, ...ownCases];

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

describe("the worked cases and our own", () => {
  it("are billed right in the database", async () => {
    expect(await failedInDatabase(database, createBillingStore(database.db), everyCase)).toEqual([]);
  });

  it("are priced right in the domain", () => {
    expect(failedInDomain({ coverWindow, priceLine, totalInvoice }, everyCase)).toEqual([]);
  });
});
