import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../domain/page-size.ts";
import type { Paged } from "../ports/change.ts";
import type { Database } from "./client.ts";

/**
 * An ordered query, cut where the sizes of its rows add up to more than the budget. Its first row is always there; the
 * last one has `cut` where rows behind it were left out.
 * @param rows a query with a limit, whose columns are named as they are to be returned
 * @param order the order of `rows` once more, over those columns
 */
export const withinBytes = (rows: SQL, order: SQL, budgetBytes = pageBytes): SQL => sql`
  select (f.whole_row).*, coalesce(f.upto + f.next_bytes > ${budgetBytes}::bigint, false) as cut
  from (
    select m.whole_row, sum(m.row_bytes) over in_order as upto, lead(m.row_bytes) over in_order as next_bytes,
      row_number() over in_order as place
    from (select p as whole_row, octet_length(to_jsonb(p)::text) as row_bytes, p.* from (${rows}) p) m
    window in_order as (order by ${order})
  ) f
  where f.upto <= ${budgetBytes}::bigint or f.place = 1
  order by f.place`;

/**
 * All rows of a query in the order of a number of theirs, one answer for every 2 MiB of them. For those who need all: jobs
 * and checks, which a single answer would fail for good once it is too large.
 * @param key the column of that number, as it is named in the query
 * @param rows those whose number is greater, in its order, without a limit
 * @param first the first page, where it came with something else
 */
export const everyPage = async <Key extends string, Row extends { readonly [K in Key]: number }>(
  db: Database,
  key: Key,
  rows: (after: number) => SQL,
  first?: readonly Paged<Row>[],
): Promise<Row[]> => {
  const ask = (after: number) => db.rows<Paged<Row>>(withinBytes(rows(after), sql`${sql.identifier(key)}`));
  const all: Row[] = [];
  for (let page = first ?? (await ask(0)); ; page = await ask(all.at(-1)?.[key] ?? 0)) {
    for (const { cut: _cut, ...row } of page) all.push(row as unknown as Row);
    if (page.at(-1)?.cut !== true) return all;
  }
};
