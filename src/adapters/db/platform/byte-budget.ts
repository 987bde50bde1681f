import type { SQL } from "drizzle-orm";
import { sql } from "drizzle-orm";
import { pageBytes } from "../../../domain/platform/page-size.ts";
import type { Paged } from "../../ports/tenants/change.ts";
import type { Database } from "./client.ts";

/** Rows of a list without a limit of its own that are measured for one answer. */
const usualMost = 2_000;

/**
 * A query, cut where the sizes of its rows exceed the budget in sum. Its first row is always included; the last one has
 * `cut` where rows after it were omitted.
 * @param rows whose columns are named as they are to be returned; with a limit of its own, if the page has one
 * @param order over those columns
 * @param most rows of one answer, however small
 */
export const withinBytes = (rows: SQL, order: SQL, budgetBytes = pageBytes, most = usualMost): SQL => sql`
  select (f.whole_row).*,
    f.next_bytes is not null and (f.upto + f.next_bytes > ${budgetBytes}::bigint or f.place = ${most}::int) as cut
  from (
    select m.whole_row, sum(m.row_bytes) over in_order as upto, lead(m.row_bytes) over in_order as next_bytes,
      row_number() over in_order as place
    from (
      select p as whole_row, octet_length(to_jsonb(p)::text) as row_bytes, p.* from (${rows}) p order by ${order} limit ${most + 1}::int
    ) m
    window in_order as (order by ${order})
  ) f
  where (f.upto <= ${budgetBytes}::bigint and f.place <= ${most}::int) or f.place = 1
  order by f.place`;

/**
 * The same for few rows of which any may be huge: they are measured one after the other, and none after the cut is read. Measuring
 * a whole page of them would take seconds. Adds `place`, from 1.
 * @param rows of at most a few hundred; stored columns as they are, as what is computed is computed for all
 */
export const withinBytesOneByOne = (rows: SQL, order: SQL, budgetBytes = pageBytes): SQL => sql`
  with recursive candidates as materialized (
    select p.*, row_number() over (order by ${order}) as place from (${rows}) p
  ), measured (place, upto) as (
    select 0::bigint, 0::bigint
    union all
    select c.place, m.upto + octet_length(to_jsonb(c)::text) from measured m join candidates c on c.place = m.place + 1
    where m.upto <= ${budgetBytes}::bigint
  ), fitting as (
    select greatest(1, max(place) filter (where upto <= ${budgetBytes}::bigint)) as last from measured
  )
  select c.*, c.place = f.last and c.place < (select max(place) from candidates) as cut
  from fitting f join candidates c on c.place <= f.last order by c.place`;

/**
 * All rows of a query by a numeric key, one answer for every 2 MiB of them. For jobs and checks, which need
 * all rows and would fail for good once these exceed a single answer.
 * @param key the column of that number, as it is named in the query
 * @param rows those whose number is greater, without a limit
 * @param first the first page, where it was read together with something else
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
