import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import type { TestDatabase } from "../support/database.ts";
import { billingCases } from "./cases.ts";
import { failedInDatabase, failedInDomain } from "./judge.ts";
import { furtherMutants, namedMutants } from "./mutants.ts";
import { mutatedDatabase, mutatedDomain } from "./mutated.ts";
import { ownCases } from "./own-cases.ts";
import { takeLease } from "./worlds.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await freshDatabase();
  await takeLease(database);
});
afterAll(() => database.close());

const everyCase = [...billingCases, ...ownCases];

describe("an untouched copy of the domain", () => {
  it("prices every case right", async () => {
    expect(failedInDomain(await mutatedDomain([]), everyCase)).toEqual([]);
  });
});

describe.each(namedMutants)("mutant: $name", ({ sql, source }) => {
  it("fails a worked case in the database", async () => {
    expect(await failedInDatabase(database, mutatedDatabase(database.db, sql), billingCases)).not.toEqual([]);
  });

  it("fails a worked case in the domain", async () => {
    expect(failedInDomain(await mutatedDomain(source), billingCases)).not.toEqual([]);
  });
});

describe.each(furtherMutants)("mutant: $name", ({ sql, source }) => {
  it("fails a case in the database", async () => {
    expect(await failedInDatabase(database, mutatedDatabase(database.db, sql), everyCase)).not.toEqual([]);
  });

  it("fails a case in the domain", async () => {
    expect(failedInDomain(await mutatedDomain(source), everyCase)).not.toEqual([]);
  });
});
