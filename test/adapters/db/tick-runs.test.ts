import { afterAll, beforeAll, expect, it } from "vitest";
import { createTickRunStore } from "../../../src/adapters/db/coordination/tick-runs.ts";
import type { TestDatabase } from "../../support/database.ts";
import { freshDatabase } from "../../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

it("knows the latest run of each shard and provider", async () => {
  const runs = createTickRunStore(database.db);
  expect(await runs.isLatest(0, "vercel", "a"), "nothing has begun that anybody knows of").toBe(true);
  await runs.begin(0, "vercel", "a");
  await runs.begin(1, "vercel", "b");
  await runs.begin(0, "cloudflare", "c");
  expect(await runs.isLatest(0, "vercel", "a")).toBe(true);
  await runs.begin(0, "vercel", "d");
  expect([await runs.isLatest(0, "vercel", "a"), await runs.isLatest(0, "vercel", "d")]).toEqual([false, true]);
  expect([await runs.isLatest(1, "vercel", "b"), await runs.isLatest(0, "cloudflare", "c")]).toEqual([true, true]);
});
