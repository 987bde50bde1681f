import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { everyPage, withinBytes, withinBytesOneByOne } from "../../../src/adapters/db/platform/byte-budget.ts";
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

/** As the database counts: a space behind each colon and comma. */
const bytesOf = ({ id, text }: Pick<Row, "id" | "text">, more = "") => `{"id": ${id}, "text": "${text}"${more}}`.length;

type Cut = (rows: SQL, order: SQL, budgetBytes: number) => SQL;

describe.each<[string, Cut, (row: Row) => number]>([
  ["withinBytes", withinBytes, (row) => bytesOf(row)],
  ["withinBytesOneByOne", withinBytesOneByOne, (row) => bytesOf(row, `, "place": 1`)],
])("%s", (_, cut, size) => {
  it("gives every page at least one row, never more than the budget beyond it, and each row once, in order", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 900 }), fc.boolean(), async (given, budget, backwards) => {
        const order = backwards ? sql`id desc` : sql`id`;
        const row = (id: number): Row => ({ id, text: "x".repeat(given[id - 1] ?? 0), cut: false });
        const left = given.map((_size, index) => index + 1);
        if (backwards) left.reverse();
        for (let afterId = backwards ? given.length + 1 : 0; left.length > 0;) {
          const all = backwards ? sql`select * from (${texts(given)}) t where id < ${afterId}` : texts(given, afterId);
          const page = await database.db.rows<Row>(cut(sql`select * from (${all}) t order by ${order}`, order, budget));
          let fits = 0;
          for (let sum = 0; fits < left.length; fits += 1) {
            sum += size(row(left[fits] ?? 0));
            if (sum > budget) break;
          }
          const expected = left.splice(0, Math.max(1, fits));
          expect(page.map(({ id }) => id)).toEqual(expected);
          expect(page.map((one) => one.cut)).toEqual(expected.map((id) => id === expected.at(-1) && left.length > 0));
          afterId = expected.at(-1) ?? 0;
        }
      }),
      { numRuns: 25 },
    );
  });

  it("leaves values and the names of columns as they are", async () => {
    const rows = sql`select 7::bigint as id, '2026-01-02 03:04:05+00'::timestamptz as "atMs", '{"a": [1]}'::jsonb as before, null::text as "row", 1.50 as size`;
    const [row] = await database.db.rows<Record<string, unknown>>(cut(rows, sql`id`, 1_000));
    expect(row).toMatchObject({ id: 7, atMs: Date.UTC(2026, 0, 2, 3, 4, 5), before: { a: [1] }, row: null, size: "1.50", cut: false });
    expect(await database.db.rows(cut(sql`select 1 as id where false`, sql`id`, 1_000))).toEqual([]);
  });
});

it("withinBytes is cut by its rows as well, in the place of measuring all there are", async () => {
  const rows = (most: number) => sql`select n as id from generate_series(1, ${most}::int) n`;
  const page = await database.db.rows<Row>(withinBytes(rows(5_000), sql`id`));
  expect([page.length, page.at(-1)]).toEqual([2_000, { id: 2_000, cut: true }]);
  const whole = await database.db.rows<Row>(withinBytes(rows(2_000), sql`id`));
  expect([whole.length, whole.at(-1)]).toEqual([2_000, { id: 2_000, cut: false }]);
});

describe("everyPage", () => {
  it("reads all rows, in as many answers as they take", async () => {
    const { db, count } = countTrips(database.db);
    const sizes = [1_500_000, 900_000, 10, 3_000_000, 20];
    const all = await everyPage<"id", { id: number; text: string }>(
      db,
      "id",
      (after) => sql`select * from (${texts(sizes, after)}) t order by id`,
    );
    expect(all.map(({ text }) => text.length)).toEqual(sizes);
    expect(Object.keys(all[0] ?? {})).toEqual(["id", "text"]);
    expect(count.trips).toBe(4);
  });
});
