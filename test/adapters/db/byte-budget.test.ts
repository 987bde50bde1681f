import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyPage, withinBytes } from "../../../src/adapters/db/byte-budget.ts";
import { freshDatabase } from "../../support/database.ts";
import type { TestDatabase } from "../../support/database.ts";
import { countTrips } from "../../support/counting-database.ts";

type Row = { id: number; text: string; cut: boolean };

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.close());

/** Rows of so many characters each, by id from 1 on. */
const texts = (sizes: readonly number[], afterId = 0): SQL => sql`
  select n as id, repeat('x', size) as text from jsonb_array_elements_text(${JSON.stringify(sizes)}::jsonb) with ordinality s(size_text, n)
  cross join lateral (select size_text::int as size) z where n > ${afterId}`;

const bytesOf = ({ id, text }: Pick<Row, "id" | "text">) => JSON.stringify({ id, text }).length + 2;

describe("withinBytes", () => {
  it("gives every page at least one row, never more than the budget beyond it, and each row once, in order", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 12 });
    await fc.assert(fc.asyncProperty(sizes, fc.integer({ min: 1, max: 900 }), fc.boolean(), async (given, budget, backwards) => {
      const order = backwards ? sql`id desc` : sql`id`;
      const seen: number[] = [];
      for (let afterId = backwards ? given.length + 1 : 0; ;) {
        const all = backwards ? sql`select * from (${texts(given)}) t where id < ${afterId}` : texts(given, afterId);
        const page: Row[] = await database.db.rows<Row>(withinBytes(sql`select * from (${all}) t order by ${order}`, order, budget));
        seen.push(...page.map(({ id }) => id));
        expect(page.length === 1 || page.reduce((sum, row) => sum + bytesOf(row), 0) <= budget).toBe(true);
        expect(page.slice(0, -1).every(({ cut }) => !cut)).toBe(true);
        const last = page.at(-1);
        if (last?.cut !== true) break;
        const next = given[last.id - (backwards ? 2 : 0)] ?? 0;
        expect(page.reduce((sum, row) => sum + bytesOf(row), 0) + bytesOf({ id: last.id, text: "x".repeat(next) })).toBeGreaterThan(budget - 1);
        afterId = last.id;
      }
      const ids = given.map((_, index) => index + 1);
      expect(seen).toEqual(backwards ? ids.toReversed() : ids);
    }), { numRuns: 40 });
  });

  it("leaves values and the names of columns as they are", async () => {
    const rows = sql`select 7::bigint as id, '2026-01-02 03:04:05+00'::timestamptz as "atMs", '{"a": [1]}'::jsonb as before, null::text as "row", 1.50 as size`;
    expect(await database.db.rows(withinBytes(rows, sql`id`))).toEqual([
      { id: 7, atMs: Date.UTC(2026, 0, 2, 3, 4, 5), before: { a: [1] }, row: null, size: "1.50", cut: false },
    ]);
    expect(await database.db.rows(withinBytes(sql`select 1 as id where false`, sql`id`))).toEqual([]);
  });
});

describe("everyPage", () => {
  it("reads all rows, in as many answers as they take", async () => {
    const { db, count } = countTrips(database.db);
    const sizes = [1_500_000, 900_000, 10, 3_000_000, 20];
    const all = await everyPage<"id", { id: number; text: string }>(db, "id", (after) => sql`select * from (${texts(sizes, after)}) t order by id`);
    expect(all.map(({ text }) => text.length)).toEqual(sizes);
    expect(Object.keys(all[0] ?? {})).toEqual(["id", "text"]);
    expect(count.trips).toBe(4);
  });
});
